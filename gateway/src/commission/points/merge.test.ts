import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runGateway } from '../../commands/gateway.fixture.ts';
import { withPoints } from './into-yaml.ts';
import { showMerge } from './merge-text.ts';
import type { ImportedPoint } from './rows.ts';

const SITE = `# 站点 site
gateway: { id: gw-1, address: 1, centre: 2 } # 网关
data: .
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
lines:
  - name: line-1
    wire: { kind: serial, path: /dev/ttyS0 }
    devices:
      - name: panel-1
        family: jbf-193k # 设备族
        points: # 点表
          # 厨房燃气 the kitchen
          - { address: { loop: 1, point: 1 }, place: 旧厨房, means: { supervisory: gas-alarm }, inService: false } # 一号
          - address:
              loop: 1 # 回路
              point: 2
            low: { limit: 0.1, hysteresis: 0.02 } # 下限
            systemType: 11
          - { address: { loop: 1, point: 3 }, place: 走道, componentType: 42, } # 三号
          # 四号在屋面 the roof
          - { address: { loop: 9, point: 9 }, place: 屋面, high: { limit: 1 } } # 九号
        silenceMs: 60000 # 静默
`;

const at = (loop: number, point: number) => ({ loop, point });
const TABLE: ImportedPoint[] = [
  { address: at(1, 1), place: '厨房: #1', componentType: 11 },
  { address: at(1, 2), place: '机房' },
  { address: at(1, 3), place: '走道' },
  { address: at(2, 7), place: '大堂', componentType: 42 },
];

function merged(site: string, table: readonly ImportedPoint[], drop: boolean) {
  const result = withPoints(site, 'panel-1', table, drop);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  const { lines } = parse(result.text) as { lines: { devices: { points: unknown[] }[] }[] };
  return { text: result.text, points: lines[0]!.devices[0]!.points, shown: showMerge(result.before, result.merge) };
}

const NINE = { address: at(9, 9), place: '屋面', high: { limit: 1 } };
const COMING = [
  { address: at(1, 1), place: '厨房: #1', means: { supervisory: 'gas-alarm' }, inService: false, componentType: 11 },
  { address: at(1, 2), low: { limit: 0.1, hysteresis: 0.02 }, systemType: 11, place: '机房' },
  { address: at(1, 3), place: '走道', componentType: 42 },
];
const SEVEN = { address: at(2, 7), place: '大堂', componentType: 42 };

describe('a table that comes to points that are there', () => {
  test('changes what it has columns for and leaves every key set by hand; what only the file has stays', () => {
    const { text, points, shown } = merged(SITE, TABLE, false);
    expect(points).toEqual([...COMING, NINE, SEVEN]);
    for (const [remark] of SITE.matchAll(/#.*/g)) expect(text).toContain(remark);
    const changed = /point: 1 }|systemType|silenceMs/;
    for (const line of SITE.split('\n').filter((line) => !changed.test(line))) expect(text.split('\n')).toContain(line);
    expect(shown).toEqual([
      '= kept 不变 loop 1, point 3 "走道"',
      '+ added 新增 loop 2, point 7 "大堂"',
      '~ changed 更新 loop 1, point 1 "旧厨房" · set by hand 手设: means, inService: place "旧厨房" → "厨房: #1"; componentType nothing 无 → 11',
      '~ changed 更新 loop 1, point 2 · set by hand 手设: low, systemType: place nothing 无 → "机房"',
      '! only in the file 仅配置中有 loop 9, point 9 "屋面" · set by hand 手设: high: stays, --replace drops it / 保留,--replace 才删除',
      'kept 不变 1 · changed 更新 2 · added 新增 1 · only in the file, kept 仅配置中有 1 · dropped 删除 0',
    ]);
  });

  test('drops what only the file has where it is told to, and names it with what was set there', () => {
    const { text, points, shown } = merged(SITE, TABLE, true);
    expect(points).toEqual([...COMING, SEVEN]);
    expect(text).toContain('# 四号在屋面 the roof');
    expect(shown.slice(-3)).toEqual([
      '- dropped 删除 loop 9, point 9 "屋面" · set by hand 手设: high',
      'kept 不变 1 · changed 更新 2 · added 新增 1 · only in the file, kept 仅配置中有 0 · dropped 删除 1',
      expect.stringContaining('1 of the dropped points had keys set by hand'),
    ]);
  });

  test('a second time changes nothing', () => {
    const { text } = merged(SITE, TABLE, true);
    expect(merged(text, TABLE, true).text).toBe(text);
  });

  test('names more of an address than a row set by hand: what was set there goes on in force', () => {
    const site = SITE.replace('address: { loop: 9, point: 9 }', 'address: { loop: 2 }');
    const { points, shown } = merged(site, TABLE, true);
    expect(points.at(-1)).toEqual({ ...SEVEN, high: { limit: 1 } });
    expect(shown).toContain('+ added 新增 loop 2, point 7 "大堂" · set by hand 手设: high · as of 沿用 loop 2');
  });

  test('finds register points by their name and leaves their settings', () => {
    const site = SITE.replace(
      /points:[\s\S]*?(?= {8}silenceMs)/,
      'points: [{ register: zone-3-17, high: { limit: 2 }, report: { everyMs: 5000 } }]\n',
    );
    expect(merged(site, [{ register: 'zone-3-17', place: '甲' }, { register: 'device-5' }], true).points).toEqual([
      { register: 'zone-3-17', high: { limit: 2 }, report: { everyMs: 5000 }, place: '甲' },
      { register: 'device-5' },
    ]);
  });

  test('is refused where a point shares its words by an alias, and says which', () => {
    const shared = SITE.replace('{ address: { loop: 9, point: 9 }', '&roof { address: { loop: 9, point: 9 }').replace(
      '        silenceMs',
      '          - *roof\n        silenceMs',
    );
    expect(withPoints(shared, 'panel-1', TABLE, true)).toEqual({ problems: [expect.stringMatching(/^loop 9, point 9: .*alias/)] });
    expect(withPoints(shared, 'panel-1', [{ address: at(9, 9), place: '楼顶' }], false)).toMatchObject({
      problems: [expect.stringContaining('alias')],
    });
    expect(merged(shared, TABLE, false).text).toContain('- *roof');
  });

  test('in any layout loses no key, no point and no remark, whatever is in which', () => {
    const point = fc.record(
      {
        place: fc.constantFrom('东', '"a: b"', '西 # 1', "it's", '- x'),
        componentType: fc.integer({ min: 0, max: 255 }),
        means: fc.constant({ supervisory: 'gas-alarm' }),
        inService: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const file = fc.uniqueArray(fc.record({ id: fc.nat(9), keys: point, layout: fc.constantFrom('flow', 'block', 'remarked') }), {
      selector: ({ id }) => id,
      maxLength: 6,
    });
    const row = fc.record({ place: fc.constantFrom('东', '楼: #2', '"'), componentType: fc.nat(255) }, { requiredKeys: [] });
    const table = fc.uniqueArray(fc.record({ id: fc.nat(9), keys: row }), { selector: ({ id }) => id, minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(file, table, fc.boolean(), (file, table, drop) => {
        const lay = ({ id, keys, layout }: (typeof file)[number]) => {
          const pairs = Object.entries({ address: at(1, id), ...keys }).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
          if (layout === 'flow') return [`          - { ${pairs.join(', ')} }`];
          if (layout === 'block') return pairs.map((pair, at) => `          ${at === 0 ? '-' : ' '} ${pair}`);
          return [`          # before ${id}`, `          - { ${pairs.join(', ')} } # behind ${id}`];
        };
        const list = file.length === 0 ? ' []' : `\n${file.flatMap(lay).join('\n')}`;
        const site = SITE.replace(/ # 点表[\s\S]*?(?=\n {8}silenceMs)/, list);
        const result = merged(
          site,
          table.map(({ id, keys }) => ({ address: at(1, id), ...keys })),
          drop,
        );
        const said = new Map(table.map(({ id, keys }) => [id, keys]));
        const stays = file.filter(({ id }) => !drop || said.has(id));
        expect(result.points).toEqual([
          ...stays.map(({ id, keys }) => ({ address: at(1, id), ...keys, ...said.get(id) })),
          ...table.filter(({ id }) => !file.some((other) => other.id === id)).map(({ id, keys }) => ({ address: at(1, id), ...keys })),
        ]);
        for (const { id, layout } of stays) if (layout === 'remarked') expect(result.text).toContain(` # behind ${id}`);
        expect(result.text.endsWith('\n        silenceMs: 60000 # 静默\n')).toBe(true);
        expect(result.shown.length).toBe(result.shown.filter((line) => /^[=+~!-] /.test(line)).length + 1);
      }),
    );
  });
});

describe('the command', () => {
  let folder: string;
  let file: string;
  let table: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fengsui-merge-'));
    [file, table] = [join(folder, 'gateway.yaml'), join(folder, 'table.csv')];
    await writeFile(file, SITE);
    await writeFile(table, '回路,地址,位置\n1,1,新厨房\n1,2,机房\n2,7,大堂\n');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const run = (...more: string[]) => runGateway('points', 'import', table, '--device', 'panel-1', '--into', file, ...more);

  test('keeps a gas alarm a gas alarm, prints what becomes of each point, and names the backup it made first', async () => {
    await chmod(file, 0o640);
    if (process.getuid?.() === 0) await chown(file, 0, 12_345); // what root exchanges stays readable for the gateway's own user
    const before = await stat(file);
    const { code, stderr } = await run('--replace');
    expect(stderr).toContain('- dropped 删除 loop 9, point 9');
    expect(code).toBe(0);
    expect(await readFile(file, 'utf8')).toContain('means: { supervisory: gas-alarm }, inService: false }');
    const backup = /backup 备份: (\S+)/.exec(stderr)![1]!;
    expect(backup).toMatch(/gateway\.yaml\.bak-\d{8}T\d{9}Z$/);
    expect(await readFile(backup, 'utf8')).toBe(SITE);
    for (const { mode, uid, gid } of [await stat(file), await stat(backup)])
      expect([mode, uid, gid]).toEqual([before.mode, before.uid, before.gid]);
    expect((await run('--replace')).stderr).toContain('nothing was written');
    expect(await readdir(folder)).toHaveLength(3);
  });

  test('changes nothing where no backup can be made', async () => {
    const long = join(folder, `${'x'.repeat(240)}.yaml`);
    await writeFile(long, SITE);
    const { code, stderr } = await runGateway('points', 'import', table, '--device', 'panel-1', '--into', long);
    expect([code, stderr]).toEqual([1, expect.stringContaining('ENAMETOOLONG')]);
    expect(await readFile(long, 'utf8')).toBe(SITE);
  });

  test('refuses a configuration in another encoding, rather than to spoil its remarks', async () => {
    await writeFile(file, Buffer.concat([Buffer.from(SITE), Buffer.from([0x23, 0xd6, 0xd0, 0x0a])]));
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([1, expect.stringContaining('is not UTF-8')]);
    expect(await readdir(folder)).toHaveLength(2);
  });
});
