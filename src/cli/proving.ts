/** Runs of experiments as a command follows them: progress while they last, verdicts and the exit code at their end. */
import { writeFileSync } from 'node:fs';
import type { HoldfastClient } from '../api/client.ts';
import type { ProofDetail, ProofRequest } from '../api/proof-resources.ts';
import { EXIT } from './exit.ts';
import { proofs as kind } from './kinds.ts';
import { type Format, renderList } from './output.ts';
import { out, print, say, tell } from './terminal.ts';
import { patiently } from './wait.ts';

export interface ProvingOptions {
  readonly output: Format;
  readonly junit?: string;
}

const POLL_MS = 300;
/** The server may be restarted while one waits. */
const PATIENCE_MS = 15_000;

/** Begins what is asked for, follows it to its end, and prints what came of it. */
export async function prove(client: HoldfastClient, request: ProofRequest, options: ProvingOptions): Promise<void> {
  const { proofs, notices } = await client.prove(request);
  for (const notice of notices) say(notice);
  const interrupted = new AbortController();
  const onSignal = (): void => {
    if (interrupted.signal.aborted) process.exit(EXIT.error);
    interrupted.abort();
    say('Ending the run, faults first…');
    client.stopProofs('interrupted').catch((error: unknown) => say(String(error)));
  };
  process.on('SIGINT', onSignal);
  const done: ProofDetail[] = [];
  try {
    const waiting = [...proofs];
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const proof = await follow(
        client,
        id,
        `${done.length + 1}${request.run.kind === 'explore' ? '' : `/${proofs.length}`}`,
      );
      done.push(proof);
      if (request.run.kind === 'explore') waiting.push(...(await nextOf(client, proof.id)));
    }
  } finally {
    process.off('SIGINT', onSignal);
  }
  await conclude(client, done, request, options);
}

/** The run that exploring goes on with; none: it is at its end. */
async function nextOf(client: HoldfastClient, id: string): Promise<readonly string[]> {
  for (;;) {
    const { next, more } = await patiently(() => client.proof(id), PATIENCE_MS);
    if (next !== null) return [next];
    if (!more) return [];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Prints its progress on stderr as it comes; resolves when it is judged. */
async function follow(client: HoldfastClient, id: string, count: string): Promise<ProofDetail> {
  let told = 0;
  let begun = false;
  for (;;) {
    const proof = await patiently(() => client.proof(id), PATIENCE_MS);
    if (!begun && proof.state !== 'waiting') {
      begun = true;
      say(`${count} ${proof.experiment}`);
    }
    // Only the newest lines are kept: those that were told and have gone are counted by their times.
    for (const { text } of proof.progress.slice(told)) say(`  ${text}`);
    told = proof.progress.length;
    if (proof.state === 'done') return proof;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function conclude(
  client: HoldfastClient,
  done: readonly ProofDetail[],
  { run, dryRun }: ProofRequest,
  options: ProvingOptions,
): Promise<void> {
  const last = done.at(-1);
  if (options.junit !== undefined && last !== undefined) writeFileSync(options.junit, last.junit);
  if (options.output !== 'table') {
    print(await renderList(done, kind, options.output));
  } else if (dryRun) {
    for (const { experiment, progress } of done)
      tell([experiment, ...progress.map(({ text }) => `  ${text}`)].join('\n'));
  } else if (run.kind === 'catalogue') {
    const bad = done.filter(({ verdict }) => verdict !== 'confirmed');
    for (const { text } of bad) tell(`${text}\n`);
    print((await client.coverage()).grid);
  } else if (run.kind === 'explore' && last !== undefined) {
    await tellDiscoveries(client, done, last.id);
  } else {
    for (const { text } of done) tell(`${coloured(text)}\n`);
    for (const { trend } of done) if (trend !== null) print(trend);
  }
  if (!dryRun) process.exitCode = exitOf(done);
}

async function tellDiscoveries(client: HoldfastClient, done: readonly ProofDetail[], last: string): Promise<void> {
  const { discoveries } = await client.proof(last);
  for (const { found, smallest } of discoveries) {
    tell(`✗ ${smallest}${found === smallest ? '' : `  (found as: ${found})`}`);
    const proof = done.findLast(({ experiment }) => experiment === smallest);
    if (proof) tell(`  ${proof.summary}`);
  }
  const count = (word: string): number => done.filter(({ verdict }) => verdict === word).length;
  const tried = `${done.length} runs: ${count('confirmed')} confirmed, ${count('mismatch')} mismatches, ${count('inconclusive')} inconclusive`;
  tell(`${tried}; ${discoveries.length} ways to break it found`);
}

function coloured(text: string): string {
  return text
    .replace(/^ {2}✓/gm, `  ${out.green('✓')}`)
    .replace(/^ {2}✗/gm, `  ${out.red('✗')}`)
    .replace(/^ {2}\?/gm, `  ${out.yellow('?')}`);
}

/** 3 when nothing but guard rails stood in the way. */
function exitOf(done: readonly ProofDetail[]): number {
  const bad = done.filter(({ verdict }) => verdict !== 'confirmed');
  if (done.length > 0 && bad.length === 0) return 0;
  return bad.length > 0 && bad.every(({ halted, verdict }) => halted && verdict === 'inconclusive')
    ? EXIT.halted
    : EXIT.negative;
}
