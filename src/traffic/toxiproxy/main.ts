/**
 * The process of `holdfast toxiproxy`: the traffic layer as a proxy in front of any servers, steered by Toxiproxy's
 * HTTP API. With its end everything is over: proxies, toxics and connections. `--attach DIR`: the endpoints of the
 * system that runs on this state directory are proxies as well.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { ToxiproxyApi } from './api.ts';
import { OwnSeats } from './own-seats.ts';
import { Proxies } from './proxies.ts';
import { SystemSeats } from './system-seats.ts';

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8474' },
      config: { type: 'string' },
      seed: { type: 'string' },
      attach: { type: 'string' },
      reason: { type: 'string', default: 'toxiproxy' },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(values.seed);
  const seats = new OwnSeats(seed);
  const proxies = new Proxies(seats, seed);
  const system =
    values.attach === undefined
      ? null
      : new SystemSeats({ stateDir: values.attach, proxies, seed, why: values.reason, say });
  await system?.refresh();
  const api = new ToxiproxyApi(proxies, () => system?.refresh() ?? Promise.resolve());
  if (values.config !== undefined) await populate(proxies, values.config);
  const { host, port } = await listen(api, values.host, Number(values.port));
  for (const { name, seat } of proxies.all) say(`${name}: ${seat.listen} → ${seat.upstream}`);
  process.stdout.write(`Toxiproxy API at http://${host.includes(':') ? `[${host}]` : host}:${port}, seed ${seed}\n`);
  const stop = (): void => {
    api.close();
    void Promise.all([system?.close(), seats.close()]).finally(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function listen(api: ToxiproxyApi, host: string, port: number): Promise<{ host: string; port: number }> {
  try {
    return await api.listen(host, port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new HoldfastError('HF4001', `${host}:${port} is already taken`);
    throw new HoldfastError('HF7002', `cannot listen on ${host}:${port}: ${message}`);
  }
}

/** A file as Toxiproxy's server takes it: a list of proxies. */
async function populate(proxies: Proxies, path: string): Promise<void> {
  try {
    await proxies.populate(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new HoldfastError('HF7002', `${path}: ${(error as Error).message}`);
  }
}

// One connection's defect must not take the others down.
process.on('uncaughtException', (error) => say(`HF9000 ${error.stack ?? error.message}`));
process.on('unhandledRejection', (error) => say(`HF9000 ${error instanceof Error ? error.stack : String(error)}`));

main().catch((error: unknown) => {
  say(asHoldfastError(error).format());
  process.exit(1);
});
