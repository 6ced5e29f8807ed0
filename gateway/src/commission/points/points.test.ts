import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';
import { FAMILIES } from '@fengsui/protocol/families';
import { COMPONENT_TYPES } from '@fengsui/protocol/gb26875';
import excel from 'exceljs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runGateway } from '../../commands/gateway.fixture.ts';
import { parseAddress } from './address.ts';
import { headerScore, parseMapping } from './columns.ts';
import { readCsv } from './csv.ts';
import { componentTypeOf } from './device-words.ts';
import { toGb18030 } from './gb18030.fixture.ts';
import { withPoints } from './into-yaml.ts';
import { type Import, importPoints } from './rows.ts';
import type { Table, TableRow } from './table.ts';
import { readXlsx } from './xlsx.ts';

const NO_MAPPING = new Map();
const score = (rows: readonly TableRow[]) => headerScore(rows, NO_MAPPING);
const ORDER = { mapping: NO_MAPPING, types: new Map<string, number>() };
const csv = (text: string, encoding: 'utf-8' | 'gb18030' = 'utf-8') =>
  readCsv(encoding === 'utf-8' ? Buffer.from(text, 'utf8') : toGb18030(text), score) as Table;
const imported = (text: string, family?: string): Import =>
  importPoints(csv(text), { ...ORDER, ...(family === undefined ? {} : { family: FAMILIES.get(family)! }) });

/** Points of the first device of the first line. */
function pointsIn(text: string): unknown[] {
  const { lines } = parse(text) as { lines: { devices: { points: unknown[] }[] }[] };
  return lines[0]!.devices[0]!.points;
}

/** The text with the points in it, where nothing speaks against it. */
function textWith(...order: Parameters<typeof withPoints>): string {
  const merged = withPoints(...order);
  if ('problems' in merged) throw new Error(merged.problems.join('\n'));
  return merged.text;
}

describe('a table', () => {
  const cell = fc.string({ unit: fc.constantFrom(...'一二三楼东西走道感烟手报ABC019 ,;"\n\t|㐂茶'), maxLength: 8 });
  const table = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), cell, cell), { minLength: 1, maxLength: 8 });
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test('says the same in GB 18030 and in UTF-8, with and without its mark, with any separator', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(',', ';', '\t'), fc.constantFrom('\n', '\r\n'), (rows, separator, end) => {
        const lines = [['控制器', '地址', '安装位置'], ...rows.map(([point, place, note]) => [String(point), quoted(place), quoted(note)])];
        const text = lines.map((line) => line.join(separator)).join(end) + end;
        const plain = csv(text);
        expect(csv(text, 'gb18030').rows).toEqual(plain.rows);
        expect(csv(`\ufeff${text}`).rows).toEqual(plain.rows);
        expect(plain.rows.length).toBe(rows.length + 1);
      }),
    );
  });

  test('of any bytes is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const read = readCsv(bytes, score);
        if (!('problems' in read)) importPoints(read, ORDER);
      }),
    );
  });

  test('in UTF-16, as spreadsheets save Unicode text, is read', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('回路\t地址\n1\t2\n', 'utf16le')]);
    expect(readCsv(bytes, score)).toMatchObject({ read: 'CSV, utf-16le, tab', rows: [{ cells: ['回路', '地址'] }, { cells: ['1', '2'] }] });
  });

  test.each([
    ['rows', `地址\n${'1\n'.repeat(50_001)}`, /more than 50000 rows/],
    ['a cell', `地址\n${'x'.repeat(1_001)}\n`, /row 2, column 1: more than 1000 characters/],
    ['columns', `地址${','.repeat(101)}\n`, /row 1: more than 100 columns/],
    ['a quote that never closes', `地址\n"${'x,\n'.repeat(60_000)}`, /too long, or a quote is never closed|Quote Not Closed/],
  ])('is bounded in %s', (_, text, words) => {
    expect(readCsv(Buffer.from(text), score)).toMatchObject({ problems: [expect.stringMatching(words)] });
  });
});

describe('rows', () => {
  test('of panel makers become points: titles above the header, full-width digits, texts kept as formulas', () => {
    const text =
      '江西大厦点表,,,,\n机号,回路号,地址号,设备类型,楼层,安装位置\n1,2,="017",点型感烟探测器,３层,东走道\n１,2,18,手报,3层,3层西走道\n';
    expect(imported(text)).toEqual({
      points: [
        { address: { controller: 1, loop: 2, point: 17 }, place: '3层 东走道', componentType: 42 },
        { address: { controller: 1, loop: 2, point: 18 }, place: '3层西走道', componentType: 23 },
      ],
      notices: [],
      problems: [],
    });
  });

  test('with one column of addresses are split', () => {
    expect(imported('设备地址,描述\n1-02-017,a\n1-02-018,b\n').points.map(({ address }) => address)).toEqual([
      { controller: 1, loop: 2, point: 17 },
      { controller: 1, loop: 2, point: 18 },
    ]);
  });

  test('with user codes of six digits are points of a GST panel', () => {
    expect(imported('二次码,类型,注释\n001017,感烟,甲\n365089,消火栓按钮,乙\n', 'gst-aa-bus').points).toEqual([
      { address: { point: 1017 }, place: '甲', componentType: 42 },
      { address: { point: 365089 }, place: '乙', componentType: 24 },
    ]);
  });

  test('with user codes are registers of the Modbus card of GST: zone and number of the last four digits', () => {
    expect(imported('二次码,注释\n003017,甲\n000005,乙\n', 'gst-modbus').points).toEqual([
      { register: 'zone-3-17', place: '甲' },
      { register: 'device-5', place: '乙' },
    ]);
    expect(imported('二次码,注释\n009999,甲\n', 'gst-modbus').problems).toEqual([
      expect.stringMatching(/^row 2, column 二次码: gst-modbus has no register/),
    ]);
  });

  test('keep only the parts of an address that their family tells', () => {
    const read = imported('控制器,回路,地址\n1,2,3\n', 'ld128e');
    expect(read.points).toEqual([{ address: { loop: 2, point: 3 } }]);
    expect(read.notices).toEqual([expect.stringContaining('ld128e does not say 控制器')]);
  });

  test('that are wrong are told by row and column, all of them', () => {
    const text = `控制器,回路,地址,位置\n1,二,5,x\n1,1,5,y\n1,1,5,z\n1,300,6,z\n1,1,,z\n1,1,7,${'长'.repeat(81)}\n`;
    expect(imported(text).problems).toEqual([
      'row 2, column 回路: must be a whole number 1–255 (got "二") / 须为 1–255 的整数',
      'row 5, column 回路: must be a whole number 1–255 (got "300") / 须为 1–255 的整数',
      'row 6, column 地址: must be an address like 17, 02-017 or 1-02-017 (got nothing) / 地址写法不对',
      'row 7, column 位置: must be at most 80 characters with building and floor (got 81) / 位置过长',
      'row 4: the same address as row 3 (controller 1, loop 1, point 5) / 与第 3 行地址重复',
    ]);
  });

  test('say what was not read, what was not known and what is shielded', () => {
    expect(imported('地址,类型,屏蔽,厂家\n1,外星设备,是,甲\n2,外星设备,否,甲\n').notices).toEqual([
      expect.stringContaining('厂家'),
      expect.stringContaining('外星设备 ×2'),
      expect.stringMatching(/^1 points are shielded/),
    ]);
  });

  test('of a table with its own names are read by a mapping', () => {
    const mapping = parseMapping('point=接点,place=何处,-=地址');
    const table = readCsv(Buffer.from('接点,何处,地址\n5,走道,人民路1号\n'), (rows) => headerScore(rows, mapping)) as Table;
    expect(importPoints(table, { ...ORDER, mapping }).points).toEqual([{ address: { point: 5 }, place: '走道' }]);
    expect(() => parseMapping('punkt=接点')).toThrow(TypeError);
  });

  test('without a header are refused with what was seen', () => {
    expect(imported('甲,乙\n1,2\n').problems).toEqual([expect.stringMatching(/no header .*seen: 甲, 乙/)]);
    expect(imported('地址,点号\n1,2\n').problems).toEqual([expect.stringContaining('both mean point')]);
    expect(imported('地址,位置\n').problems).toEqual([expect.stringContaining('no rows')]);
  });
});

test.each([...COMPONENT_TYPES].map(([type, { zh }]) => [zh, type] as const))('%s is component type %i', (word, type) => {
  expect(componentTypeOf(word)).toBe(type);
});

test.each([
  ['感烟', 42],
  ['烟感', 42],
  ['智能光电感烟探测器', 42],
  ['手报', 23],
  ['手动报警按钮', 23],
  ['消火栓按钮', 24],
  ['消火栓泵', 91],
  ['消火栓压力', 240],
  ['消防栓水压变送器', 240],
  ['点型感温', 31],
  ['温感', 31],
  ['烟温复合探测器', 51],
  ['输入输出模块', 87],
  ['声光警报器', 121],
  ['水流指示器', 96],
  ['可燃气体探测器', 10],
  ['剩余电流式探测器', 17],
  ['防火卷帘门', 117],
  ['Photoelectric Smoke Detector', 42],
  ['Manual Call Point', 23],
  ['不明', null],
])('the device word %s is component type %s', (word, type) => {
  expect(componentTypeOf(word)).toBe(type);
});

test.each([
  ['1-02-017', { controller: 1, loop: 2, point: 17 }],
  ['02/017', { loop: 2, point: 17 }],
  ['1机2回路17号', { controller: 1, loop: 2, point: 17 }],
  ['L2D17', { loop: 2, point: 17 }],
  ['17', { point: 17 }],
  ['B1', null],
  ['1-2-3-4', null],
  ['', null],
  ['2026年', null],
])('the address %s', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

describe('a workbook', () => {
  async function workbook(fill: (book: excel.Workbook) => void): Promise<Uint8Array> {
    const book = new excel.Workbook();
    fill(book);
    return new Uint8Array(await book.xlsx.writeBuffer());
  }

  test('gives the same points as its CSV; formulas count by their result, the sheet with the header is found', async () => {
    const bytes = await workbook((book) => {
      book.addWorksheet('封面').addRow(['江西大厦']);
      const sheet = book.addWorksheet('点表');
      sheet.addRow(['控制器', '回路', '地址', '类型', '位置']);
      sheet.addRow([1, 2, { formula: '10+7', result: 17 }, { richText: [{ text: '感' }, { text: '烟' }] }, '东走道']);
    });
    const table = (await readXlsx(bytes, score)) as Table;
    expect(table.read).toBe('XLSX, sheet 点表');
    expect(importPoints(table, ORDER)).toEqual(imported('控制器,回路,地址,类型,位置\n1,2,17,感烟,东走道\n'));
  });

  test('that is none, damaged, or named otherwise is refused in words', async () => {
    const good = await workbook((book) => book.addWorksheet('点表').addRow(['地址']));
    expect(await readXlsx(Buffer.from('PK nothing'), score)).toMatchObject({ problems: [expect.stringContaining('no XLSX file')] });
    expect(await readXlsx(good.slice(0, -200), score)).toHaveProperty('problems');
    expect(await readXlsx(good, score, '别的')).toMatchObject({ problems: [expect.stringContaining('must be one of 点表')] });
  });

  test('that unpacks to a mountain is refused before it is unpacked, whatever size it states', async () => {
    const mountain = deflateRawSync(Buffer.alloc(60 * 1024 * 1024));
    expect(mountain.length).toBeLessThan(100_000);
    expect(await readXlsx(zipOf('xl/worksheets/sheet1.xml', mountain, 100), score)).toMatchObject({
      problems: [expect.stringContaining('unpacks to more than')],
    });
  });

  /** A ZIP of one file that states a size of its own. */
  function zipOf(name: string, packed: Buffer, stated: number): Uint8Array {
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(packed), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(stated, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, Buffer.from(name), packed]);
    const entry = Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), shared, Buffer.alloc(14), Buffer.from(name)]);
    const end = Buffer.alloc(22);
    end.write('PK\u0005\u0006', 'latin1');
    end.writeUInt16LE(1, 8);
    end.writeUInt16LE(1, 10);
    end.writeUInt32LE(entry.length, 12);
    end.writeUInt32LE(local.length, 16);
    return new Uint8Array(Buffer.concat([local, entry, end]));
  }
});

describe('points go into a configuration', () => {
  const SITE = `# 站点 site
lines:
  - name: a # first
    devices:
      - name: panel-1
        family: jbf-193k # 设备族
        points: # 点表
          - { address: { loop: 1, point: 1 } } # 一号
      - { name: panel-2, family: jbf-193k }
      - name: panel-3
        family: jbf-193k
  - name: b # last
    devices:
      - name: panel-4
        points: []
        family: jbf-193k`;
  const POINTS = [{ address: { loop: 2, point: 7 }, place: '东走道: #3' }];

  test.each(['panel-1', 'panel-2', 'panel-3', 'panel-4'])('of %s, and nothing else of it changes', (device) => {
    const text = textWith(SITE, device, POINTS, false);
    const expected = parse(SITE) as { lines: { devices: { name: string; points?: unknown[] }[] }[] };
    const found = expected.lines.flatMap(({ devices }) => devices).find(({ name }) => name === device)!;
    found.points = [...(found.points ?? []), ...POINTS];
    expect(parse(text)).toEqual(expected);
    for (const [comment] of SITE.matchAll(/# \S+/g)) expect(text).toContain(comment);
    if (device !== 'panel-2')
      expect(SITE.split('\n').filter((line) => !text.includes(line.trim()) && !line.includes('points:'))).toEqual([]);
  });

  test('a device in braces gets a line a point all the same', () => {
    const site = `lines:\n  - name: l\n    wire: { kind: tcp, host: h, port: 1 }\n    devices: [ { name: panel-1, family: jbf-193k } ]\n`;
    const text = textWith(site, 'panel-1', POINTS, false);
    expect(text.split('\n').filter((line) => /^ *- \{/.test(line))).toHaveLength(POINTS.length);
    expect(text).toContain('wire: { kind: tcp, host: h, port: 1 }');
  });
});

describe('the command', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fengsui-points-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const EXAMPLE = fileURLToPath(new URL('../../../example.yaml', import.meta.url));

  test('puts a GB 18030 table into gateway.yaml and keeps its mode', async () => {
    await writeFile(at('table.csv'), toGb18030('控制器,回路,地址,位置\n3,2,17,东走道\n'));
    await writeFile(at('gateway.yaml'), await readFile(EXAMPLE), { mode: 0o600 });
    const { code, stderr } = await runGateway('points', 'import', at('table.csv'), '--device', 'panel-1', '--into', at('gateway.yaml'));
    expect(stderr).toContain('gb18030');
    expect(code).toBe(0);
    expect(pointsIn(await readFile(at('gateway.yaml'), 'utf8')).at(-1)).toEqual({
      address: { controller: 3, loop: 2, point: 17 },
      place: '东走道',
    });
    expect((await stat(at('gateway.yaml'))).mode & 0o777).toBe(0o600);
  });

  test('writes nothing where one row is wrong, and leaves no file behind', async () => {
    await writeFile(at('table.csv'), '回路,地址\n1,17\n二,18\n');
    await writeFile(at('gateway.yaml'), await readFile(EXAMPLE));
    for (const target of [
      ['--into', at('gateway.yaml')],
      ['--out', at('points.yaml')],
    ]) {
      const { code, stderr, stdout } = await runGateway('points', 'import', at('table.csv'), '--device', 'panel-1', ...target);
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toContain('row 3, column 回路: must be a whole number 1–255 (got "二")');
      expect(stderr).toContain('nothing was written');
    }
    expect(await readFile(at('gateway.yaml'))).toEqual(await readFile(EXAMPLE));
    await expect(stat(at('points.yaml'))).rejects.toThrow();
  });

  test('refuses what would make the configuration wrong', async () => {
    await writeFile(at('table.csv'), '回路,地址\n1,17\n');
    await writeFile(at('gateway.yaml'), await readFile(EXAMPLE));
    const { code, stderr } = await runGateway('points', 'import', at('table.csv'), '--device', 'hydrant-7', '--into', at('gateway.yaml'));
    expect(code).toBe(1);
    expect(stderr).toContain('pressure-transmitter has no register for this address');
    expect(await readFile(at('gateway.yaml'))).toEqual(await readFile(EXAMPLE));
  });
});
