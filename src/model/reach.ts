/** Ways through the graph of services: whoever decides asks the same question, over declared or measured calls. */

/** Whether steps lead from one name to another; from a name to itself only by a loop. */
export function reaches(from: string, to: string, next: (name: string) => readonly string[]): boolean {
  const seen = new Set([from]);
  const queue = [from];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const step of next(name)) {
      if (step === to) return true;
      if (seen.has(step)) continue;
      seen.add(step);
      queue.push(step);
    }
  }
  return false;
}
