/** Small parts that every page uses: health words, times, sparklines, meters, panels, copying. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Health, ServiceResource } from '../../../src/api/resources.ts';
import { useCell } from '../state/cell.ts';
import { live, useLive } from '../state/live.ts';
import { href } from '../state/route.ts';
import { clock, toast } from '../state/ui.ts';
import { absolute, ago, lasting, percent } from '../view/format.ts';
import { maximum, type Series, sparkPath } from '../view/sparkline.ts';
import { HealthIcon, Icon } from './icons.tsx';

export function HealthBadge({ health }: { readonly health: Health }): JSX.Element {
  return (
    <span class={`badge ${health}`}>
      <HealthIcon health={health} size={13} /> {health}
    </span>
  );
}

/** Relative, absolute on hover. `past` false: how long it has lasted. */
export function Time({ at, as = 'ago' }: { readonly at: string; readonly as?: 'ago' | 'lasting' }): JSX.Element {
  const skew = useLive(({ skewMs }) => Math.round(skewMs / 100) * 100);
  const then = Date.parse(at);
  const text = useCell(clock, (local) => {
    const now = local + skew;
    return as === 'ago' ? ago(then, now) : lasting(Math.max(0, now - then));
  });
  return (
    <time dateTime={at} title={absolute(then)}>
      {text}
    </time>
  );
}

/** The server's time now, for what is computed from it. */
export function serverNow(): number {
  return Date.now() + live.value.skewMs;
}

export function Sparkline(props: {
  readonly series: Series;
  readonly label: string;
  readonly tone?: 'plain' | 'bad' | undefined;
  /** Value at the upper border; default: the series' own maximum. */
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}): JSX.Element {
  const { series, label, tone = 'plain', width = 96, height = 22 } = props;
  const path = sparkPath(series, width, height, props.top ?? maximum(series));
  return (
    <svg class={`spark ${tone}`} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img">
      <title>{label}</title>
      <path d={`M0 ${height - 0.5}H${width}`} class="base" />
      <path d={path} class="curve" />
    </svg>
  );
}

export function Meter(props: {
  readonly share: number | null;
  readonly label: string;
  readonly text?: string;
}): JSX.Element {
  const { share, label } = props;
  const width = Math.max(0, Math.min(1, share ?? 0)) * 60;
  const tone = share === null ? '' : share >= 0.9 ? 'bad' : share >= 0.75 ? 'warn' : '';
  return (
    <span class={`meter ${tone}`} title={`${label}: ${percent(share)}`}>
      <span class="num">{props.text ?? percent(share)}</span>
      <svg width="60" height="5" aria-hidden="true">
        <rect width="60" height="5" rx="2.5" class="track" />
        {width > 0 && <rect width={width} height="5" rx="2.5" class="value" />}
      </svg>
    </span>
  );
}

export function Panel(props: {
  readonly title: ComponentChildren;
  readonly count?: number;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  const id = useRef(`p${Math.random().toString(36).slice(2)}`).current;
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>
          {props.title}
          {props.count !== undefined && <span class="count">{props.count}</span>}
        </h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** For what may be wider than the screen and holds nothing that takes the focus: it does itself, so that arrow keys scroll it. */
export function Scrolled(props: {
  readonly class: string;
  readonly label: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it what is scrolled out of sight cannot be reached by keyboard
    <section class={props.class} aria-label={props.label} tabIndex={0}>
      {props.children}
    </section>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

/** Every link looks whether its service is there: a list is read once, not once for each of them. */
const names = new WeakMap<readonly ServiceResource[], ReadonlySet<string>>();

function namesOf(services: readonly ServiceResource[]): ReadonlySet<string> {
  const known = names.get(services) ?? new Set(services.map(({ name }) => name));
  names.set(services, known);
  return known;
}

export function ServiceLink({ name }: { readonly name: string }): JSX.Element {
  const known = useLive(({ services }) => namesOf(services).has(name));
  return known ? <a href={href({ page: 'service', name })}>{name}</a> : <span class="outside">{name}</span>;
}

/** One square per instance: filled when ready, hollow when not, crossed when it is gone. */
export function InstanceDots({ service }: { readonly service: ServiceResource }): JSX.Element {
  return (
    <span class="dots" role="img" aria-label={`${service.ready} of ${service.replicas} ready`}>
      {service.instances.slice(0, 12).map((instance) => (
        <span
          key={instance.id}
          class={instance.ejected ? 'ejected' : instance.ready ? 'ready' : instance.phase}
          title={`${instance.id}: ${instance.phase}${instance.ready ? ', ready' : ''}${instance.ejected ? ', ejected' : ''}`}
        />
      ))}
    </span>
  );
}

/** Copies text; says so, also to screen readers. */
export function CopyButton(props: {
  readonly text: string;
  readonly label: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    const done = await copyText(props.text);
    setCopied(done);
    toast(done ? `Copied: ${props.text}` : `The browser refused to copy. The text is: ${props.text}`);
  };
  return (
    <button type="button" class="button ghost small copy" onClick={copy} title={props.text} aria-label={props.label}>
      <Icon name={copied ? 'check' : 'copy'} size={13} />
      {props.children}
    </button>
  );
}

/** The clipboard exists in secure contexts only; a plain-HTTP address beyond loopback needs the old way. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'off-screen';
  const parent = document.querySelector('dialog[open]') ?? document.body;
  parent.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
