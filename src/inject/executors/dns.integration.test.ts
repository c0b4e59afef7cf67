/** Names as a real process looks them up, ten times a second, through the whole of a fault. Needs a build (dist). */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FaultRequest } from '../contract.ts';
import { livingKeeper } from '../keeper.ts';
import { signal } from '../processes.ts';
import { LONG_MS, Rig, until } from '../testing/rig.ts';

/** One that the hosts file knows, as on a machine without name servers there is no other. */
const NAME = /^\s*127\.[\d.]+(?:\s+(?!localhost\b)[\w.-]+)*?\s+(?!localhost\b)([\w.-]+)/m;
const known = NAME.exec(readFileSync('/etc/hosts', 'utf8'))?.[1] ?? hostname();

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

function request(parameters: Record<string, unknown>, leaseMs = LONG_MS): FaultRequest {
  return { kind: 'dns', parameters, target: { kind: 'launch', instance: 'web-1' }, leaseMs, holder: 'test' };
}

/** Writes what each name resolves to, as often as it is known. */
async function resolver(names: readonly string[]): Promise<(name: string) => string> {
  const told = join(rig.dir, 'told');
  const script = `
    const [dns, fs] = [require('node:dns'), require('node:fs')];
    const seen = {};
    for (const name of ${JSON.stringify(names)}) {
      let asked = 0;
      setInterval(() => {
        const turn = ++asked, late = setTimeout(() => tell('silence'), 700);
        const tell = (what) => {
          seen[name] = what;
          fs.writeFileSync(${JSON.stringify(told)}, JSON.stringify(seen));
        };
        dns.lookup(name, { family: 4 }, (error, address) => {
          clearTimeout(late);
          if (turn + 3 > asked) tell(error ? error.code : address);
        });
      }, 100);
    }
    require('node:fs').writeFileSync(${JSON.stringify(told)}, '{}');
    require('node:fs').writeFileSync(${JSON.stringify(join(rig.dir, 'up'))}, '');`;
  await rig.start([...rig.injector.wrapperOf('web-1'), process.execPath, '-e', script]);
  return (name) => {
    try {
      return JSON.parse(readFileSync(told, 'utf8'))[name] ?? '';
    } catch {
      return '';
    }
  };
}

it('names are wrong, and right again when it is asked for, in the same life', async ({ skip }) => {
  if (!rig.injector.possible('dns').possible) skip();
  const { fault } = await rig.injector.begin(
    request({ mode: 'wrong', names: [known, 'ledger.internal'], address: '192.0.2.7' }),
  );
  expect(rig.injector.wrapperOf('web-2')).toEqual([]);
  const seen = await resolver([known, 'ledger.internal', 'localhost']);
  await until(() => seen(known) === '192.0.2.7', 'the name is right');
  expect(seen('ledger.internal')).toBe('192.0.2.7');
  expect(seen('localhost')).toBe('127.0.0.1');
  await rig.bitten(fault.id);
  const { bite, end } = await rig.injector.revert(fault.id);
  expect(bite).toEqual({ asked: 2, measured: 2, unit: 'names', bitten: true });
  expect(end).toMatchObject({ reason: 'asked', residue: [] });
  expect(rig.injector.wrapperOf('web-1')).toEqual([]);
  await until(() => seen(known).startsWith('127.'), 'the name stays wrong');
  expect(seen('ledger.internal')).not.toBe('192.0.2.7');
});

it('names fail, until the lease of whoever was killed is over', async ({ skip }) => {
  if (!rig.injector.possible('dns').possible) skip();
  const { fault } = await rig.beginAndDie(request({ names: [known] }, 4_000));
  const seen = await resolver([known, 'localhost']);
  await until(() => /^E/.test(seen(known)), 'the name is known');
  expect(seen('localhost')).toBe('127.0.0.1');
  await rig.bitten(fault.id);
  expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'lease', residue: [] });
  await until(() => seen(known).startsWith('127.'), 'the name stays lost');
});

it('names get no answer, until the keeper is killed and another puts it right', async ({ skip }) => {
  if (!rig.injector.possible('dns').possible) skip();
  const { fault } = await rig.injector.begin(request({ mode: 'timeout', names: [known] }));
  const seen = await resolver([known, 'localhost']);
  await until(() => seen(known) !== '', 'nothing is told');
  // Without the right to be a name server, and without a way to nowhere, it is refused at once; the bite says so.
  if (process.getuid?.() === 0) {
    expect(seen(known)).toBe('silence');
    await rig.bitten(fault.id);
  }
  signal(livingKeeper(rig.stateDir) as NonNullable<ReturnType<typeof livingKeeper>>, 'SIGKILL');
  expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'keeper-lost', residue: [] });
  await until(() => seen(known).startsWith('127.'), 'there is still no answer');
});

it('a name that nobody knows anyway is no bite', async ({ skip }) => {
  if (!rig.injector.possible('dns').possible) skip();
  const { fault } = await rig.injector.begin(request({ names: [known, 'nobody.invalid'] }));
  await resolver([known]);
  await until(() => rig.injector.status(fault.id)?.bite?.measured === 1, 'nothing is measured');
  expect((await rig.injector.revert(fault.id)).bite).toMatchObject({ asked: 2, bitten: false });
});
