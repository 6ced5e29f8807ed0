import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NUMBER_TAKEN } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventOf, type FollowedJournal, open, temporaryFolder } from '../journal/journal.fixture.ts';

import { runGateway } from './gateway.fixture.ts';
import { instantOf } from './journal-options.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const HOUR_MS = 3_600_000;
let folder: string;
let data: string;
let journal: FollowedJournal;
const clock = { wallMs: () => wallMs, monotonicMs: () => performance.now(), sleep: async () => {} };
let wallMs = Date.parse('2026-11-29T01:00:00Z');

/** A morning on site: the gateway runs on while people look. */
beforeAll(async () => {
  folder = temporaryFolder();
  data = join(folder, 'data');
  journal = await open(data, { clock });
  const said = [
    eventOf('fire', 7, { place: '1号楼3层东走道', text: '感烟报警', packetHex: '82383083', address: { loop: 1, point: 7 } }),
    eventOf('reading', 2, {
      edge: 'momentary',
      source: 'hydrant-7',
      place: '昌江大道7号消火栓',
      measured: { quantity: 'temperature', value: -4.5, quality: 'good' },
    }),
    eventOf('fault', 9, { text: '=HYPERLINK("http://evil.example","x")' }),
    eventOf('fire', 7, { edge: 'ended', text: '\u001b[2J恢复\u202e' }),
    eventOf('link', 1, { edge: 'ended', source: 'uplink' }),
  ];
  for (const event of said) {
    await journal.append([{ ...event, time: { ...event.time, ms: wallMs } }]);
    wallMs += HOUR_MS;
  }
  const { epoch } = await journal.take('alarm', 0, 1, 10_000);
  await journal.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [1], rejected: [{ number: 2, reason: 'not decodable: x' }] });
});

afterAll(async () => {
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

const look = (...words: string[]) => runGateway('journal', words[0]!, '--data', data, ...words.slice(1));

describe('a look into the journal of a gateway that runs', () => {
  it('lists what was heard in words, both lanes in one order, with place, state and reason', async () => {
    const { stdout, code } = await look('list');
    const lines = stdout.trimEnd().split('\n');
    expect([code, lines.length]).toEqual([0, 5]);
    expect(lines[0]).toMatch(
      /^2026-11-29 09:00:00\.000\+08:00 {2,}火警 fire {2}panel-1 {2}1号楼3层东走道 {2}感烟报警.*\[alarm \d+\/1\] {2}已确认 accepted$/,
    );
    expect(lines[1]).toContain('模拟量 reading  hydrant-7  昌江大道7号消火栓  -4.5 ℃');
    expect(lines[3]).toContain('火警恢复 fire ended');
    expect(lines[3]).toContain('被拒收 rejected: collector: not decodable: x');
    expect(lines[4]).toContain('链路正常 link up  uplink');
  });

  it('shows the packet of a device only when it is asked for, and lets no device steer the terminal', async () => {
    expect((await look('list')).stdout).not.toContain('82383083');
    const { stdout } = await look('list', '--raw');
    expect(stdout).toContain('82383083');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\u202e\p{Cc}]/u);
  });

  it.each([
    [
      ['--lane', 'alarm'],
      [1, 4],
    ],
    [
      ['--kind', 'fire', 'fault'],
      [1, 3, 4],
    ],
    [
      ['--edge', 'ended'],
      [4, 5],
    ],
    [['--state', 'rejected'], [4]],
    [
      ['--state', 'waiting', 'accepted'],
      [1, 2, 3, 5],
    ],
    [
      ['--since', '2026-11-29 10:00', '--until', '2026-11-29 12:00'],
      [2, 3],
    ],
    [['--find', '昌江大道'], [2]],
    [
      ['--find', 'PANEL-1'],
      [1, 3, 4],
    ],
    [
      ['--number', '2-3'],
      [3, 4, 5],
    ],
    [['--boot', '2'], []],
    [
      ['--limit', '2'],
      [4, 5],
    ],
  ])('finds rows by %j', async (words, orders) => {
    const { rows } = await look('list', '--json', ...words);
    expect(rows().map(({ order }) => order)).toEqual(orders);
  });

  it('searches for a text, and says when there is no such row', async () => {
    expect((await look('search', '东走道')).stdout).toContain('火警 fire');
    const nothing = await look('search', '无此处');
    expect([nothing.code, nothing.stdout]).toEqual([0, '']);
    expect(nothing.stderr).toContain('没有符合条件的记录');
  });

  it('goes on with rows as they come', async () => {
    const child = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'journal',
      'list',
      '--data',
      data,
      '--follow',
      '--json',
    ]);
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes));
    await vi.waitFor(() => expect(said.trimEnd().split('\n')).toHaveLength(5), { timeout: 60_000 });
    const own = await open(join(folder, 'followed'));
    await own.close();
    const [stored] = await journal.append([eventOf('test', 99)]);
    await vi.waitFor(() => expect(said).toContain(stored!.eventId), { timeout: 60_000 });
    child.kill('SIGTERM');
    const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (...ended) => resolve(ended as never)));
    expect(code).toBe(0);
  });
});

describe('a row that one of several uplinks still owes a receipt for', () => {
  /** Fires 1 to 4: all of them are for both, and then the collector takes 1 and 2, rejects 3, and has 4 still to settle. */
  async function partly(name: string, uplinks: readonly string[], again = uplinks): Promise<string[]> {
    const own = join(folder, name);
    let written = await open(own, { uplinks });
    const [first] = await written.append([1, 2, 3, 4].map((address) => eventOf('fire', address)));
    const { epoch } = first!;
    const rejected = [{ number: 3, reason: 'not decodable: x' }];
    await written.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [1, 2], rejected });
    await written.outbox('second').settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [2], rejected: [] });
    await written.close();
    written = await open(own, { uplinks: again });
    await written.close();
    const { stdout } = await runGateway('journal', 'list', '--data', own);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\] {2}/)[1]!);
  }

  it('says for whom it waits and who took it, and is as plain as ever where it waits for all', async () => {
    expect(await partly('two', ['collector', 'second'])).toEqual([
      '待确认 waiting for second (collector ✓)',
      '已确认 accepted',
      '待确认 waiting for second: collector: not decodable: x',
      '待确认 waiting',
    ]);
    const columns = [['second'], [], ['second'], ['collector', 'second']].map((names) => names.join(' '));
    const { rows } = await runGateway('journal', 'list', '--json', '--data', join(folder, 'two'));
    expect(rows().map((row) => (row as unknown as { waitingFor: string | null }).waitingFor ?? '')).toEqual(columns);
    const { stdout } = await runGateway('journal', 'export', '--data', join(folder, 'two'));
    expect((parse(stdout, { columns: true }) as Array<Record<string, string>>).map(({ waitingFor }) => waitingFor)).toEqual(columns);
  });

  it.each([
    ['came beside the others', ['collector', 'second', 'city'], '待确认 waiting for second (collector ✓)'],
    ['came in the place of one that took it', ['city', 'second'], '待确认 waiting for second'],
  ])('says of nobody that it took it who %s and may never have been owed it', async (_, again, line) => {
    const told = await partly(again.join('-'), ['collector', 'second'], again);
    expect([told[0], told[3]]).toEqual([line, '待确认 waiting']);
  });

  it('says of nobody that it took it where rows got other numbers, of which it may still owe one', async () => {
    const own = join(folder, 'renumbered');
    const written = await open(own, { uplinks: ['collector', 'second'] });
    const [row] = await written.append([eventOf('fire', 1)]);
    const rejected = [{ number: 1, reason: `${NUMBER_TAKEN}` }];
    await written.settle({ gateway: 'gw-1', epoch: row!.epoch, lane: 'alarm', accepted: [], rejected });
    const lines = async () => (await runGateway('journal', 'list', '--data', own)).stdout.trimEnd().split('\n');
    await vi.waitFor(async () => expect(await lines()).toHaveLength(2), { timeout: 60_000 });
    const told = (await lines()).map((line) => line.split(/\] {2}/)[1]!);
    expect(told.sort()).toEqual(['待确认 waiting for collector', '待确认 waiting for second']);
    await written.close();
  });

  it('waits for nobody in particular where there is one uplink, and in a copy of an old version', async () => {
    const own = join(folder, 'one');
    const written = await open(own);
    await written.append([eventOf('fire', 1)]);
    await written.close();
    const list = async () => (await runGateway('journal', 'list', '--data', own)).stdout;
    expect(await list()).toMatch(/待确认 waiting\n$/);
    for (const lane of ['alarm', 'ordinary']) {
      const database = new Database(join(own, `${lane}.sqlite`));
      database.exec('DROP TABLE owed; DROP TABLE uplinks; DROP TABLE refusals');
      database.pragma('user_version = 2');
      database.close();
    }
    expect(await list()).toMatch(/待确认 waiting\n$/);
  });
});

describe('a test, and an answer to a duty check', () => {
  let own: string;

  beforeAll(async () => {
    own = join(folder, 'told');
    const written = await open(own);
    await written.append([
      eventOf('fire', 1, { test: ['drill'] }),
      eventOf('fire', 2, { test: [] }),
      eventOf('duty-answer', 3, { edge: 'momentary', operator: '王工', operatorNumber: 7 }),
      eventOf('operation', 4, { edge: 'momentary', operations: ['reset'], operatorNumber: 0 }),
    ]);
    await written.close();
  });

  it('are marked so in lines: the test behind what happened, and who it was', async () => {
    const lines = (await runGateway('journal', 'list', '--data', own)).stdout.trimEnd().split('\n');
    expect(lines[0]).toContain('火警 fire [测试 test]  panel-1');
    expect(lines[1]).toContain('火警 fire  panel-1');
    expect(lines[2]).toContain('查岗应答 duty answer  panel-1  操作员 operator 王工 no. 7  [');
    expect(lines[3]).toContain('操作员 operator no. 0  [');
    expect((await runGateway('journal', 'search', '--data', own, '王工')).stdout.trimEnd()).toBe(lines[2]);
  });

  it('are columns of their own in CSV and in JSON', async () => {
    const csv = parse((await runGateway('journal', 'export', '--data', own)).stdout, { columns: true }) as Array<Record<string, string>>;
    const json = (await runGateway('journal', 'list', '--data', own, '--json')).rows();
    const told = (rows: ReadonlyArray<Record<string, unknown>>) => rows.map((row) => [row['test'], row['operator'], row['operatorNumber']]);
    expect(told(csv)).toEqual([
      ['drill', '', ''],
      ['live', '', ''],
      ['', '王工', '7'],
      ['', '', '0'],
    ]);
    expect(told(json as never)).toEqual([
      ['drill', null, null],
      ['live', null, null],
      [null, '王工', 7],
      [null, null, 0],
    ]);
  });
});

/** Controls of both sets, marks of direction, what is not seen, a tag, half a character. */
const STEERING = '\u0007\u009b2J\u0085\u00ad\u061c\u200b\u200d\u202e\u2028\u2060\u2066\ufeff\u{e0041}\ud800';

describe('what a device wrote to steer a terminal', () => {
  const steers = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
  let own: string;

  beforeAll(async () => {
    own = join(folder, 'steering');
    const written = await open(own);
    await written.append([eventOf('fault', 1, { text: `甲${STEERING}\n乙`, place: `丙${STEERING}`, source: `丁${STEERING}` })]);
    await written.close();
  });

  it.each([['list'], ['list', '--json'], ['export', '--format', 'jsonl'], ['export', '--format', 'csv']])(
    'never reaches it raw: %s %s %s',
    async (verb, ...more) => {
      const { stdout } = await runGateway('journal', verb, '--data', own, ...more);
      expect(stdout).toMatch(/甲.*丁|丁.*甲/su);
      expect(stdout.replaceAll(/[\r\n]/g, '')).not.toMatch(steers);
    },
  );

  it('is in JSON what it was, to a program that reads it', async () => {
    const { stdout } = await runGateway('journal', 'list', '--data', own, '--json');
    const { source } = JSON.parse(stdout);
    expect(source).toBe(`丁${STEERING}`.toWellFormed());
  });
});

describe('an export', () => {
  it('is CSV that a spreadsheet takes for text, in the order things were heard, numbers as numbers', async () => {
    const { stdout } = await look('export', '--bom', '--raw', '--limit', '5');
    expect(stdout.startsWith('\ufeff')).toBe(true);
    const rows = parse(stdout.slice(1), { columns: true }) as Array<Record<string, string>>;
    expect(rows.map(({ order }) => order)).toEqual(['1', '2', '3', '4', '5']);
    expect(rows.map(({ happeningZh }) => happeningZh)).toEqual(['火警', '模拟量', '故障', '火警恢复', '链路正常']);
    expect(rows[0]).toMatchObject({
      time: '2026-11-29T09:00:00.000+08:00',
      place: '1号楼3层东走道',
      state: 'accepted',
      packet: '82383083',
    });
    expect(rows[1]).toMatchObject({ value: '-4.5', unit: '℃' });
    expect(rows[2]!['text']).toBe('\'=HYPERLINK("http://evil.example","x")');
    expect(rows[3]).toMatchObject({ state: 'rejected', reason: 'collector: not decodable: x' });
  });

  it('is JSON lines for programs, to a file of its own that it never overwrites', async () => {
    const out = join(folder, 'rows.jsonl');
    expect((await look('export', '--format', 'jsonl', '--out', out, '--kind', 'fire')).code).toBe(0);
    const rows = readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ number, kind }) => [number, kind])).toEqual([
      [1, 'fire'],
      [2, 'fire'],
    ]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const again = await look('export', '--out', out);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('文件已存在')]);
  });

  it('neither holds up the gateway nor changes its files', async () => {
    const contents = () =>
      ['alarm', 'ordinary'].map((lane) =>
        createHash('sha256')
          .update(readFileSync(join(data, `${lane}.sqlite`)))
          .digest('hex'),
      );
    const before = contents();
    const looking = Promise.all([look('export'), look('export'), look('list')]);
    expect(contents()).toEqual(before);
    const stored = await journal.append([eventOf('test', 100)]);
    expect(stored).toHaveLength(1);
    for (const { code } of await looking) expect(code).toBe(0);
  });

  it('of many rows needs little memory', async () => {
    const many = join(folder, 'many');
    const own = await open(many);
    for (let turn = 0; turn < 40; turn++) {
      await own.append(Array.from({ length: 1_000 }, (_, index) => eventOf('reading', index, { text: '读数'.repeat(40) })));
    }
    await own.close();
    const child = spawn(process.execPath, [
      '--max-old-space-size=40',
      '--max-semi-space-size=2',
      MAIN,
      'journal',
      'export',
      '--data',
      many,
    ]);
    let lines = 0;
    child.stdout.on('data', (bytes: Buffer) => (lines += bytes.toString('latin1').split('\n').length - 1));
    const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (...ended) => resolve(ended as never)));
    expect([code, lines]).toEqual([0, 40_001]);
  });
});

describe('what was rejected', () => {
  it('waits again under its number when somebody asks, behind what waits, owed to who rejected it', async () => {
    const own = join(folder, 'rejected');
    const gateway = await open(own);
    const [first] = await gateway.append([eventOf('fire', 1), eventOf('fire', 2)]);
    const { epoch } = first!;
    await gateway.settle({ gateway: 'gw-1', epoch, lane: 'alarm', accepted: [2], rejected: [{ number: 1, reason: 'not decodable' }] });
    const { stderr, code } = await runGateway('journal', 'retry', '--data', own);
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 rows wait again')]);
    const { rows } = await gateway.take('alarm', 0, 10, 100_000);
    expect(rows.map(({ number }) => number)).toEqual([1]);
    expect((await gateway.state()).lanes.alarm).toMatchObject({ waiting: 1, rejected: 0, newest: 2 });
    expect((await runGateway('journal', 'retry', '--data', own)).stderr).toContain('没有被拒收的记录');
    await gateway.close();
  });

  it('is retried at the next start when the gateway does not run, and a request that says nothing is told of', async () => {
    const own = join(folder, 'later');
    const gateway = await open(own);
    const [row] = await gateway.append([eventOf('fire', 1)]);
    const rejected = [{ number: row!.number, reason: 'not decodable' }];
    await gateway.settle({ gateway: 'gw-1', epoch: row!.epoch, lane: 'alarm', accepted: [], rejected });
    await gateway.close();
    expect((await runGateway('journal', 'retry', '--data', own)).stderr).toContain('when the gateway starts');
    const again = await open(own);
    const lane = async () => (await again.state()).lanes.alarm;
    await vi.waitFor(async () => expect(await lane()).toMatchObject({ waiting: 1, rejected: 0 }), { timeout: 60_000 });
    writeFileSync(join(own, 'retry.json'), '{"all": true}');
    await vi.waitFor(async () => expect((await again.state()).findings.join()).toContain('retry.json is not carried out'), {
      timeout: 60_000,
    });
    expect(readdirSync(own)).not.toContain('retry.json');
    await again.close();
  });
});

describe('a copy, and what is no journal', () => {
  it('reads a copy that was taken while the gateway ran, rows in the log included', async () => {
    const copy = join(folder, 'copy');
    cpSync(data, copy, { recursive: true, filter: (source) => !source.endsWith('journal.lock') });
    const { stdout, code } = await runGateway('journal', 'list', '--data', copy, '--limit', '500');
    expect(code).toBe(0);
    expect(stdout).toContain('1号楼3层东走道');
  });

  it('reads the journal of a gateway that has stopped, which starts again afterwards with the same rows', async () => {
    const stopped = join(folder, 'stopped');
    const own = await open(stopped);
    await own.append([eventOf('fire')]);
    await own.close();
    const file = readFileSync(join(stopped, 'alarm.sqlite'));
    expect((await runGateway('journal', 'list', '--data', stopped)).stdout).toContain('火警 fire');
    expect(readFileSync(join(stopped, 'alarm.sqlite')).equals(file)).toBe(true);
    const again = await open(stopped);
    expect((await again.state()).lanes.alarm.waiting).toBe(1);
    expect((await again.state()).findings).toEqual([]);
    await again.close();
  });

  it('refuses what a newer version wrote, says so, and leaves it as it is', async () => {
    const newer = join(folder, 'newer');
    mkdirSync(newer);
    const database = new Database(join(newer, 'alarm.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    const before = readFileSync(join(newer, 'alarm.sqlite'));
    const { code, stderr } = await runGateway('journal', 'list', '--data', newer);
    expect([code, stderr]).toEqual([1, expect.stringContaining('journal-newer')]);
    expect(readFileSync(join(newer, 'alarm.sqlite')).equals(before)).toBe(true);
    expect(readdirSync(newer)).toEqual(['alarm.sqlite']);
  });

  it('says what is wrong with a folder without a journal, a damaged file and a time that is none', async () => {
    const [none, bad] = [join(folder, 'none'), join(folder, 'bad')];
    for (const each of [none, bad]) mkdirSync(each);
    writeFileSync(join(bad, 'alarm.sqlite'), Buffer.alloc(8_192, 0x5a));
    expect((await runGateway('journal', 'list', '--data', none)).stderr).toContain('journal-absent');
    expect((await runGateway('journal', 'list', '--data', bad)).stderr).toContain('journal-unreadable');
    expect((await runGateway('journal', 'list', '--data', data, '--since', 'gestern')).stderr).toContain('gestern: no time');
    expect((await runGateway('journal', 'list')).stderr).toContain('--config');
  });
});

describe('a time that somebody writes', () => {
  it.each([
    ['2026-11-29', '2026-11-28T16:00:00Z'],
    ['2026-11-29 14:05:09', '2026-11-29T06:05:09Z'],
    ['2026-11-29T14:05Z', '2026-11-29T14:05:00Z'],
    ['90m', '2026-11-28T22:30:00Z'],
    ['2d', '2026-11-27T00:00:00Z'],
  ])('%s is %s on a site in China', (text, instant) => {
    expect(new Date(instantOf(text, 480, Date.parse('2026-11-29T00:00:00Z'))).getTime()).toBe(Date.parse(instant));
  });
});
