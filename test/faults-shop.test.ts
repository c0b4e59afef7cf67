import { matrix } from './faults/matrix.ts';
import { startShop } from './support/sample-systems.ts';

matrix('shop', startShop);
