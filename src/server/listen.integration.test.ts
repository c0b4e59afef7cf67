import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { listen } from './listen.ts';

it('listens where a killed server of the same state listened, unless another address was asked for', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'holdfast-listen-'));
  const [before, other] = [await freePort(), await freePort()];
  writeFileSync(join(stateDir, 'api.json'), JSON.stringify({ url: `http://127.0.0.1:${before}` }));
  const at = async (anyPort: boolean): Promise<string> => {
    const app = fastify();
    const url = await listen(app, { host: '127.0.0.1', port: other, anyPort, stateDir });
    await app.close();
    return url;
  };
  expect(await at(true)).toBe(`http://127.0.0.1:${before}`);
  expect(await at(false)).toBe(`http://127.0.0.1:${other}`);
  writeFileSync(join(stateDir, 'api.json'), '{');
  expect(await at(true)).toBe(`http://127.0.0.1:${other}`);
});
