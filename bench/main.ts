/**
 * `npm run bench -- NAME [--json FILE] [--quick]`: runs one benchmark, prints a table, and writes the rows as JSON.
 * `--list` names them all. Exit code 1 when a row with a target missed it.
 */
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { HoldfastError } from '../src/model/errors.ts';
import type { Bench, BenchRow } from './contract.ts';
import { BENCHES } from './registry.ts';

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
}

function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

function format(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(4)).toString();
}

function table(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.id,
    row.what,
    format(row.value),
    row.unit,
    row.target === null ? '' : format(row.target),
    row.pass === null ? '' : row.pass ? 'ok' : 'MISSED',
  ]);
  const head = ['id', 'what', 'value', 'unit', 'target', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] as string).length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 2 || column === 4 ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
      )
      .join('  ')
      .trimEnd();
  const notes = rows.flatMap((row) => (row.note ? [`  ${row.id}: ${row.note}`] : []));
  return [line(head), ...cells.map(line), ...(notes.length > 0 ? ['', 'notes', ...notes] : [])].join('\n');
}

async function find(name: string | undefined): Promise<Bench> {
  const load = name === undefined ? undefined : BENCHES[name];
  if (!load) throw new HoldfastError('HF8002', `no benchmark ${name ?? 'was named'}`);
  return load();
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    for (const [name, load] of Object.entries(BENCHES)) console.log(`${name.padEnd(10)} ${(await load()).what}`);
    return;
  }
  const bench = await find(positionals[0]);
  console.error(`${bench.name}: ${bench.what}${values.quick ? ' (quick)' : ''}`);
  const rows = await bench.run({ quick: values.quick, log: (line) => console.error(`  ${line}`) });
  console.log(table(rows));
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ name: bench.name, machine: machine(), rows }, null, 2)}\n`);
  }
  process.exitCode = rows.some((row) => row.pass === false) ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof HoldfastError ? error.format() : error);
  process.exitCode = 1;
});
