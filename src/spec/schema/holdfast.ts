/** Holdfast's own keys. They stand beside Compose's, or all of them under `x-holdfast`, which other tools ignore. */
import {
  any,
  bool,
  count,
  dict,
  duration,
  either,
  integer,
  list,
  matching,
  object,
  oneOf,
  type Shape,
  share,
  size,
  text,
  textOrList,
} from '../shape.ts';
import { check } from './check.ts';

const MODES = ['auto', 'approve', 'observe'] as const;
export const ACTIONS = [
  'restart',
  'replace',
  'eject',
  'scale',
  'rollback',
  'failover',
  'restore',
  'isolate',
  'page',
] as const;

/** A number of instances, or a share of them. */
const instances = matching('a number of instances, or a share such as 25%', /^(?:\d{1,9}|\d{1,2}%|100%)$/);

const objective = object(
  {
    name: text,
    kind: oneOf('availability', 'latency'),
    target: share,
    threshold: duration,
    window: duration,
  },
  ['kind', 'target'],
);
const objectiveOfKind = either(share, object({ target: share, threshold: duration, window: duration }, ['target']));

const protocol = oneOf('http', 'tcp');

/** Keys of a service that are Holdfast's own; also the keys under a service's `x-holdfast`. */
export const OWN_SERVICE_KEYS: Readonly<Record<string, Shape>> = {
  readiness: check,
  recovery: object({
    mode: oneOf(...MODES),
    allow: list(oneOf(...ACTIONS)),
    min_available: instances,
    cooldown: duration,
    verify: duration,
    change_window: duration,
  }),
  autoscale: object(
    {
      min: count,
      max: integer(1, 10_000),
      metric: oneOf('cpu', 'memory', 'requests-per-second', 'in-flight'),
      target: matching('a number, or a share such as 70%', /^\d+(?:\.\d+)?%?$/),
    },
    ['min', 'max'],
  ),
  objectives: either(list(objective), object({ availability: objectiveOfKind, latency: objectiveOfKind })),
  replicas: count,
  drain_period: duration,
  fixed_ports: bool,
  experiments: oneOf('allow', 'refuse'),
  failover: either(
    oneOf('postgres', 'redis'),
    object({
      engine: oneOf('postgres', 'redis', 'hooks'),
      synchronous: matching('true, false or strict', /^(?:true|false|yes|no|on|off|strict)$/i),
      max_lag: size,
      promote_within: duration,
      allow_loss: bool,
      role: textOrList,
      promote: textOrList,
      follow: textOrList,
      caught_up: textOrList,
    }),
  ),
  checkpoint: any,
};

export const ownService: Shape = object({
  ...OWN_SERVICE_KEYS,
  protocol: either(protocol, dict(protocol)),
});

export const portExtras: Readonly<Record<string, Shape>> = {
  fixed: bool,
  'x-holdfast': object({ protocol, fixed: bool }),
};

export const policy: Shape = object({ mode: oneOf(...MODES), max_disruption: instances });

export const ownTop: Shape = object({ policy });
