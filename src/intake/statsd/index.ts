/** StatsD and DogStatsD over UDP. There are no answers: what is wrong is counted, line by line. */
import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { Malformed } from '../wire/protobuf.ts';
import { serveUdp } from '../wire/sockets.ts';
import { parseCheck, parseEvent, parseMetric } from './lines.ts';
import { StatsdWindow } from './window.ts';

const NAME = 'statsd';

export const statsd: Intake = {
  name: NAME,
  title: 'StatsD and DogStatsD (UDP)',
  transport: 'udp',
  port: 8125,
  start: async (context, options) => {
    const window = new StatsdWindow(context);
    const protocol = {
      name: NAME,
      port: 8125,
      datagram: (bytes: Buffer, remote: string) => {
        const batch = context.batch(NAME);
        takeLines(bytes.toString('utf8'), remote, window, context, batch);
        batch.commit();
      },
    };
    const running = await serveUdp(context, protocol, options);
    const flush = (): void => {
      const batch = context.batch(NAME);
      window.flush(batch);
      batch.commit();
    };
    const timer = setInterval(flush, context.limits.windowMs);
    timer.unref();
    return {
      ...running,
      close: async () => {
        clearInterval(timer);
        await running.close();
        flush();
      },
    };
  },
};

/** A bad line costs itself only. */
export function takeLines(
  text: string,
  remote: string,
  window: StatsdWindow,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  for (const line of text.split('\n')) {
    if (line === '' || line === '\r') continue;
    try {
      if (line.startsWith('_e{')) batch.change(parseEvent(line, context.wallMs()));
      else if (line.startsWith('_sc|')) batch.check(parseCheck(line, context.wallMs()));
      else window.add(parseMetric(line), remote, batch);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      batch.drop('points', 'malformed');
    }
  }
}
