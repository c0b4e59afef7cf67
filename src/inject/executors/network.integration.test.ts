/**
 * The packet filter of a network namespace that the test makes and that ends with it: nothing of the machine's own is
 * touched. Needs a build (dist); without the right to make namespaces there is nothing to try.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRequest } from '../contract.ts';
import { type Backend, findBackend, spaceOf, within } from '../firewall.ts';
import { Injector } from '../injector.ts';
import { livingKeeper } from '../keeper.ts';
import { signal } from '../processes.ts';
import { LONG_MS, Rig, until, type Victim } from '../testing/rig.ts';

const PORT = 7_999;
let rig: Rig;
let victim: Victim;
let answers: string;

/** A server, and a client that says every 50 ms whether a new connection was answered within 150. */
const BOTH = `
const net = require('node:net');
const fs = require('node:fs');
const say = (text) => fs.writeFileSync(process.env.ANSWERS, text);
net.createServer((socket) => socket.on('error', () => 0).end('x')).listen(${PORT}, '127.0.0.1');
const call = () => {
  const socket = net.connect(${PORT}, '127.0.0.1');
  const over = (text) => { socket.destroy(); say(text); };
  const timer = setTimeout(over, 150, 'silence');
  socket.on('data', () => { clearTimeout(timer); over('answer'); });
  socket.on('error', (error) => { clearTimeout(timer); over(error.code); });
};
setInterval(call, 50);
`;

const mayTry = ((): boolean => {
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'ignore' });
    return findBackend([]) !== undefined;
  } catch {
    return false;
  }
})();

beforeEach(async () => {
  rig = new Rig();
  answers = join(rig.dir, 'answers');
  const script = join(rig.dir, 'both.cjs');
  writeFileSync(script, BOTH);
  const inside = `ip link set lo up && exec ${process.execPath} ${script}`;
  victim = await rig.start(['unshare', '-n', '/bin/sh', '-c', inside], { ANSWERS: answers });
  // Not before it is in its own network: until then a rule for it would be one for the machine.
  await until(() => heard() === 'answer', 'no answer to begin with');
});

afterEach(async () => {
  await rig.close();
});

const heard = (): string => (existsSync(answers) ? readFileSync(answers, 'utf8') : '');

function cut(parameters: Record<string, unknown>): FaultRequest {
  const target = { kind: 'port', port: PORT, protocol: 'tcp', process: victim.identity } as const;
  return { kind: 'network', parameters, target, leaseMs: LONG_MS, holder: 'test' };
}

describe.runIf(mayTry)('network', () => {
  it.each([
    [{ mode: 'drop' }, 'silence'],
    [{ mode: 'drop', direction: 'out', peers: ['127.0.0.0/8', '::1'] }, 'silence'],
    [{ mode: 'reject', direction: 'in' }, 'ECONNREFUSED'],
    [{ mode: 'loss', percent: 100, direction: 'in' }, 'silence'],
    [{ mode: 'loss', percent: 99.9 }, 'silence'],
  ])('%j makes it %s, and is reverted on request', async (parameters, expected) => {
    const { fault } = await rig.injector.begin(cut(parameters));
    await until(
      () => heard() === expected,
      () => `it is ${heard()}`,
    );
    await rig.bitten(fault.id);
    expect((await rig.injector.revert(fault.id)).end).toMatchObject({ reason: 'asked', residue: [] });
    await until(() => heard() === 'answer', 'no answer any more');
  });

  it('says that it does not bite when it is about others', async () => {
    const { fault } = await rig.injector.begin(cut({ peers: ['203.0.113.7'] }));
    rig.injector.renew(fault.id, 800);
    const { end, bite } = await rig.ended(fault.id);
    expect(end).toMatchObject({ reason: 'lease', residue: [] });
    expect(bite).toMatchObject({ measured: 0, bitten: false });
  });

  it('is reverted by its lease when who began it is killed', async () => {
    const { fault } = await rig.beginAndDie(cut({ mode: 'drop' }));
    rig.injector.renew(fault.id, 1_000);
    expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'lease', residue: [] });
    await until(() => heard() === 'answer', 'no answer any more');
  });

  it('is reverted by a sweep when its keeper and the watcher were killed', async () => {
    const { fault } = await rig.beginAndDie(cut({ mode: 'drop' }));
    for (const part of [rig.watcher(), livingKeeper(rig.stateDir)]) if (part) signal(part, 'SIGKILL');
    await until(() => livingKeeper(rig.stateDir) === undefined, 'the keeper lives');
    expect(rig.injector.residue(fault.id)).toHaveLength(1);
    rig.injector.sweep();
    expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'keeper-lost', residue: [] });
    await until(() => heard() === 'answer', 'no answer any more');
  });

  it('of two Holdfasts that give their faults the same name end each by itself', async () => {
    const other = new Injector(join(rig.dir, 'other'));
    const request = { ...cut({ mode: 'drop' }), id: 'proof-1-1' };
    for (const injector of [rig.injector, other]) expect((await injector.begin(request)).phase).toBe('active');
    await until(() => heard() === 'silence', 'no silence');
    await other.revert('proof-1-1');
    // Ten calls of the client later.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(heard()).toBe('silence');
    await rig.injector.revert('proof-1-1');
    await until(() => heard() === 'answer', 'no answer any more');
  });

  it.each(['nft', 'iptables'] as const)('%s: puts its rules in, counts, takes them out whole and by halves', (name) => {
    const prefix = within(spaceOf(victim.identity.pid) ?? null) ?? [];
    const backend = findBackend(prefix, name) as Backend;
    if (backend === undefined) return;
    const rules = {
      id: '0000abcd-0f3c9a21',
      port: PORT,
      protocol: 'tcp',
      mode: 'loss',
      percent: 12.5,
      direction: 'both',
      peers: ['127.0.0.1', '::1'],
    } as const;
    expect(backend.present(prefix, rules)).toBe(false);
    backend.apply(prefix, rules);
    expect(backend.present(prefix, rules)).toBe(true);
    expect(backend.matched(prefix, rules)).toBeGreaterThanOrEqual(0);
    backend.remove(prefix, rules);
    backend.remove(prefix, rules);
    expect(backend.present(prefix, rules)).toBe(false);
  });
});
