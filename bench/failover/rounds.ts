/**
 * One round: the standby has caught up, a client writes all the time, something happens to the primary, another one
 * leads, and the old one is back as a standby. What the client waited for, and what of its acknowledged writes is
 * missing in the end.
 */
import { cutOff, signal, tree } from '../../test/support/strike.ts';
import { pause, type TestSystem } from '../../test/support/system.ts';
import type { Losses, PostgresWriter, RedisWriter } from '../../test/support/unique-writes.ts';

/**
 * killed: SIGKILL. paused: SIGSTOP of all its processes, woken when another one leads. cut: nothing reaches its port or
 * leaves it, until another one leads. twice: killed, and its successor killed as soon as somebody may take over again.
 * holdfast: killed, and Holdfast itself killed in the middle of the failover (server and agent), started again 300 ms
 * later as a service manager would.
 */
export const KINDS = ['killed', 'paused', 'cut', 'twice', 'holdfast'] as const;
export type Kind = (typeof KINDS)[number];

export interface Round extends Losses {
  /** Until the old primary follows the new one and could take over. */
  readonly redundantMs: number;
}

export interface Subject {
  readonly system: TestSystem;
  readonly service: string;
  open(): PostgresWriter | RedisWriter;
}

interface Struck extends Subject {
  readonly writer: PostgresWriter | RedisWriter;
  readonly round: number;
}

interface Lead {
  readonly holder: string;
  readonly token: number;
}

const WRITES = 100;
const LEADS_WITHIN_MS = 30_000;
const WHOLE_WITHIN_MS = 90_000;
/** What keeps an incident open for longer (somebody who flaps) is part of what is measured. */
const QUIET_WITHIN_MS = 20_000;
const SERVICE_MANAGER_MS = 300;
/** Where in the failover Holdfast is killed: before it has noticed, while it promotes, when it has just ended. */
const KILLED_AFTER_MS = [20, 100, 180, 260, 340, 420];

/** More failovers a minute than five are held back on purpose (docs/guard-rails.md): that is not what is measured. */
const FAILOVER_PACE_MS = 12_500;

export async function measure(subject: Subject, kind: Kind, round: number): Promise<Round> {
  // The next fault while the incident of the one before is open would be trouble that comes back: its plans escalate.
  await subject.system.waitQuiet(QUIET_WITHIN_MS).catch(() => undefined);
  await redundant(subject);
  const writer = subject.open();
  await writer.prepare();
  writer.start();
  await writer.progress(WRITES, LEADS_WITHIN_MS);
  writer.mark();
  const begun = performance.now();
  await HAPPENINGS[kind]({ ...subject, writer, round });
  await writer.progress(WRITES, LEADS_WITHIN_MS);
  await redundant(subject);
  const redundantMs = performance.now() - begun;
  // What was asleep or cut off is back by now, and writes still go to the new one.
  await writer.progress(WRITES / 5, LEADS_WITHIN_MS);
  const { downtimeMs, acknowledged, lost } = await writer.stop();
  const failovers = kind === 'twice' ? 2 : 1;
  await pause(failovers * FAILOVER_PACE_MS - (performance.now() - begun));
  return { downtimeMs, acknowledged, lost, redundantMs };
}

const HAPPENINGS: Readonly<Record<Kind, (struck: Struck) => Promise<void>>> = {
  killed: async (struck) => signal([(await primary(struck)).pid], 'SIGKILL'),

  async paused(struck) {
    const { pid, token } = await primary(struck);
    const pids = tree(pid);
    signal(pids, 'SIGSTOP');
    try {
      await succeeded(struck, token);
      await struck.writer.progress(WRITES, LEADS_WITHIN_MS);
    } finally {
      signal(pids, 'SIGCONT');
    }
  },

  async cut(struck) {
    const { port, token } = await primary(struck);
    const heal = cutOff(port);
    try {
      await succeeded(struck, token);
      await struck.writer.progress(WRITES, LEADS_WITHIN_MS);
    } finally {
      heal();
    }
  },

  async twice(struck) {
    signal([(await primary(struck)).pid], 'SIGKILL');
    await struck.writer.progress(WRITES, LEADS_WITHIN_MS);
    await redundant(struck);
    signal([(await primary(struck)).pid], 'SIGKILL');
  },

  async holdfast(struck) {
    signal([(await primary(struck)).pid], 'SIGKILL');
    await pause(KILLED_AFTER_MS[struck.round % KILLED_AFTER_MS.length] as number);
    struck.system.killServer();
    await pause(SERVICE_MANAGER_MS);
    await struck.system.startServer();
  },
};

async function lead({ system, service }: Subject): Promise<Lead> {
  const found = (await system.read((client) => client.services())).find(({ name }) => name === service)?.failover;
  if (!found) throw new Error(`${service} has no failover`);
  return found;
}

async function primary(subject: Subject): Promise<Lead & { readonly pid: number; readonly port: number }> {
  const { holder, token } = await lead(subject);
  const { pid, ports } = await subject.system.instance(holder);
  const [port] = Object.values(ports);
  if (pid === null || port === undefined) throw new Error(`${holder} has no process`);
  return { holder, token, pid, port };
}

function succeeded(subject: Subject, before: number): Promise<Lead> {
  return subject.system.waitFor(`${subject.service} has a new primary`, LEADS_WITHIN_MS, async () => {
    const now = await lead(subject);
    return now.token > before ? now : undefined;
  });
}

function redundant({ system, service }: Subject): Promise<true> {
  return system.waitFor(`${service} has a caught-up standby`, WHOLE_WITHIN_MS, async (client) => {
    const found = (await client.services()).find(({ name }) => name === service);
    const roles = found?.instances.map(({ role }) => role).sort();
    return roles?.join() === 'primary,standby' && found?.failover?.caughtUp.length === 1 ? true : undefined;
  });
}
