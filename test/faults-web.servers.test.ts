import { matrix } from './faults/matrix.ts';
import { startWeb } from './faults/systems.ts';

matrix('web', startWeb);
