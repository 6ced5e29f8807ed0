import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lane } from '@fengsui/protocol';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runGateway } from '../../gateway/src/commands/gateway.fixture.ts';
import { Site, soon } from '../../gateway/src/page/gateway-with-page.fixture.ts';
import { filledJournal } from './bench/gateway/fill.ts';
import { buildShim } from './journal/faults.ts';

const PAGE = 4_096;
const PAST = { version: 5, trial: null, takenBack: null, kept: null };
let tools: string;
let shim: string;
let site: Site;

beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
  shim = await buildShim(tools);
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));

beforeEach(() => {
  site = new Site();
});
afterEach(() => site.stop());

const data = (...names: string[]) => join(site.folder, 'data', ...names);

/** A detector that publishes makes the gateway keep a file of registrations. */
const NB = `  - { name: nb, wire: { kind: udp, host: 127.0.0.1, port: 0 }, devices: [ { name: smoke-1, family: nb-huaqiang, device: "864480040000001" } ] }
`;

async function stopGateway(): Promise<void> {
  const { child } = site;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** A fire that the panel tells goes all the way. */
async function alarmsFlow(point: number): Promise<void> {
  const fires = () => site.peer.rows.filter(({ lane }) => lane === 'alarm').length;
  await site.panelIsThere();
  const before = fires();
  site.fire(point);
  await vi.waitFor(() => expect(fires(), site.log).toBeGreaterThan(before), soon);
}

/** Everything the gateway keeps, by its path in the data folder, after it ran and stopped; what only orders and centres make is put there. */
async function ranOnce(): Promise<string[]> {
  await site.start({ more: NB });
  await alarmsFlow(2);
  await stopGateway();
  mkdirSync(data('configuration'), { recursive: true });
  for (const version of [4, 5]) writeFileSync(data('configuration', `${version}.yaml`), readFileSync(site.file));
  writeFileSync(data('configuration', 'state.json'), JSON.stringify(PAST));
  writeFileSync(data('centre-times.json'), JSON.stringify({ city: 1 }));
  writeFileSync(data('retry.json'), '[]');
  writeFileSync(data('nb.registrations.json'), '[]');
  writeFileSync(data('troubles.json'), '[]');
  writeFileSync(data('superseding.json'), '{}');
  const all = readdirSync(data(), { recursive: true, withFileTypes: true });
  return all.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** What people put there, or what people are told to mend: a PIN and keys are never replaced. A pushed text is evidence, and read by nobody at a start. */
const isPeoples = (path: string) => /page\.pin$|page\.key$|page\.pem$|\d\.yaml$/.test(path);
const isLane = (path: string) => /\.sqlite(?:-wal|-shm)?$/.test(path);

function inItsPlace(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

const HARMS: ReadonlyArray<readonly [string, (paths: readonly string[]) => void]> = [
  ['garbage', (paths) => paths.forEach((path) => void writeFileSync(path, 'garbage \u0000 烽燧\n'.repeat(700)))],
  ['empty', (paths) => paths.forEach((path) => void writeFileSync(path, ''))],
  ['folders', (paths) => paths.filter((path) => !isLane(path)).forEach(inItsPlace)],
];

interface Bad {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** The next start finds these bytes unreadable, wherever the file is moved. */
function badSectors(sectors: readonly Bad[]): void {
  const list = join(tools, 'bad');
  writeFileSync(list, sectors.map(({ path, from, to }) => `${statSync(path).ino} ${from} ${to}\n`).join(''));
  site.env = { LD_PRELOAD: shim, FF_BAD: list };
}

describe('a gateway whose own files are', () => {
  it.each(HARMS)('%s, all of them, starts, lets alarms through, and says which it moved aside', async (_, harm) => {
    const files = (await ranOnce()).filter((path) => !isPeoples(path));
    expect(files.filter(isLane).length).toBeGreaterThan(1);
    harm(files);
    await site.run();
    await alarmsFlow(9);
    await vi.waitFor(() => expect(site.log).toContain('"trouble":"file-unusable"'), soon);
    expect(site.log).toMatch(/state\.json\.unusable-\d{8}T\d{9}Z/);
    expect(site.log).toMatch(/superseding\.json\.unusable-/);
    expect(JSON.parse(readFileSync(data('configuration', 'state.json'), 'utf8'))).toEqual(PAST);
    expect(statSync(data('witness.json')).isFile()).toBe(true);
    await stopGateway();
    site.env = {};
    const before = site.log.length;
    await site.run();
    await alarmsFlow(3); // the gateway knows what it heard before
    expect(site.log.slice(before)).not.toContain('journal-damaged');
  });

  it.each([
    ['page.pin', 'page-pin', ' pin --config'],
    ['page/page.key', 'page-certificate', 'remove the folder page'],
  ])('sound but for %s keeps its page shut, says how to mend it, and lets alarms through', async (name, code, remedy) => {
    await ranOnce();
    writeFileSync(data(name), 'garbage\n');
    await site.run();
    await alarmsFlow(9);
    await vi.waitFor(() => expect(site.log).toContain(`"code":"${code}"`), soon);
    expect(site.log).toContain(remedy);
  });

  it('sound does not start beside another that has its journal, whatever is written into the lock', async () => {
    await site.start();
    writeFileSync(data('journal.lock'), 'garbage\n'.repeat(2_000));
    const { code, stderr } = await runGateway('run', '--config', site.file);
    expect([code, stderr]).toEqual([1, expect.stringContaining('journal-locked')]);
    await alarmsFlow(2);
  });
});

/** More than is read whole when a file is opened. */
const ROWS = 110_000;
const MIB = 1024 * 1024;

/** The pages of a lane's file that a start comes upon first. */
function firstRead(path: string): Array<readonly [string, number]> {
  const database = new Database(path, { readonly: true });
  const one = (query: string) => database.prepare(query).pluck().get() as number;
  const root = one(`SELECT rootpage FROM sqlite_schema WHERE name = 'rows'`);
  const leaf = (behind: number) =>
    one(`SELECT pageno FROM dbstat WHERE name = 'rows' AND pagetype = 'leaf' ORDER BY path DESC LIMIT 1 OFFSET ${behind}`);
  const pages = [
    ['the root of its rows', root],
    ['its last leaf', leaf(0)],
    ['a leaf 21 before the end', leaf(21)],
  ] as const;
  database.close();
  return pages.map(([what, page]) => [what, page - 1] as const);
}

describe.each(['ordinary', 'alarm'] as const)('a gateway whose file of the %s lane is larger than is read whole', (lane: Lane) => {
  it('starts, whichever page of those read first is overwritten or unreadable: the file is moved aside, and alarms go through', async () => {
    const sound = mkdtempSync(join(tmpdir(), 'fengsui-large-'));
    await filledJournal(sound, ROWS, lane);
    expect(statSync(join(sound, `${lane}.sqlite`)).size).toBeGreaterThan(32 * MIB);
    await site.start();
    for (const [index, [what, page]] of firstRead(join(sound, `${lane}.sqlite`)).entries()) {
      await stopGateway();
      for (const name of readdirSync(data()).filter((each) => /sqlite|witness/.test(each))) rmSync(data(name));
      for (const name of readdirSync(sound)) writeFileSync(data(name), readFileSync(join(sound, name)));
      const path = data(`${lane}.sqlite`);
      site.env = {};
      if (index === 1) badSectors([{ path, from: page * PAGE, to: (page + 1) * PAGE }]);
      else overwrite(path, page);
      await site.run();
      await alarmsFlow(index % 2 === 0 ? 2 : 9);
      const asides = readdirSync(data()).filter((name) => name.startsWith(`${lane}.damaged-`) && name.endsWith('.sqlite'));
      expect(asides, what).toHaveLength(1);
      expect(existsSync(path)).toBe(true);
    }
    rmSync(sound, { recursive: true, force: true });
  });
});

function overwrite(path: string, page: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(PAGE, 0xff), 0, PAGE, page * PAGE);
  closeSync(file);
}
