/**
 * Grouping accuracy as the log parsing literature has it (Zhu et al., "Tools and benchmarks for automated log
 * parsing", 2019): the share of lines whose group holds exactly the lines of their true group, no more and no less.
 */

export function groupingAccuracy(groups: readonly (string | number)[], truth: readonly string[]): number {
  if (groups.length !== truth.length) throw new Error(`${groups.length} groups for ${truth.length} lines`);
  if (truth.length === 0) return 1;
  const sizes = new Map<string, number>();
  const members = new Map<string | number, Map<string, number>>();
  truth.forEach((event, line) => {
    sizes.set(event, (sizes.get(event) ?? 0) + 1);
    const group = groups[line] as string | number;
    let events = members.get(group);
    if (!events) {
      events = new Map();
      members.set(group, events);
    }
    events.set(event, (events.get(event) ?? 0) + 1);
  });
  let right = 0;
  for (const events of members.values()) {
    if (events.size > 1) continue;
    for (const [event, count] of events) if (count === sizes.get(event)) right += count;
  }
  return right / truth.length;
}
