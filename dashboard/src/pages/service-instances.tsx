/** The instances of a service as a table; what made the last one exit can be unfolded. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { InstanceResource, ServiceResource } from '../../../src/api/resources.ts';
import { CopyButton, Meter, Time } from '../parts/bits.tsx';
import { HealthIcon, Icon } from '../parts/icons.tsx';
import { askRestart } from '../state/asks.ts';
import { cliFor } from '../view/cli.ts';
import { bytes, cores, count } from '../view/format.ts';

export function Instances(props: {
  readonly service: ServiceResource;
  readonly chosen: string | null;
  readonly onChoose: (instance: string) => void;
}): JSX.Element {
  const { service, chosen, onChoose } = props;
  return (
    <div class="table-wrap">
      <table data-rows class="instances">
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">Phase</th>
            <th scope="col" class="num wide-only">
              Pid
            </th>
            <th scope="col" class="num">
              Restarts
            </th>
            <th scope="col" class="num wide-only">
              CPU
            </th>
            <th scope="col" class="num">
              Memory
            </th>
            <th scope="col" class="num wide-only">
              Files
            </th>
            <th scope="col" class="wide-only">
              Up
            </th>
            <th scope="col">Last exit</th>
            <th scope="col">
              <span class="off-screen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {service.instances.map((instance) => (
            <Row key={instance.id} instance={instance} chosen={instance.id === chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: {
  readonly instance: InstanceResource;
  readonly chosen: boolean;
  readonly onChoose: (instance: string) => void;
}): JSX.Element {
  const { instance, chosen, onChoose } = props;
  const { id, lastExit } = instance;
  const [unfolded, setUnfolded] = useState(false);
  return (
    <>
      <tr class={chosen ? 'chosen' : ''}>
        <td class="marked">
          <HealthIcon health={healthOf(instance)} size={14} />
          <button type="button" data-row class="link" title="Show its log below" onClick={() => onChoose(id)}>
            {id}
          </button>
        </td>
        <td>{phaseOf(instance)}</td>
        <td class="num wide-only">{instance.pid ?? '–'}</td>
        <td class={`num ${instance.restarts > 0 ? 'warn' : ''}`}>{instance.restarts}</td>
        <td class="num wide-only">{cores(instance.cpuCores)}</td>
        <td class="num">
          {instance.memoryLimitBytes === null || instance.memoryBytes === null ? (
            bytes(instance.memoryBytes)
          ) : (
            <Meter
              share={instance.memoryBytes / instance.memoryLimitBytes}
              label={`Memory of ${bytes(instance.memoryLimitBytes)}`}
              text={`${bytes(instance.memoryBytes)} / ${bytes(instance.memoryLimitBytes)}`}
            />
          )}
        </td>
        <td class="num wide-only">{count(instance.openFiles)}</td>
        <td class="muted wide-only">
          {instance.startedAt === null ? '–' : <Time at={instance.startedAt} as="lasting" />}
        </td>
        <td>
          {lastExit === null ? (
            <span class="muted">none</span>
          ) : (
            <button type="button" class="link exit" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
              <span class="off-screen">Last exit of {id}: </span>
              {exitOf(lastExit)} <Time at={lastExit.at} />
            </button>
          )}
        </td>
        <td class="row-actions">
          <button
            type="button"
            class="button small"
            aria-label={`Restart ${id}`}
            onClick={() => askRestart(instance.service, id)}
          >
            Restart
          </button>
          <CopyButton
            text={cliFor({ kind: 'restart', service: instance.service, instance: id })}
            label={`Copy as command line: restart ${id}`}
          />
        </td>
      </tr>
      {unfolded && lastExit !== null && (
        <tr class="unfolded">
          <td colSpan={10}>
            <p class="line">
              <Icon name="down" size={12} /> {lastExit.detail ?? 'The last it wrote:'}
            </p>
            <pre>{lastExit.lastOutput.length === 0 ? 'It wrote nothing.' : lastExit.lastOutput.join('\n')}</pre>
          </td>
        </tr>
      )}
    </>
  );
}

function healthOf(instance: InstanceResource): 'healthy' | 'degraded' | 'down' | 'unknown' | 'stopped' {
  if (instance.phase === 'exited' || instance.live === false) return 'down';
  if (instance.ejected) return 'degraded';
  if (instance.ready) return 'healthy';
  if (instance.phase === 'stopping') return 'stopped';
  return instance.phase === 'running' ? 'degraded' : 'unknown';
}

function phaseOf(instance: InstanceResource): string {
  if (instance.waitingFor !== null && instance.role !== null)
    return `${instance.role}, ${instance.phase}: ${instance.waitingFor}`;
  if (instance.waitingFor !== null) return `${instance.phase}: ${instance.waitingFor}`;
  const words = [...(instance.role === null ? [] : [instance.role]), instance.phase];
  if (instance.ejected) words.push('ejected');
  else if (instance.ready) words.push('ready');
  else if (instance.phase === 'running') words.push('not ready');
  if (instance.live === false) words.push('liveness fails');
  return words.join(', ');
}

function exitOf(exit: NonNullable<InstanceResource['lastExit']>): string {
  if (exit.reason === 'code') return `code ${exit.code}`;
  if (exit.reason === 'signal') return exit.signal ?? 'signal';
  if (exit.reason === 'oom') return 'out of memory';
  return exit.reason;
}
