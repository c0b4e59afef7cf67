// `npm run verify`: all that must hold before a change lands. `--rest` leaves out what `npm test` covers.
import { runSteps } from './steps.mjs';

const own = ['lint', 'types'];
const tests = ['build', 'unit', 'sim', 'integration', 'e2e'];
const rest = process.argv.includes('--rest');
await runSteps(rest ? [...own, 'servers'] : [...own, ...tests, 'servers']);
