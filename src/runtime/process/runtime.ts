/**
 * Instances as plain processes of this machine. The runtime holds no state that is not on disk too: after a kill -9
 * of Holdfast the next one reads the records, and every process is where it was.
 */
import { mkdir } from 'node:fs/promises';
import { HoldfastError } from '../../model/errors.ts';
import type { InstanceId, ProcessIdentity } from '../../model/instance.ts';
import type { InventoryItem, LaunchSpec } from '../../model/link.ts';
import type { ResourceSignal } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';
import {
  type EndedLife,
  type ExecResult,
  type LifeRef,
  type LogOptions,
  type Runtime,
  type RuntimeFacts,
  StartFailure,
} from '../contract.ts';
import { adoptLife } from './adopt.ts';
import { CGROUP_MOUNT, Cgroups } from './cgroup.ts';
import { untilClaimed } from './claim.ts';
import { runBeside } from './exec.ts';
import { endedAt, exitFromFile, exitWithout, readExitFile } from './exits.ts';
import { Killer } from './killer.ts';
import { Life } from './life.ts';
import { LogKeeper } from './logs/keeper.ts';
import { lastOutput } from './logs/last-output.ts';
import { readLines } from './logs/lines.ts';
import { MemoryGuard } from './memory-guard.ts';
import { checkPorts } from './preflight.ts';
import { isAlive, readBootId, readSmallFile } from './proc.ts';
import {
  isSafeId,
  type LifeRecord,
  type Paths,
  pathsUnder,
  RecordWriter,
  readRecords,
  removeLifeFiles,
} from './record.ts';
import { Sampler } from './sampler.ts';
import { parseSignal } from './signals.ts';
import { asStartFailure, prepareLaunch, readPidFile, type Surroundings, startLife } from './starter.ts';
import { findTools } from './tools.ts';
import { LivesWatch } from './watch.ts';

export interface ProcessRuntimeOptions {
  /** Absolute. */
  readonly stateDir: string;
  readonly now: () => Ms;
  /** Default /sys/fs/cgroup. */
  readonly cgroupMount?: string;
  /** The shell that runs the shim. Default /bin/sh. */
  readonly shell?: string;
  /** Something went wrong that no caller waits for; said once each. Default: standard error. */
  readonly report?: (notice: string) => void;
}

/** A process is gone: how long its shim may take to say how it ended. */
const STATUS_GRACE_MS = 250;

export class ProcessRuntime implements Runtime {
  readonly #options: ProcessRuntimeOptions;
  readonly #paths: Paths;
  readonly #around: Surroundings;
  readonly #lives = new Map<InstanceId, Life>();
  readonly #byLaunch = new Map<string, Life>();
  readonly #watch = new LivesWatch();
  readonly #killer: Killer;
  readonly #sampler: Sampler;
  readonly #guard: MemoryGuard | undefined;
  readonly #notices: string[] = [];
  #exitListener: (ended: EndedLife) => void = () => {};
  #closed = false;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#paths = pathsUnder(options.stateDir);
    const tools = findTools();
    const cgroups = Cgroups.detect(options.cgroupMount ?? CGROUP_MOUNT, readSmallFile('/proc/self/cgroup') ?? '');
    this.#around = {
      paths: this.#paths,
      records: new RecordWriter(this.#paths),
      tools,
      cgroups,
      logs: new LogKeeper(this.#paths.logs, (notice) => this.#report(notice)),
      bootId: readBootId(),
      shell: options.shell ?? '/bin/sh',
    };
    this.#notices.push(...tools.notices);
    this.#killer = new Killer(this.#lives, cgroups, this.#paths, (life) => this.#look(life));
    this.#sampler = new Sampler(this.#lives, options.now, (life) => this.#look(life));
    if (!cgroups) {
      this.#guard = new MemoryGuard(this.#lives, this.#sampler, (life, verdict) => this.#condemn(life, verdict));
      this.#notices.push(
        'no cgroup v2 with cpu, memory and pids can be used here: memory and process limits are enforced by sampling, cpu limits are not enforced',
      );
    }
  }

  get facts(): RuntimeFacts {
    return { limits: this.#around.cgroups ? 'cgroup2' : 'sampling', notices: this.#notices };
  }

  async adopt(): Promise<readonly InventoryItem[]> {
    await mkdir(this.#paths.lives, { recursive: true, mode: 0o711 });
    await this.#around.logs.init();
    const { records, notices } = await readRecords(this.#paths);
    this.#notices.push(...notices);
    this.#watch.open(
      this.#paths.lives,
      (launchId) => {
        const life = this.#byLaunch.get(launchId);
        if (life) this.#look(life);
      },
      (notice) => {
        this.#notices.push(notice);
        this.#report(notice);
      },
    );
    await Promise.all(
      records.map((record) =>
        this.#adoptOne(record).catch((error: unknown) => {
          this.#notices.push(`${record.launch.instance} could not be adopted: ${String(error)}`);
        }),
      ),
    );
    this.#killer.endLeftCommands();
    this.#sampler.start();
    this.#guard?.start();
    return [...this.#lives.values()].map((life) => life.item());
  }

  async #adoptOne(record: LifeRecord): Promise<void> {
    const life = new Life(record);
    await this.#around.logs.keep(record.launch.instance, record.launch.logs);
    await adoptLife(life, this.#around, this.#options.now);
    this.#remember(life);
    // It may have ended between the look and the watch.
    if (life.exit === null) this.#look(life);
    else if (record.exit === null) await this.#around.records.write(life.record, false);
  }

  #remember(life: Life): void {
    this.#lives.set(life.record.launch.instance, life);
    this.#byLaunch.set(life.record.launchId, life);
  }

  async start(launch: LaunchSpec, wrapper: readonly string[] = []): Promise<ProcessIdentity> {
    if (!isSafeId(launch.instance)) {
      throw new StartFailure('spawn-failed', 'HF3010', `${JSON.stringify(launch.instance)} cannot be a file name`);
    }
    const known = this.#lives.get(launch.instance);
    if (known?.is(launch) && known.identity) return known.identity;
    if (known && known.record.launch.incarnation >= launch.incarnation) {
      throw new StartFailure('spawn-failed', 'HF3010', `${launch.instance} has had life ${launch.incarnation} already`);
    }
    const prepared = { ...prepareLaunch(launch, this.#paths), wrapper };
    try {
      if (known && known.exit === null) await this.#killer.end(known);
      await this.#killer.endStrays(launch.instance);
      await checkPorts(launch);
    } catch (error) {
      throw asStartFailure(error);
    }
    const life = await startLife(prepared, this.#around, this.#options.now());
    if (known) await this.#drop(known);
    this.#remember(life);
    try {
      return await untilClaimed(
        life,
        this.#paths.pid(life.record.launchId),
        () => this.#look(life),
        () => this.#lastWords(life),
      );
    } catch (error) {
      this.#lives.delete(launch.instance);
      await this.#around.records.remove(life.record.launch.instance);
      await this.#drop(life);
      throw asStartFailure(error);
    }
  }

  /** Looks whether something is new with a life: its process exists, or has ended. Cheap, and harmless to repeat. */
  #look(life: Life): void {
    if (this.#closed || life.exit !== null) return;
    const { record } = life;
    if (!life.identity) {
      const found = readPidFile(this.#paths.pid(record.launchId), record.bootId);
      if (!found) return;
      life.claimedBy(found);
      // Who waits for the start hears of it first, also when it is over already.
      setImmediate(() => this.#look(life));
      return;
    }
    const path = this.#paths.exit(record.launchId);
    const file = readExitFile(path);
    const now = this.#options.now();
    if (file) {
      const oomKills = this.#around.cgroups?.oomKills(record.launchId) ?? 0;
      const at = endedAt(file, path, record, this.#around.bootId, now);
      this.#conclude(life, exitFromFile(file, record.verdict, oomKills, at, this.#lastWords(life)));
    } else if (!isAlive(life.identity, this.#around.bootId)) {
      life.goneSince ??= now;
      if (now - life.goneSince < STATUS_GRACE_MS) {
        setTimeout(() => this.#look(life), STATUS_GRACE_MS).unref();
      } else if (record.verdict && life.killed) {
        this.#conclude(life, { ...exitWithout('signal', '', now, this.#lastWords(life)), ...record.verdict });
      } else {
        const how = life.killed
          ? 'killed by Holdfast; its shim was gone'
          : 'its shim was killed, so nobody saw how it ended';
        this.#conclude(life, exitWithout(life.killed ? 'signal' : 'unknown', how, now, this.#lastWords(life)));
      }
    }
  }

  #lastWords({ record }: Life): readonly string[] {
    const { launch, logOffset, launchId } = record;
    return lastOutput(this.#paths.log(launch.instance), logOffset, this.#paths.pid(launchId));
  }

  #conclude(life: Life, exit: EndedLife['exit']): void {
    life.end(exit);
    const { launch, launchId } = life.record;
    this.#exitListener({ instance: launch.instance, incarnation: launch.incarnation, exit });
    this.#around.cgroups?.remove(launchId);
    this.#around.records.write(life.record, false).catch((error: unknown) =>
      // Nothing is lost: the exit file still says it at the next start.
      this.#report(`the exit of ${launch.instance} could not be recorded: ${String(error)}`),
    );
  }

  async stop(ref: LifeRef, signal: string, graceMs: Ms): Promise<void> {
    const life = this.#find(ref);
    if (!life || life.exit !== null) return;
    await this.#killer.stop(life, parseSignal(signal) ?? 'SIGTERM', graceMs);
  }

  async kill(ref: LifeRef): Promise<void> {
    const life = this.#find(ref);
    if (life && life.exit === null) await this.#killer.end(life);
  }

  /** Holdfast ends it for a reason that the exit status cannot tell. The reason is recorded before the deed. */
  async #condemn(life: Life, verdict: NonNullable<LifeRecord['verdict']>): Promise<void> {
    if (life.exit !== null || life.record.verdict !== null) return;
    life.record = { ...life.record, verdict };
    try {
      await this.#around.records.write(life.record, false);
      await this.#killer.end(life);
    } catch (error) {
      this.#report(`${life.record.launch.instance} over its limit: ${String(error)}`);
    }
  }

  async forget(ref: LifeRef): Promise<void> {
    const life = this.#find(ref);
    if (!life || life.exit === null) return;
    this.#lives.delete(ref.instance);
    await this.#around.records.remove(life.record.launch.instance);
    await this.#drop(life);
  }

  async #drop(life: Life): Promise<void> {
    this.#byLaunch.delete(life.record.launchId);
    this.#around.cgroups?.remove(life.record.launchId);
    await removeLifeFiles(this.#paths, life.record.launchId);
  }

  #find(ref: LifeRef): Life | undefined {
    const life = this.#lives.get(ref.instance);
    return life?.is(ref) ? life : undefined;
  }

  lifeOf(instance: InstanceId): InventoryItem | undefined {
    return this.#lives.get(instance)?.item();
  }

  exec(launch: LaunchSpec, command: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    return runBeside(prepareLaunch({ ...launch, command }, this.#paths), signal);
  }

  onExit(listener: (ended: EndedLife) => void): void {
    this.#exitListener = listener;
  }

  onSample(listener: (samples: readonly ResourceSignal[]) => void): void {
    this.#sampler.onSample = listener;
  }

  onOutput(listener: (instance: InstanceId, lines: readonly string[]) => void): void {
    this.#around.logs.watch(listener);
  }

  logs(instance: InstanceId, options: LogOptions): AsyncIterable<string> {
    const file = this.#around.logs.fileOf(instance);
    if (!file) throw new HoldfastError('HF3007', `no log of ${instance} is known here`);
    return readLines(file, options);
  }

  #report(notice: string): void {
    if (this.#options.report) this.#options.report(notice);
    else process.stderr.write(`holdfast: ${notice}\n`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    this.#sampler.stop();
    this.#guard?.stop();
    this.#around.logs.close();
    await this.#around.records.idle();
  }
}
