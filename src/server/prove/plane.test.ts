import { expect, it } from 'vitest';
import type { ProofRequest } from '../../api/proof-resources.ts';
import type { Core } from '../../core/contract.ts';
import { checkProofs, startProofs } from './plane.ts';
import type { Proofs } from './proofs.ts';

const core = {} as Core;
const request = (contents?: Readonly<Record<string, string>>): ProofRequest => {
  const text = 'title: t\ndescription: d\nsecrets: { pw: { type: file, path: ../pw } }\nmethod: []\n';
  const file = { file: 'a.yaml', baseDir: '/', text, ...(contents ? { contents } : {}) };
  return { run: { kind: 'experiments', files: [file] }, environment: {}, dryRun: false, why: 'test' };
};

it('files of an experiment are handed over with it: none is read here', async () => {
  const handed: unknown[] = [];
  const start: Proofs['start'] = async (orders) => {
    handed.push(...orders.map(({ files }) => files));
    return [];
  };
  const parts = { core, proofs: { start } as Proofs, kinds: () => [], now: () => 0 };
  const ann = { who: 'ann', why: 'test' };
  await expect(startProofs(request(), ann, parts)).rejects.toMatchObject({
    code: 'HF8107',
    message: 'a.yaml: ../pw was not handed over',
  });
  expect(handed).toEqual([]);
  await startProofs(request({ '../pw': 'word' }), ann, parts);
  expect(handed).toEqual([{ '../pw': 'word' }]);
});

it('a schedule takes no values from files, handed over or not', () => {
  for (const given of [request(), request({ '../pw': 'word' })]) {
    expect(() => checkProofs(given, core, [])).toThrow(
      expect.objectContaining({ code: 'HF6004', remedy: expect.stringContaining('type: env') }),
    );
  }
});
