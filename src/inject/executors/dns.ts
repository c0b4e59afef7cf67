/**
 * Breaks the resolution of names for the next life of an instance; whoever asks for it restarts the instance, as an operator
 * would. That life has a mount namespace of its own, in which copies lie over /etc/hosts, /etc/resolv.conf and
 * /etc/nsswitch.conf: the machine's own files are not touched, and nobody else's lookups go astray. At the end of the lease
 * the true content is written into the copies in place, so names are right again at once, without another restart; then
 * the copies lose their names, and the mounts go with the process.
 *
 * Names fail by having no source that asks others (nsswitch.conf; glibc, Go and c-ares answer at once), and for those who
 * do not read that file (musl) by a name server that cannot be sent to. A server on 127.0.0.1 with nothing listening would
 * do as well, until something listens there.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import type { Executor, Fault, Possibility } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { allStats, read, run, tool } from '../processes.ts';
import { needsTools } from './common.ts';
import { type Expected, NamesProbe } from './dns-probe.ts';

type Mode = 'fail' | 'timeout' | 'wrong';

export interface NamesFault {
  readonly mode: Mode;
  readonly names: readonly string[];
  /** What the names resolve to when they are wrong. */
  readonly address: string;
}

const FILES = ['hosts', 'resolv.conf', 'nsswitch.conf'] as const;
type Copies = Readonly<Record<(typeof FILES)[number], string>>;

/** The limited broadcast: the kernel refuses to send there (EACCES) unless a program asks for broadcasts. */
const UNREACHABLE = '255.255.255.255';
/** TEST-NET-1 (RFC 5737): nobody answers. Where there is no route to it, it fails at once instead. */
const SILENT = '192.0.2.1';
/** TEST-NET-1, too: somebody who is not there. */
const DEAD = '192.0.2.2';
const MOST_NAMES = 16;
/** Sources of `hosts:` that ask nobody. */
const LOCAL_SOURCES = ['files', 'myhostname', 'mymachines', 'db', 'altfiles'];

const SCAN_MS = 1_000;

/** Name servers that take every question and answer none, by fault; they go with the keeper. */
const silent = new Map<string, Socket>();

export const dns: Executor<NamesFault> = {
  kind: 'dns',
  what: 'breaks the resolution of names for the next life of an instance',
  targets: ['launch'],
  instant: false,
  parameters: {
    mode: '`fail` (no name server can be asked), `timeout` (none answers) or `wrong`; `fail`',
    names: `for \`wrong\`: which, 1 to ${MOST_NAMES}; else: names of /etc/hosts that are lost as well, as those that only a name server knows are in any case; none`,
    address: `what wrong names resolve to; ${DEAD}, which does not answer`,
  },
  needs:
    'unshare and mount (util-linux), getent; root, or user namespaces; the instance is restarted when it begins, and again when it is over',
  measured:
    'names that resolve as asked in a program started the same way, and not so elsewhere, while an instance with the copies runs; without `names`: a name that nobody has, and localhost',
  reverted:
    'the true content is written into the copies: the next lookup is right, also when nobody is left to restart it; the mounts go with the process',
  parse,
  possible,
  prepare: ({ id }: Fault<NamesFault>) => {
    // Not in the state directory, which instances of other users may not read; by a name that nobody can have taken.
    const dir = join(tmpdir(), `holdfast-dns-${id}-${randomBytes(8).toString('hex')}`);
    return { dir, wrapper: wrapperFor(dir) };
  },
  begin: async ({ id, parameters }: Fault<NamesFault>, given, at) => {
    const { dir, wrapper } = given as unknown as Copied;
    const server = parameters.mode === 'timeout' ? await silentServer(id) : UNREACHABLE;
    mkdirSync(dir, { mode: 0o755 });
    const copies = copiesFor(parameters, trueFiles(), server);
    for (const file of FILES) writeFileSync(join(dir, file), copies[file], { flag: 'wx', mode: 0o644 });
    const expected = expectations(parameters);
    const [inside, outside] = [new NamesProbe(wrapper, expected), new NamesProbe([], expected)];
    // What is so anyway is no bite.
    if (parameters.names.length > 0) outside.ask();
    let [scannedAt, lives] = [Number.NEGATIVE_INFINITY, 0];
    return {
      measure: () => {
        if (at.now() - scannedAt > SCAN_MS) {
          [scannedAt, lives] = [at.now(), livesWith(dir)];
          inside.ask();
        }
        const met = expected.filter(({ name }) => inside.isMet(name) && !outside.isMet(name));
        const measured = lives === 0 || outside.isAsking ? 0 : met.length;
        return { asked: expected.length, measured, unit: 'names', bitten: measured === expected.length };
      },
    };
  },
  revert: async ({ id }, traces) => {
    const { dir } = traces as unknown as Copied;
    silent.get(id)?.close();
    silent.delete(id);
    const truth = trueFiles();
    for (const file of FILES) {
      const path = join(dir, file);
      if (!existsSync(path)) continue;
      // Into the same file: it is that one which is mounted. Without its name it lasts as long as the mount does.
      writeFileSync(path, truth[file]);
      rmSync(path);
    }
    if (existsSync(dir)) rmdirSync(dir);
  },
  residue: (_fault, traces) => {
    const { dir } = traces as unknown as Copied;
    return existsSync(dir) ? [`directory ${dir} is there`] : [];
  },
};

interface Copied {
  readonly dir: string;
  /** What the next life is started by: a command that ends in the command of the life. */
  readonly wrapper: readonly string[];
}

function parse(given: Readonly<Record<string, unknown>>): NamesFault {
  const reader = new Parameters('dns', given);
  const mode = reader.oneOf('mode', ['fail', 'timeout', 'wrong'] as const, 'fail');
  const names = reader.texts('names').map((name) => name.toLowerCase().replace(/\.$/, ''));
  const address = reader.text('address', /^[0-9a-fA-F.:]+$/, DEAD);
  reader.end();
  const refuse = (why: string): HoldfastError => new HoldfastError('HF6004', `fault dns: ${why}`);
  const bad = names.find((name) => !/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name) || isIP(name) > 0);
  if (bad !== undefined) throw refuse(`${JSON.stringify(bad)} is not the name of a host`);
  if (names.length > MOST_NAMES) throw refuse(`at most ${MOST_NAMES} names, not ${names.length}`);
  if (mode === 'wrong' && names.length === 0) throw refuse('wrong needs names: those that are to resolve wrongly');
  if (mode !== 'wrong' && given.address !== undefined) throw refuse(`an address is for mode wrong, not for ${mode}`);
  if (isIP(address) === 0) throw refuse(`address is an IP address, not ${JSON.stringify(address)}`);
  return { mode, names: [...new Set(names)], address };
}

/** What lies over the true files. */
export function copiesFor({ mode, names, address }: NamesFault, truth: Copies, server: string): Copies {
  const kept = withoutNames(truth.hosts, names);
  if (mode === 'wrong') {
    const lines = names.map((name) => `${address} ${name}\n`).join('');
    return { ...truth, hosts: `${lines}${kept}`, 'nsswitch.conf': withSources(truth['nsswitch.conf'], filesFirst) };
  }
  const others = truth['resolv.conf'].split('\n').filter((line) => !/^\s*nameserver\b/.test(line));
  // Where nothing can be sent, whoever waits all the same should not wait for long.
  const shortly = mode === 'fail' ? 'options timeout:1 attempts:1\n' : '';
  const local = (words: readonly string[]): readonly string[] =>
    words.filter((word) => LOCAL_SOURCES.includes(word) && (word !== 'myhostname' || names.length === 0));
  const sources = (words: readonly string[]): readonly string[] =>
    mode === 'fail' ? local(words) : [...local(words), 'dns'];
  return {
    hosts: kept,
    'resolv.conf': `nameserver ${server}\n${others.join('\n').trimEnd()}\n${shortly}`,
    'nsswitch.conf': withSources(truth['nsswitch.conf'], sources),
  };
}

function filesFirst(words: readonly string[]): readonly string[] {
  return ['files', ...words.filter((word) => word !== 'files')];
}

/** What `hosts:` lists, without what is to be done upon which result: it names sources that may not be there any more. */
function withSources(text: string, change: (words: readonly string[]) => readonly string[]): string {
  const lines = text.split('\n').filter((line) => !/^\s*hosts\s*:/.test(line));
  const line = text.split('\n').find((each) => /^\s*hosts\s*:/.test(each)) ?? 'hosts: files dns';
  const words = line
    .replace(/#.*/, '')
    .replace(/^[^:]*:/, '')
    .replace(/\[[^\]]*\]/g, ' ')
    .trim()
    .split(/\s+/);
  return `hosts: ${change(words).join(' ')}\n${lines.join('\n')}`;
}

/** The hosts file without these names; a line that has no other goes whole. */
export function withoutNames(hosts: string, names: readonly string[]): string {
  const lost = new Set(names);
  const lines = hosts.split('\n').flatMap((line) => {
    const [address = '', ...known] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!known.some((name) => lost.has(name.toLowerCase()))) return [line];
    const left = known.filter((name) => !lost.has(name.toLowerCase()));
    return left.length === 0 ? [] : [[address, ...left].join(' ')];
  });
  return lines.join('\n');
}

function trueFiles(): Copies {
  const [hosts = '', resolv = '', nsswitch = ''] = FILES.map((file) => read(`/etc/${file}`));
  return { hosts, 'resolv.conf': resolv, 'nsswitch.conf': nsswitch };
}

/**
 * A copy that is gone is not laid over: the fault was over before the life began, which begins all the same.
 * $1 the directory, $2 mount.
 */
const SCRIPT = `for f in ${FILES.join(' ')}; do
[ ! -e "$1/$f" ] || [ ! -e "/etc/$f" ] || "$2" -n --bind "$1/$f" "/etc/$f"
done
shift 2
unset PWD OLDPWD SHLVL _
exec "$@"`;

/**
 * Each step becomes the next one, so the process stays the same. Who is not root becomes root of a user namespace for the
 * mounts, and in another one within that who he was.
 */
export function wrapperFor(dir: string): readonly string[] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const unshare = tool('unshare') ?? 'unshare';
  const [outer, inner] =
    uid === 0
      ? [[], []]
      : [
          ['--user', '--map-root-user'],
          [unshare, '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'],
        ];
  const script = ['/bin/sh', '-c', SCRIPT, 'sh', dir, tool('mount') ?? 'mount'];
  return [unshare, ...outer, '--mount', '--', ...script, ...inner];
}

const INSTEAD = 'Use refuse or blackhole on the way to what it calls.';

function possible(): Possibility {
  const how = 'by copies of /etc/hosts, resolv.conf and nsswitch.conf, from the next start of the instance';
  const tools = needsTools(['unshare', 'mount', 'getent'], 'util-linux and getent (libc-bin)', how);
  if (!tools.possible) return tools;
  const missing = ['hosts', 'resolv.conf'].find((file) => !existsSync(`/etc/${file}`));
  if (missing) return { possible: false, why: `there is no /etc/${missing} to lay a copy over`, instead: INSTEAD };
  // A life that begins without its copies begins all the same: here it is to be noticed.
  const [unshare, ...rest] = wrapperFor('/etc');
  const tried = rest.map((word) => (word === SCRIPT ? `set -e\n${SCRIPT}` : word));
  try {
    run([unshare as string, ...tried, 'true']);
    return { possible: true, how };
  } catch (error) {
    const why = `no mount namespace of its own may be had: ${(error as Error).message.split(': ').slice(1).join(': ')}`;
    return { possible: false, why, instead: INSTEAD };
  }
}

/** Where anybody can listen there, a server that says nothing; else one that is not there. */
async function silentServer(id: string): Promise<string> {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.charCodeAt(0)) % 64_516;
  const address = `127.53.${1 + Math.floor(hash / 254)}.${1 + (hash % 254)}`;
  const socket = createSocket('udp4');
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(53, address, () => resolve(true));
  });
  if (!bound) return SILENT;
  socket.on('error', () => undefined);
  socket.unref();
  silent.set(id, socket);
  return address;
}

/** Without names of its own a fault is tried with one that nobody has; that localhost is still known tells more. */
function expectations({ mode, names, address }: NamesFault): readonly Expected[] {
  if (names.length > 0) return names.map((name) => ({ name, answer: mode === 'wrong' ? address : mode }));
  return [
    { name: 'holdfast.invalid', answer: mode },
    { name: 'localhost', answer: 'known' },
  ];
}

/** Processes that have the copies before their eyes. */
function livesWith(dir: string): number {
  // Where it is seen from: its file system may be mounted elsewhere.
  const name = `/${basename(dir)}/`;
  // Those that try it out are children of this process.
  const others = allStats().filter(({ ppid }) => ppid !== process.pid);
  return others.filter(({ pid }) => (read(`/proc/${pid}/mountinfo`) ?? '').includes(name)).length;
}
