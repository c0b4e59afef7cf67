/**
 * The traffic process: `main.js --state-dir DIR --socket PATH`. It serves the last routes it knows, with or without a
 * control plane, until it is told to stop.
 */
import { parseArgs } from 'node:util';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { RouteTable } from '../model/routes.ts';
import { ControlServer } from './control.ts';
import { doFaultWork } from './faults/work.ts';
import { pidFile, routesFile } from './paths.ts';
import { Plane } from './plane.ts';
import { loadRoutes, saveRoutes } from './routes-file.ts';
import { claimSingle, releaseSingle } from './single.ts';

/** The process exists already, for the starter to tell from a defect. */
const EXIT_TAKEN = 3;

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string' }, socket: { type: 'string' } } });
  const { 'state-dir': stateDir, socket } = values;
  if (stateDir === undefined || socket === undefined)
    throw new HoldfastError('HF7002', 'usage: traffic --state-dir DIR --socket PATH');
  const pidPath = pidFile(stateDir);
  claimSingle(pidPath);
  const routesPath = routesFile(stateDir);
  const last = readLast(routesPath);

  const plane: Plane = new Plane({
    signals: (signals) => control.signals(signals),
    changed: (applied) => control.broadcast({ kind: 'routes-applied', ...applied }),
    faultEnded: (ended) => {
      const { fault } = ended.status;
      say(`network fault ${fault.id} (${fault.kind} before ${fault.where.callee}) is over: ${ended.reason}`);
      control.broadcast({ kind: 'fault-ended', ended });
    },
  });
  const stop = (): void => {
    say('stopping');
    control.close();
    plane.close();
    releaseSingle(pidPath);
    // Answers that are still in the sockets' buffers get a moment.
    setTimeout(() => process.exit(0), 100);
  };
  const control: ControlServer = new ControlServer({
    inForce: () => plane.table,
    standing: () => plane.standing(),
    fault: (work) => doFaultWork(plane, work),
    stop,
    routes: async (table) => {
      const before = plane.table;
      const applied = await plane.apply(table);
      if (plane.table !== before) keep(routesPath, table);
      return applied;
    },
  });
  process.on('SIGTERM', stop);
  process.on('SIGHUP', () => undefined);
  if (last !== null) {
    const { failed } = await plane.apply(last);
    say(`serving routes ${last.version} of ${last.system}, ${last.listeners.length - failed.length} listeners`);
  }
  await control.listen(socket);
  say(`ready, pid ${process.pid}`);
}

/** Routes that cannot be read are said and put aside: the control plane sends new ones, and nobody waits for ours. */
function readLast(path: string): RouteTable | null {
  try {
    return loadRoutes(path);
  } catch (error) {
    say(asHoldfastError(error).format());
    return null;
  }
}

/** A full disk must not end traffic: the table is in force, only not yet on disk. */
function keep(path: string, table: RouteTable): void {
  try {
    saveRoutes(path, table);
  } catch (error) {
    say(`routes ${table.version} are not on disk: ${(error as Error).message}`);
  }
}

// One connection's defect must not take the others down: it is written to the log, and the process goes on.
process.on('uncaughtException', (error) => say(`HF9000 ${error.stack ?? error.message}`));
process.on('unhandledRejection', (error) => say(`HF9000 ${error instanceof Error ? error.stack : String(error)}`));

main().catch((error: unknown) => {
  const known = asHoldfastError(error);
  say(known.format());
  process.exit(known.code === 'HF2001' ? EXIT_TAKEN : 1);
});
