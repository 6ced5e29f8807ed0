import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, runTool } from './tool.ts';

const CONFIG = join(ROOT, '.dependency-cruiser.mjs');

/** Rule → an import that breaks it and only it: from, to. `type:` before the target makes it a type import. */
const BREAKS: Readonly<Record<string, ReadonlyArray<readonly [from: string, to: string]>>> = {
  'protocol-imports-nothing-of-ours': [['protocol/src/a.ts', 'type:gateway/src/limits.ts']],
  'protocol-is-pure': [
    ['protocol/src/b.ts', 'node:fs'],
    ['protocol/src/b.ts', 'timers/promises'],
  ],
  'gateway-stands-alone': [
    ['gateway/src/wires/c.ts', 'type:collector/src/limits.ts'],
    ['gateway/src/wires/c.test.ts', 'simulators/src/random.ts'],
  ],
  'collector-stands-alone': [['collector/src/people/d.ts', 'gateway/src/limits.ts']],
  'simulators-stand-alone': [
    ['simulators/src/e.ts', 'gateway/src/limits.ts'],
    ['simulators/src/e.ts', 'simulators/drills/demo.ts'],
  ],
  'checker-shares-nothing': [
    ['simulators/drills/checker/f.ts', 'type:protocol/src/index.ts'],
    ['simulators/drills/checker.ts', 'simulators/src/random.ts'],
  ],
  'stages-do-not-know-each-other': [
    ['gateway/src/drivers/g.ts', 'type:gateway/src/journal/journal.ts'],
    ['collector/src/outlets/g.ts', 'collector/src/people/roles.ts'],
    ['gateway/src/wires/g.ts', 'gateway/src/commands/decode.ts'],
  ],
  'contracts-are-types': [['collector/src/outlets/h.ts', 'collector/src/ledger/ledger.ts']],
  'stages-do-not-know-the-root': [['gateway/src/uplink/i.ts', 'type:gateway/src/main.ts']],
  'door-serialport': [['gateway/src/drivers/j.ts', 'serialport']],
  'door-modbus-serial': [['gateway/src/wires/k.ts', 'modbus-serial']],
  'door-coap-packet': [['gateway/src/wires/l.ts', 'coap-packet']],
  'door-mqtt': [['gateway/src/journal/m.ts', 'type:mqtt']],
  'door-aedes': [['collector/src/ledger/n.ts', 'aedes']],
  'door-better-sqlite3': [
    ['gateway/src/uplink/o.ts', 'better-sqlite3'],
    ['collector/src/projections/o.ts', 'better-sqlite3'],
  ],
  'door-fastify': [
    ['collector/src/ingest/p.ts', 'fastify'],
    ['collector/src/outlets/municipal/p.ts', '@fastify/static'],
  ],
  'door-undici': [['collector/src/ingest/q.ts', 'undici']],
  'door-protobufjs': [['protocol/src/r.ts', 'protobufjs']],
  'door-lydell-node-pty': [['gateway/src/wires/t.ts', '@lydell/node-pty']],
  'door-exceljs': [['gateway/src/drivers/ab.ts', 'exceljs']],
  'door-csv-parse': [['gateway/src/wires/ac.ts', 'csv-parse']],
  'no-cycles': [['gateway/src/journal/u.ts', 'type:gateway/src/journal/v.ts']],
  'no-orphans': [['gateway/src/journal/w.ts', '']],
  resolvable: [['gateway/src/journal/x.ts', 'absent-package']],
  declared: [['gateway/src/journal/y.ts', 'undeclared']],
  'no-development-packages': [['gateway/src/journal/z.ts', 'vitest']],
  'code-needs-no-tests': [['gateway/src/journal/aa.ts', 'gateway/src/journal/journal.test.ts']],
};

/** What every room does all day: none of it may be caught. */
const LEGAL: ReadonlyArray<readonly [from: string, to: string]> = [
  ['gateway/src/limits.ts', 'protocol/src/index.ts'],
  ['gateway/src/main.ts', 'gateway/src/journal/journal.ts'],
  ['gateway/src/main.ts', 'gateway/src/drivers/driver.ts'],
  ['gateway/src/commands/decode.ts', 'gateway/src/drivers/driver.ts'],
  ['gateway/src/journal/journal.ts', 'better-sqlite3'],
  ['gateway/src/journal/journal.ts', 'gateway/src/limits.ts'],
  ['gateway/src/journal/journal.ts', 'node:fs'],
  ['gateway/src/journal/v.ts', 'gateway/src/journal/u.ts'], // closes the ring, which is reported once, at its other end
  ['gateway/src/journal/journal.test.ts', 'vitest'],
  ['gateway/src/journal/journal.test.ts', 'gateway/src/wires/serial.ts'],
  ['gateway/src/drivers/driver.ts', 'type:gateway/src/wires/wire.ts'],
  ['gateway/src/wires/serial.ts', 'serialport'],
  ['gateway/src/wires/wire.ts', 'gateway/src/limits.ts'],
  ['collector/src/limits.ts', 'protocol/src/index.ts'],
  ['collector/src/ledger/ledger.ts', 'better-sqlite3'],
  ['collector/src/people/roles.ts', 'collector/src/limits.ts'],
  ['collector/src/outlets/municipal.ts', 'type:collector/src/ledger/ledger.ts'],
  ['protocol/src/index.ts', 'typebox'],
  ['protocol/src/index.test.ts', 'node:fs'],
  ['simulators/src/random.ts', 'protocol/src/index.ts'],
  ['simulators/drills/demo.ts', 'gateway/src/main.ts'],
  ['simulators/drills/demo.ts', 'simulators/src/random.ts'],
  ['simulators/drills/checker/checker.ts', 'better-sqlite3'],
];

const PACKAGES = [...Object.values(BREAKS).flat(), ...LEGAL]
  .map(([, to]) => to.replace(/^type:/, ''))
  .filter((to) => to !== '' && !/^(protocol|gateway|collector|simulators)\/|^node:|^timers|^absent/.test(to));

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

let folder = '';
const found: Violation[] = [];

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

function importLine([from, to]: readonly [string, string], index: number): string {
  const target = to.replace(/^type:/, '');
  const inTree = /^(protocol|gateway|collector|simulators)\//.test(target);
  const specifier = inTree ? `${'../'.repeat(from.split('/').length - 1)}${target}` : target;
  if (target === '') return '';
  return to.startsWith('type:')
    ? `import type { x as x${index} } from '${specifier}';\nexport type Y${index} = typeof x${index};\n`
    : `import { x as x${index} } from '${specifier}';\nexport const y${index} = x${index};\n`;
}

/** A small house of the same rooms in which every line of BREAKS and LEGAL is true. */
async function build(): Promise<void> {
  const edges = [...Object.values(BREAKS).flat(), ...LEGAL];
  const texts = new Map<string, string>();
  for (const [index, edge] of edges.entries()) texts.set(edge[0], (texts.get(edge[0]) ?? '') + importLine(edge, index));
  for (const [path, text] of texts) await put(path, `${text}export const x = 1;\n`);
  for (const name of new Set(PACKAGES)) {
    await put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    await put(`node_modules/${name}/index.js`, 'exports.x = 1;\n');
  }
  const declared = Object.fromEntries(PACKAGES.filter((name) => name !== 'undeclared' && name !== 'vitest').map((name) => [name, '1.0.0']));
  await put('package.json', JSON.stringify({ name: 'house', devDependencies: { vitest: '1.0.0' } }));
  for (const room of ['protocol', 'gateway', 'collector', 'simulators'])
    await put(`${room}/package.json`, JSON.stringify({ name: room, dependencies: declared }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-arrows-'));
  await build();
  const args = ['--config', CONFIG, '--output-type', 'json', 'protocol', 'gateway', 'collector', 'simulators'];
  const { output } = await runTool('depcruise', args, { folder });
  found.push(...(JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const brokenIn = (from: string) => found.filter((violation) => violation.from === from).map(({ rule }) => rule.name);

describe('the arrows between the rooms', () => {
  it('every rule has an import that breaks it', async () => {
    const { default: config } = (await import(pathToFileURL(CONFIG).href)) as { default: { forbidden: { name: string }[] } };
    expect(Object.keys(BREAKS).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(BREAKS))('%s is caught when broken, and nothing else is', (rule, edges) => {
    for (const [from] of edges) {
      const here = edges.filter(([other]) => other === from).length;
      expect(brokenIn(from), from).toEqual(Array(here).fill(rule));
    }
  });

  it.each(LEGAL)('%s may import %s', (from) => {
    expect(brokenIn(from)).toEqual([]);
  });
});
