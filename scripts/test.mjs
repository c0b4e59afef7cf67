// `npm test`: everything that needs no outside server. Installs and builds what it needs first.
import { runSteps } from './steps.mjs';

await runSteps(['build', 'unit', 'sim', 'integration', 'e2e']);
