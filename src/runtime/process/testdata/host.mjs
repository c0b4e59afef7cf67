// A program that hosts the runtime, to be killed: starts what it is told to on stdin (a launch per line) and answers
// each with a line. Runs from the build.
import { createInterface } from 'node:readline';
import { ProcessRuntime } from '../../../../dist/src/runtime/process/runtime.js';

const runtime = new ProcessRuntime({ stateDir: process.argv[2], now: () => performance.now() });
const items = await runtime.adopt();
console.log(
  JSON.stringify({ adopted: items.map((item) => [item.launch.instance, item.process?.pid, item.exit?.reason]) }),
);
for await (const line of createInterface({ input: process.stdin })) {
  runtime.start(JSON.parse(line)).then(
    (identity) => console.log(JSON.stringify(identity)),
    (error) => console.log(JSON.stringify({ failed: String(error) })),
  );
}
