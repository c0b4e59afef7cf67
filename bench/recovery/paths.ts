/** The programs of this benchmark that run as processes of their own. They are not built: Node runs them as they are. */
import { join } from 'node:path';
import { ROOT } from '../../test/support/paths.ts';

export const APP = join(ROOT, 'bench/recovery/app.mjs');
export const PM2_BUS = join(ROOT, 'bench/recovery/pm2-bus.cjs');
