/** A catalogue of faults for tests: as long as a real one, with no executor behind it. */
import type { FaultCatalogue, FaultKind } from '../kinds.ts';

const lasting = (what: string, ...parameters: string[]): FaultKind => ({ what, parameters, instant: false });
const instant = (what: string, ...parameters: string[]): FaultKind => ({ what, parameters, instant: true });

export const KINDS: FaultCatalogue = {
  kill: instant('the process is killed (SIGKILL)'),
  signal: instant('the process gets a signal', 'signal'),
  pause: lasting('the process stands still (SIGSTOP)'),
  'crash-loop': lasting('the process is killed whenever it comes back', 'every'),
  'delayed-start': lasting('the next start takes longer', 'delay'),
  cpu: lasting('processor time is taken', 'load', 'workers'),
  memory: lasting('memory is taken', 'bytes', 'percent'),
  io: lasting('the disk is kept busy', 'workers', 'bytes'),
  files: lasting('file descriptors are taken', 'count', 'percent'),
  processes: lasting('process slots are taken', 'count', 'percent'),
  'disk-full': lasting('the file system is filled', 'path', 'percent', 'bytes'),
  clock: lasting('the clock is wrong', 'offset', 'rate'),
  latency: lasting('calls are delayed', 'delay', 'jitter', 'distribution', 'percent'),
  bandwidth: lasting('bytes come slower', 'rate'),
  loss: lasting('packets are lost', 'percent', 'correlation'),
  duplicate: lasting('packets come twice', 'percent'),
  reorder: lasting('packets overtake each other', 'percent', 'delay'),
  corrupt: lasting('bytes are changed on the way', 'percent'),
  reset: lasting('connections are reset', 'after', 'percent'),
  'half-open': lasting('connections live, but nothing comes back', 'percent'),
  slicer: lasting('data come in small pieces', 'size', 'variation', 'delay'),
  limit: lasting('connections end after some bytes', 'bytes'),
  blackhole: lasting('nothing is answered', 'percent'),
  partition: lasting('parts of the system cannot reach each other', 'shape', 'groups', 'direction', 'beyondBudget'),
  'http-status': lasting('requests are answered with a status', 'status', 'percent', 'nth', 'path'),
  'http-delay': lasting('requests are answered late', 'delay', 'percent', 'nth', 'path'),
  'http-body': lasting('answers have another body', 'body', 'percent', 'nth', 'path'),
  dns: lasting('names resolve wrongly or not at all', 'names', 'mode'),
  misconfigure: lasting('the service runs with other settings', 'environment'),
  'bad-deploy': lasting('a bad version is deployed', 'command', 'exit', 'environment'),
  'node-loss': lasting('all instances of a node are gone', 'beyondBudget'),
  'kill-part': instant('a part of Holdfast itself is killed', 'part', 'withinMs'),
};
