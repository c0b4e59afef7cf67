/** Activities and controls, with their references: a `ref` stands for the activity or control of that name. */
import { nearest } from '../../model/suggest.ts';
import type { Ms } from '../../model/time.ts';
import { Fields } from './fields.ts';
import type { FaultCatalogue } from './kinds.ts';
import { parseFault } from './parse-holdfast.ts';
import { parseProvider } from './parse-provider.ts';
import { parseTolerance } from './parse-tolerance.ts';
import { Problems } from './problems.ts';
import type { Activity, Control } from './types.ts';

const ACTIVITY_KEYS = [
  'type',
  'name',
  'provider',
  'tolerance',
  'background',
  'pauses',
  'controls',
  'secrets',
  'configuration',
  'x-holdfast',
];
const CONTROL_KEYS = ['name', 'provider', 'scope', 'automatic', 'ref'];
const TYPES = ['probe', 'action'] as const;

/** What references may point to, found before anything is read in full. */
export interface Known {
  readonly kinds: FaultCatalogue;
  readonly activities: ReadonlyMap<string, Fields>;
  readonly controls: ReadonlyMap<string, Fields>;
  readonly secrets: ReadonlySet<string>;
}

export function parseActivity(written: Fields, known: Known, place: 'hypothesis' | 'method' | 'rollbacks'): Activity {
  const fields = written.has('ref') ? followed(written, known.activities, 'activity') : written;
  if (fields === null) return parseActivity(instead(written), known, place);
  fields.problems.keys(fields.map, fields.path, ACTIVITY_KEYS);
  if (!fields.has('type')) fields.missing('type', 'Add type: probe or type: action.');
  const type = fields.choice('type', TYPES) ?? 'probe';
  refuseUnknownSecrets(fields, known.secrets);
  const pauses = fields.fields('pauses');
  pauses?.problems.keys(pauses.map, pauses.path, ['before', 'after'], true);
  const tolerance = parseTolerance(fields, 'tolerance');
  if (place === 'hypothesis' && !fields.has('tolerance'))
    fields.missing('tolerance', 'Add tolerance: what the probe must answer, such as 200 or true.');
  if (place === 'hypothesis' && type === 'action')
    fields.problems.add('HF8104', fields.at('type'), 'is an action, but a hypothesis only looks', 'Move it to method.');
  return {
    type,
    name: fields.needText('name', 'Add name: it is what the journal calls it.'),
    does: parseDoing(fields, known, type, place),
    tolerance,
    background: fields.bool('background', false),
    pauseBeforeMs: pauseOf(pauses, 'before'),
    pauseAfterMs: pauseOf(pauses, 'after'),
    controls: parseControls(fields, known),
    raw: fields.map,
  };
}

function pauseOf(pauses: Fields | null, key: string): Ms {
  return pauses?.duration(key) ?? 0;
}

/** Stands in where there is a problem: an experiment with problems is never run. */
const NOTHING = { type: 'process', path: '', arguments: [], timeoutMs: null } as const;

function parseDoing(fields: Fields, known: Known, type: Activity['type'], place: string): Activity['does'] {
  const provider = fields.fields('provider');
  const fault = fields.fields('x-holdfast');
  if (fault !== null) {
    if (provider !== null)
      fields.problems.add('HF8104', fields.at('provider'), 'stands beside a fault', 'Keep provider or x-holdfast.');
    if (type === 'probe')
      fields.problems.add('HF8104', fields.at('type'), 'is a probe, but a fault acts', 'Write type: action.');
    if (place !== 'method')
      fields.problems.add('HF8104', fault.path, `a fault among the ${place}`, 'Faults belong into method.');
    return { kind: 'fault', fault: parseFault(fault, known.kinds) };
  }
  if (provider === null && !fields.has('provider'))
    fields.missing('provider', 'Add provider (http or process), or a fault under x-holdfast.');
  return { kind: 'provider', provider: (provider && parseProvider(provider)) ?? NOTHING };
}

export function parseControls(fields: Fields, known: Known): readonly Control[] {
  return fields.maps('controls').map((given) => {
    const control = given.has('ref') ? (followed(given, known.controls, 'control') ?? instead(given)) : given;
    control.problems.keys(control.map, control.path, CONTROL_KEYS);
    const provider = control.fields('provider');
    if (provider === null && !control.has('provider'))
      control.missing('provider', 'Add provider: what is called before and after.');
    return {
      name: control.needText('name', 'Add name: it is what refers to it.'),
      provider: (provider && parseProvider(provider)) ?? NOTHING,
      scope: control.choice('scope', ['before', 'after'] as const),
      automatic: control.bool('automatic', true),
    };
  });
}

function followed(written: Fields, named: ReadonlyMap<string, Fields>, what: string): Fields | null {
  const name = written.needText('ref');
  const found = named.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, named.keys());
  const remedy = near === null ? undefined : `Did you mean ${near}?`;
  written.problems.add('HF8105', written.at('ref'), `there is no ${what} ${JSON.stringify(name)}`, remedy);
  return null;
}

/** What stands in for something that does not exist: nobody is to hear of its missing keys as well. */
function instead({ path }: Fields): Fields {
  return new Fields({ type: 'action', name: '-', provider: { type: 'process', path: '-' } }, path, new Problems());
}

function refuseUnknownSecrets(fields: Fields, groups: ReadonlySet<string>): void {
  const given = fields.get('secrets');
  const names = typeof given === 'string' ? [given] : fields.texts('secrets');
  for (const name of names) {
    if (groups.has(name)) continue;
    const near = nearest(name, groups);
    const remedy = near === null ? 'Declare it under secrets.' : `Did you mean ${near}?`;
    fields.problems.add('HF8105', fields.at('secrets'), `there are no secrets ${JSON.stringify(name)}`, remedy);
  }
}
