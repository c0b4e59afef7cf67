import { matrix } from './faults/matrix.ts';
import { startShop } from './faults/systems.ts';

matrix('shop', startShop);
