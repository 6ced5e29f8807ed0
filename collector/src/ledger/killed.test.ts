import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { machineClock } from '../clock.ts';
import { batchOf } from './conformance.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

const KILLS = 10;
/** Every kill starts a process anew, which a busy machine takes its time for. */
const KILLS_TIMEOUT_MS = 180_000;

/** Appends numbers from `first` on, three at a time, and says each one it holds a receipt for. */
const APPENDER = `
  import { writeSync } from 'node:fs';
  const { openSqliteLedger } = await import(${JSON.stringify(new URL('./sqlite-ledger.ts', import.meta.url).href)});
  const { batchOf } = await import(${JSON.stringify(new URL('./conformance.ts', import.meta.url).href)});
  const { machineClock } = await import(${JSON.stringify(new URL('../clock.ts', import.meta.url).href)});
  const [file, first] = process.argv.slice(1);
  const ledger = await openSqliteLedger(file, machineClock);
  for (let number = Number(first); ; number += 3) {
    const receipts = await ledger.append([batchOf([number, number + 1]), batchOf([number + 2])]);
    for (const receipt of receipts) for (const accepted of receipt.accepted) writeSync(1, accepted + '\\n');
  }
`;

/** Runs an appender, kills it without warning some receipts later, and returns the numbers it held receipts for. */
async function receiptedBeforeKill(file: string, first: number, receipts: number): Promise<number[]> {
  const child = spawn(process.execPath, ['-e', APPENDER, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split('\n').length > receipts) child.kill('SIGKILL');
  });
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return said.split('\n').slice(0, -1).map(Number);
}

/** Appends one number after another, trying each again that fails, until it failed three times; says what it holds receipts for. */
const PERSISTENT = `
  import { writeSync } from 'node:fs';
  const { openSqliteLedger } = await import(${JSON.stringify(new URL('./sqlite-ledger.ts', import.meta.url).href)});
  const { batchOf } = await import(${JSON.stringify(new URL('./conformance.ts', import.meta.url).href)});
  const { machineClock } = await import(${JSON.stringify(new URL('../clock.ts', import.meta.url).href)});
  const ledger = await openSqliteLedger(process.argv[1], machineClock);
  for (let number = 1, failed = 0; failed < 3; ) {
    try {
      await ledger.append([batchOf([number])]);
      writeSync(1, 'receipt ' + number++ + '\\n');
    } catch (failure) {
      writeSync(1, 'failure ' + failure.code + '\\n');
      failed += 1;
    }
  }
  process.exit(0);
`;

describe('a ledger that gets no more room', () => {
  it('fails what it cannot keep, keeps what it gave a receipt for, and goes on when there is room', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fengsui-full-'));
    const file = join(folder, 'ledger.sqlite');
    try {
      // No file of the process may grow beyond 512 KiB: to a program that looks like a disk that is full.
      const limited = ['-c', 'ulimit -f 1024 && exec "$@"', 'sh', process.execPath, '-e', PERSISTENT, file];
      const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await once(child, 'close');
      const lines = said.trim().split('\n');
      const receipted = lines.flatMap((line) => (line.startsWith('receipt ') ? [Number(line.slice(8))] : []));
      expect(lines.slice(-3).map((line) => line.replace('full', 'unwritten'))).toEqual(new Array(3).fill('failure ledger-unwritten'));
      expect(receipted.length).toBeGreaterThan(10);
      const ledger = await openSqliteLedger(file, machineClock);
      const next = receipted.length + 1;
      expect((await ledger.append([batchOf([next])]))[0]?.accepted).toEqual([next]);
      const kept: number[] = [];
      for (let at = 0; at < next; at = kept.length) kept.push(...(await ledger.after(at, 2_000)).map(({ number }) => number));
      expect(kept).toEqual([...receipted, next]);
      await ledger.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a ledger whose process is killed', () => {
  it(
    'lacks nothing it gave a receipt for and holds nothing twice',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'fengsui-killed-'));
      const file = join(folder, 'ledger.sqlite');
      try {
        const receipted = new Set<number>();
        for (let kill = 0; kill < KILLS; kill += 1) {
          const highest = Math.max(0, ...receipted);
          for (const number of await receiptedBeforeKill(file, highest + 1, 20 + 17 * kill)) receipted.add(number);
        }
        const database = new SqliteDatabase(file, { readonly: true });
        const rows = database
          .prepare<[], { number: number; position: number }>('SELECT number, position FROM ledger ORDER BY position')
          .all();
        expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
        database.close();
        const numbers = rows.map(({ number }) => number);
        expect(new Set(numbers).size).toBe(numbers.length);
        expect([...receipted].filter((number) => !numbers.includes(number))).toEqual([]);
        expect(receipted.size).toBeGreaterThan(KILLS * 20);
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    KILLS_TIMEOUT_MS,
  );
});
