/** What an experiment will do to whom, in lines, before anybody consents to it. */
type Json = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** One line for each fault of its method. Keys that are no text or number are none of the user's business here. */
export function blow(experiment: Json): readonly string[] {
  const { method } = experiment;
  if (!Array.isArray(method)) return [];
  return method.flatMap((activity: unknown) => {
    const own = isMap(activity) ? activity['x-holdfast'] : undefined;
    if (!isMap(own) || typeof own.fault !== 'string') return [];
    const { fault, target, for: lasts, ...parameters } = own;
    return [`${fault}${given(parameters)} on ${whom(target)}${span(lasts)}`];
  });
}

function given(parameters: Json): string {
  const known = Object.entries(parameters).filter(
    ([key, value]) => key !== 'lease' && (typeof value === 'number' || typeof value === 'string'),
  );
  return known.length === 0 ? '' : ` (${known.map(([key, value]) => `${key} ${value}`).join(', ')})`;
}

function whom(target: unknown): string {
  if (!isMap(target)) return 'the machine';
  const { service, instance, instances, select } = target;
  const named = [...(typeof instance === 'string' ? [instance] : []), ...(Array.isArray(instances) ? instances : [])];
  if (named.length > 0) return named.join(', ');
  if (typeof service !== 'string') return 'the machine';
  if (select === 'all') return `every instance of ${service}`;
  return select === undefined || select === 'one' ? `one instance of ${service}` : `${select} of ${service}`;
}

function span(lasts: unknown): string {
  if (typeof lasts === 'number') return ` for ${lasts}s`;
  return typeof lasts === 'string' ? ` for ${lasts}` : '';
}
