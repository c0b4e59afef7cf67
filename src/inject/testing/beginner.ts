/** `beginner.js STATE_DIR REQUEST`: begins a fault, says its status on a line, and lives on until it is killed. */
import type { FaultRequest } from '../contract.ts';
import { Injector } from '../injector.ts';

const [stateDir = '', request = ''] = process.argv.slice(2);
const status = await new Injector(stateDir).begin(JSON.parse(request) as FaultRequest);
process.stdout.write(`${JSON.stringify(status)}\n`);
setInterval(() => undefined, 60_000);
