import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES } from '@fengsui/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { eventOf, open, temporaryFolder } from './journal.fixture.ts';

const folders: string[] = [];

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

afterEach(() => {
  for (const directory of folders.splice(0)) rmSync(directory, { recursive: true, force: true });
});

type More = Parameters<typeof open>[1];

/** One run of a gateway that hears so many fires; answers the epoch, the numbers and what was found on opening. */
async function run(directory: string, fires: number, more: More = {}) {
  const journal = await open(directory, more);
  const { findings } = await journal.state();
  const numbers: number[] = [];
  let epoch = 0;
  for (let turn = 0; turn < fires; turn++) {
    const [stored] = await journal.append([eventOf('fire', turn), eventOf('fault', turn)]);
    numbers.push(stored!.number);
    epoch = stored!.epoch;
  }
  await journal.close();
  return { epoch, numbers, findings };
}

function putBack(from: string, to: string): void {
  for (const lane of LANES) {
    for (const tail of ['', '-wal', '-shm']) rmSync(join(to, `${lane}.sqlite${tail}`), { force: true });
    cpSync(join(from, `${lane}.sqlite`), join(to, `${lane}.sqlite`));
  }
}

describe('a journal that another gateway takes over', () => {
  it('goes on in a new epoch with numbers from 1, says whose it was, once, and keeps what waited', async () => {
    const directory = folder();
    const first = await run(directory, 3, { gateway: 'gw-1' });
    const second = await run(directory, 2, { gateway: 'gw-2' });
    expect(second.findings).toEqual(['数据目录此前属于网关 gw-1 the data folder belonged to gateway gw-1 before: a new epoch begins']);
    expect([second.epoch > first.epoch, second.numbers]).toEqual([true, [1, 2]]);
    const again = await run(directory, 1, { gateway: 'gw-2' });
    expect(again).toMatchObject({ epoch: second.epoch, numbers: [3], findings: [] });
    const journal = await open(directory, { gateway: 'gw-2' });
    const waiting = await journal.take('alarm', 0, 64, 100_000);
    expect([waiting.epoch, waiting.rows.map(({ number }) => number)]).toEqual([first.epoch, [1, 2, 3]]);
    await journal.close();
  });

  it('is not thought to be one where an earlier version did not write down whose it was', async () => {
    const directory = folder();
    const first = await run(directory, 1);
    expect(await run(directory, 1, { gateway: 'gw-1' })).toMatchObject({ epoch: first.epoch, numbers: [2], findings: [] });
    expect((await run(directory, 1, { gateway: 'gw-2' })).epoch).toBeGreaterThan(first.epoch);
  });
});

describe('a journal that was put back from a copy', () => {
  it('begins a new epoch although its two files agree, gives no number twice, and keeps what waited', async () => {
    const [directory, copy] = [folder(), folder()];
    const yesterday = await run(directory, 3);
    cpSync(directory, copy, { recursive: true });
    const today = await run(directory, 4);
    expect(today).toMatchObject({ epoch: yesterday.epoch, numbers: [4, 5, 6, 7], findings: [] });
    putBack(copy, directory);
    const after = await run(directory, 2);
    expect(after.findings).toEqual([expect.stringContaining('put back from a copy: a new epoch begins')]);
    expect(after.epoch).toBeGreaterThan(today.epoch);
    expect(after.numbers).toEqual([1, 2]);
    const journal = await open(directory);
    const waiting = await journal.take('alarm', 0, 64, 100_000);
    expect([waiting.epoch, waiting.rows.map(({ number }) => number)]).toEqual([yesterday.epoch, [1, 2, 3]]);
    await journal.close();
  });

  it('is known for one also when the copy was taken in the same run', async () => {
    const [directory, copy] = [folder(), folder()];
    const journal = await open(directory);
    await journal.append([eventOf('fire'), eventOf('fault')]);
    cpSync(directory, copy, { recursive: true });
    await journal.append([eventOf('fire', 2)]);
    await journal.alive();
    await journal.close();
    for (const lane of LANES) {
      for (const tail of ['', '-wal', '-shm']) {
        rmSync(join(directory, `${lane}.sqlite${tail}`), { force: true });
        cpSync(join(copy, `${lane}.sqlite${tail}`), join(directory, `${lane}.sqlite${tail}`));
      }
    }
    expect((await run(directory, 1)).findings).toEqual([expect.stringContaining('put back from a copy')]);
  });

  it.each([
    ['without its witness', (path: string) => rmSync(path), 'without their witness'],
    ['beside a witness that says nothing', (path: string) => writeFileSync(path, '{"epoch":'), 'without their witness'],
  ])('%s begins a new epoch', async (_, harm, words) => {
    const directory = folder();
    const before = await run(directory, 1);
    harm(join(directory, 'witness.json'));
    const after = await run(directory, 1);
    expect(after.findings).toEqual([expect.stringContaining(words)]);
    expect(after.epoch).toBeGreaterThan(before.epoch);
  });

  it('on another machine begins a new epoch there, and the original goes on in its own', async () => {
    const [directory, copy] = [folder(), folder()];
    const named = (name: string) => {
      const machineFile = join(folder(), 'machine-id');
      writeFileSync(machineFile, `${name}\n`);
      return { machineFile };
    };
    const [one, other] = [named('a'.repeat(32)), named('b'.repeat(32))];
    const before = await run(directory, 1, one);
    expect(readFileSync(join(directory, 'witness.json'), 'utf8')).not.toContain('aaaa');
    cpSync(directory, copy, { recursive: true });
    const clone = await run(copy, 1, other);
    expect(clone.findings).toEqual([expect.stringContaining('another machine')]);
    expect(await run(directory, 1, one)).toMatchObject({ epoch: before.epoch, numbers: [2], findings: [] });
    expect(await run(copy, 1, other)).toMatchObject({ epoch: clone.epoch, numbers: [2], findings: [] });
  });

  it('beside a witness that knows less goes on: the power may go between the commit and the witness', async () => {
    const directory = folder();
    await run(directory, 1);
    const witness = readFileSync(join(directory, 'witness.json'));
    const before = await run(directory, 2);
    writeFileSync(join(directory, 'witness.json'), witness);
    expect(await run(directory, 1)).toMatchObject({ epoch: before.epoch, numbers: [4], findings: [] });
  });
});

describe('a journal under a wrong clock', () => {
  const at = (wallMs: number): More => ({ clock: { wallMs: () => wallMs, monotonicMs: () => performance.now(), sleep: async () => {} } });

  it('that lost both files while the clock was unset still begins an epoch above the last', async () => {
    const directory = folder();
    const before = await run(directory, 1);
    for (const lane of LANES) for (const tail of ['', '-wal', '-shm']) rmSync(join(directory, `${lane}.sqlite${tail}`), { force: true });
    expect((await run(directory, 1, at(0))).epoch).toBeGreaterThan(before.epoch);
  });

  it('gives up no row and reorders none while the clock jumps an hour, a day, to 1970 and past 2038', async () => {
    const directory = folder();
    const now = Date.now();
    let wallMs = now;
    const clock = { wallMs: () => wallMs, monotonicMs: () => performance.now(), sleep: async () => {} };
    const journal = await open(directory, { clock, sizes: { keepRows: 1 } });
    const offsets = [0, 3_600_000, -3_600_000, 86_400_000, -86_400_000, -now, Date.UTC(2038, 0, 20) - now, 0];
    for (const [turn, offset] of offsets.entries()) {
      wallMs = now + offset;
      await journal.append([eventOf('fire', turn), eventOf('reading', turn)]);
      await journal.alive();
    }
    const { rows, epoch } = await journal.take('alarm', 0, 64, 100_000);
    expect(rows.map(({ number, order }) => [number, order])).toEqual(offsets.map((_, turn) => [turn + 1, 2 * turn + 1]));
    await journal.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: rows.map(({ number }) => number), rejected: [] });
    await journal.alive();
    expect((await journal.state()).lanes).toMatchObject({ alarm: { newest: 8, waiting: 0 }, ordinary: { waiting: 8, thinned: 0 } });
    await journal.close();
    wallMs = 1_000;
    const again = await open(directory, { clock });
    expect((await again.append([eventOf('fire')]))[0]).toMatchObject({ epoch, number: 9 });
    await again.close();
  });
});
