import { matrix } from './faults/matrix.ts';
import { startWeb } from './support/sample-systems.ts';

matrix('web', startWeb);
