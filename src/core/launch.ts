/** From a slot to the complete description of its next life: ports, environment, addresses of dependencies. */
import type { LaunchSpec } from '../model/link.ts';
import type { PortSpec, ServiceSpec } from '../model/spec.ts';
import type { Context } from './context.ts';
import { launchRole } from './failover.ts';
import { takePort } from './ports.ts';
import { listenerId } from './routing.ts';
import type { ServiceState, Slot } from './state.ts';

export const INSTANCE_HOST = '127.0.0.1';

export function launchOf(ctx: Context, service: ServiceState, slot: Slot): LaunchSpec {
  const { spec } = service;
  const ports: Record<string, number> = {};
  for (const port of spec.ports) ports[port.name] = port.fixed ? port.target : takePort(ctx);
  return {
    system: ctx.state.spec?.name ?? '',
    instance: slot.id,
    service: service.name,
    slot: slot.slot,
    incarnation: slot.incarnation,
    revision: service.revision,
    command: spec.run.command,
    environment: {
      ...openTelemetry(ctx, service, slot),
      ...spec.run.environment,
      ...ownVariables(ctx, service, slot, ports),
      ...dependencyVariables(ctx, spec),
    },
    workingDir: spec.run.workingDir,
    user: spec.run.user,
    resources: spec.resources,
    ports,
    liveness: spec.healthcheck,
    readiness: spec.readiness,
    logs: spec.logs,
    role: launchRole(ctx, service, slot),
  };
}

/** Where an OpenTelemetry SDK sends, and as whom: whatever the user sets goes before it. */
function openTelemetry(ctx: Context, service: ServiceState, slot: Slot): Record<string, string> {
  if (ctx.state.otlpUrl === '') return {};
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: ctx.state.otlpUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_SERVICE_NAME: service.name,
    OTEL_RESOURCE_ATTRIBUTES: `service.name=${service.name},service.instance.id=${slot.id},service.namespace=${ctx.state.spec?.name ?? ''}`,
  };
}

function ownVariables(
  ctx: Context,
  service: ServiceState,
  slot: Slot,
  ports: Readonly<Record<string, number>>,
): Record<string, string> {
  const variables: Record<string, string> = {
    HOST: INSTANCE_HOST,
    HOLDFAST_SYSTEM: ctx.state.spec?.name ?? '',
    HOLDFAST_SERVICE: service.name,
    HOLDFAST_INSTANCE: slot.id,
    HOLDFAST_INCARNATION: String(slot.incarnation),
    HOLDFAST_API: ctx.state.apiUrl,
  };
  service.spec.ports.forEach((port, index) => {
    const value = String(ports[port.name]);
    if (index === 0) variables.PORT = value;
    variables[`PORT_${port.target}`] = value;
  });
  return variables;
}

/** `PAYMENTS_URL`, `_HOST`, `_PORT`, `_ADDR` for the first port; `PAYMENTS_9000_URL` … for each by its name. */
function dependencyVariables(ctx: Context, spec: ServiceSpec): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const dependency of spec.dependsOn) {
    const target = ctx.service(dependency.service);
    if (!target) continue;
    target.spec.ports.forEach((port, index) => {
      const listener = ctx.state.listeners.get(listenerId(spec.name, dependency.service, port.name));
      if (!listener) return;
      const name = variableName(dependency.service);
      if (index === 0) addAddress(variables, name, port, listener.port);
      addAddress(variables, `${name}_${variableName(port.name)}`, port, listener.port);
    });
  }
  return variables;
}

function addAddress(variables: Record<string, string>, prefix: string, port: PortSpec, listenPort: number): void {
  const scheme = port.protocol === 'http' ? 'http' : 'tcp';
  variables[`${prefix}_HOST`] = INSTANCE_HOST;
  variables[`${prefix}_PORT`] = String(listenPort);
  variables[`${prefix}_ADDR`] = `${INSTANCE_HOST}:${listenPort}`;
  variables[`${prefix}_URL`] = `${scheme}://${INSTANCE_HOST}:${listenPort}`;
}

function variableName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
