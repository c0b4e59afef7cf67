import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from './errors.ts';
import { parseNetworkFault } from './network-fault.ts';
import { NETWORK_FAULTS, type NetworkFaultSpec, type ParameterSpec } from './network-fault-kinds.ts';

const DOCS = readFileSync(new URL('../../docs/network-faults.md', import.meta.url), 'utf8');
const KINDS = Object.entries(NETWORK_FAULTS) as [string, NetworkFaultSpec][];

const minimal = { id: 'x', where: { callee: 'web' }, leaseMs: 1_000 };

function rangeOf(spec: ParameterSpec): string {
  if (spec.type === 'number') return `${spec.low} – ${spec.high}`;
  return spec.type === 'word' ? spec.words.join(', ') : spec.type;
}

function defaultOf({ otherwise }: ParameterSpec): string {
  if (otherwise === undefined) return 'must be given';
  if (otherwise === '') return 'empty';
  return `\`${Array.isArray(otherwise) ? '[]' : otherwise}\``;
}

describe('docs/network-faults.md', () => {
  it('lists every kind, as the catalogue has it', () => {
    const rows = KINDS.map(
      ([kind, { what, directions, unit }]) => `| \`${kind}\` | ${what} | ${directions.join(', ')} | ${unit} |`,
    );
    expect(DOCS).toContain(['| --- | --- | --- | --- |', ...rows, ''].join('\n'));
  });

  it('lists every parameter, as the catalogue has it', () => {
    const rows = KINDS.flatMap(([kind, { parameters }]) =>
      Object.entries(parameters).map(
        ([name, spec]) => `| \`${kind}.${name}\` | ${defaultOf(spec)} | ${rangeOf(spec)} | ${spec.what} |`,
      ),
    );
    expect(DOCS).toContain(['| --- | --- | --- | --- |', ...rows, ''].join('\n'));
  });
});

describe('a network fault as it is asked for', () => {
  it('gets its defaults', () => {
    expect(parseNetworkFault({ ...minimal, kind: 'latency', parameters: { ms: 100 } })).toEqual({
      id: 'x',
      where: { caller: null, callee: 'web', port: null, instance: null },
      direction: 'both',
      kind: 'latency',
      parameters: { ms: 100, jitterMs: 0, distribution: 'uniform', tailShare: 0.01, tailMs: 1_000, handshake: true },
      probability: 1,
      seed: 1,
      leaseMs: 1_000,
      holder: '',
    });
    expect(parseNetworkFault({ ...minimal, kind: 'http-status' }).direction).toBe('back');
  });

  it.each([
    [{ ...minimal, kind: 'latenzy' }, 'HF8202', 'did you mean latency?'],
    [{ ...minimal, kind: 'latency' }, 'HF6004', 'ms is a number between 0 and 3600000, it is missing'],
    [{ ...minimal, kind: 'latency', parameters: { ms: -1 } }, 'HF6004', 'not -1'],
    [{ ...minimal, kind: 'latency', parameters: { ms: 1, jitter: 2 } }, 'HF6004', 'has no jitter'],
    [{ ...minimal, kind: 'refuse', direction: 'back' }, 'HF6004', 'direction is one of both'],
    [{ ...minimal, kind: 'refuse', leaseMs: 10 }, 'HF6004', 'leaseMs is a number between 200 and 600000'],
    [{ ...minimal, kind: 'refuse', id: 'a b' }, 'HF6004', 'id is'],
    [{ ...minimal, kind: 'refuse', where: {} }, 'HF6004', 'where.callee'],
    [{ ...minimal, kind: 'refuse', where: { callee: 'a', instnce: 'b' } }, 'HF6004', 'did you mean instance?'],
    [{ ...minimal, kind: 'http-body', parameters: { change: 'eat' } }, 'HF6004', 'change is one of replace'],
    [{ ...minimal, kind: 'refuse', probability: 2 }, 'HF6004', 'probability'],
    [null, 'HF6004', 'is a map'],
  ])('%j is refused', (value, code, text) => {
    expect(() => parseNetworkFault(value)).toThrow(text);
    try {
      parseNetworkFault(value);
    } catch (error) {
      expect((error as HoldfastError).code).toBe(code);
    }
  });

  it('is understood again as it was understood, and anything else is an error of ours', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS.map(([kind]) => kind)), fc.jsonValue(), (kind, parameters) => {
        try {
          const fault = parseNetworkFault({ ...minimal, kind, parameters });
          expect(parseNetworkFault(fault)).toEqual(fault);
        } catch (error) {
          expect(error).toBeInstanceOf(HoldfastError);
        }
      }),
    );
  });
});
