import { matrix } from './faults/matrix.ts';
import { startWeb } from './support/sample-systems.ts';

// What a process does to itself alone, whatever it serves: the shop has the same, and these two take the longest.
matrix('web', startWeb, ['crash-loop', 'leak']);
