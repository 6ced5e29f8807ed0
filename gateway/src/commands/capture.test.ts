import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAMILIES } from '@fengsui/protocol/families';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { pollsOnly } from '../commission/capture.ts';
import { type Capture, readCapture } from '../commission/capture-text.ts';
import { isTalking, playPanel, sayingsOf } from '../commission/panel.fixture.ts';
import { runGateway } from './gateway.fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-capture-'));
});
afterEach(() => rm(folder, { recursive: true }));

function panelOf(name: string) {
  const family = FAMILIES.get(name);
  if (!family || !isTalking(family)) throw new Error(`${name} is no talking family`);
  return family;
}

async function configured(port: number, family: string): Promise<string> {
  const config = join(folder, 'gateway.yaml');
  const site = {
    gateway: { id: 'gw-1', address: 1, centre: 2 },
    data: 'data',
    profile: 'db36-t1297-2020',
    uplinks: [{ name: 'collector', kind: 'mqtt', url: 'mqtt://127.0.0.1:1883' }],
    lines: [
      {
        name: 'panel-line',
        wire: { kind: 'tcp', host: '127.0.0.1', port },
        devices: [{ name: 'panel-1', family, points: [{ address: { point: 2 }, place: '东走道' }] }],
      },
    ],
  };
  await writeFile(config, stringify(site));
  return config;
}

const captured = async (out: string) => readCapture(await readFile(out, 'utf8')) as Capture;

test('a capture listens only, guesses the family, and its replay prints what the panel said and what it means', async () => {
  await using panel = await playPanel(panelOf('jb3208'));
  const out = join(folder, 'site.cap');
  const { code, stderr } = await runGateway('capture', '--wire', `tcp:127.0.0.1:${panel.port}`, '--out', out, '--seconds', '2');
  expect(code).toBe(0);
  expect(stderr).toContain('looks like jb3208');
  expect(panel.heardBytes()).toBe(0);
  expect((await captured(out)).end).toMatchObject({ end: 'stopped', looksLike: expect.arrayContaining(['jb3208']) });
  const first = await runGateway('replay', out);
  expect(first.code).toBe(0);
  const packets = first.rows().flatMap(({ packet }) => packet ?? []);
  expect(packets).toEqual(sayingsOf(panelOf('jb3208')).map((packet) => Buffer.from(packet).toString('hex')));
  expect(first.rows().find(({ event }) => event)).toMatchObject({ event: { source: 'device' } });
  expect((await runGateway('replay', out)).stdout).toBe(first.stdout);
  const again = await runGateway('capture', '--wire', `tcp:127.0.0.1:${panel.port}`, '--out', out);
  expect(again.stderr).toContain('EEXIST');
});

test('a configured line is polled and not answered, unless that is asked for; its replay knows the places', async () => {
  await using panel = await playPanel(panelOf('jb3208'));
  const config = await configured(panel.port, 'jb3208');
  const order = ['capture', '--config', config, '--line', 'panel-line', '--seconds', '2', '--out'];
  const silent = await runGateway(...order, join(folder, 'silent.cap'));
  expect(silent.stderr).toContain('not answered');
  expect(panel.heardBytes()).toBe(0);
  expect((await captured(join(folder, 'silent.cap'))).chunks.some(({ withheld }) => withheld)).toBe(true);
  const answered = await runGateway(...order, join(folder, 'answered.cap'), '--answer');
  expect(answered.stderr).toContain('not at the collector');
  expect(panel.heardBytes()).toBeGreaterThan(0);
  const { rows } = await runGateway('replay', join(folder, 'answered.cap'), '--config', config);
  expect(rows()).toContainEqual({ event: expect.objectContaining({ kind: 'fire', place: '东走道', source: 'panel-1' }) });
  const wrong = await runGateway('capture', '--config', config, '--line', 'other', '--out', join(folder, 'x.cap'));
  expect(wrong.stderr).toContain('must be one of panel-line (got other)');
});

test('the gate of a capture lets the polls of every family pass, and none of its other packets', () => {
  for (const family of [...FAMILIES.values()].filter(isTalking)) {
    const gate = pollsOnly([family]);
    for (let turn = 0; turn < 10; turn++) expect(!family.poll || gate(family.poll.packet(turn))).toBe(true);
    for (const packet of sayingsOf(family)) {
      const answer = family.resync?.(packet, 0) ?? family.answer?.(packet, '2026-10-01T12:00:00');
      if (answer) expect(gate(answer)).toBe(false);
    }
  }
});

test('a capture that a power cut ended is read up to its last whole line', () => {
  const header = '{"fengsui":"capture","version":1,"startedMs":0,"wire":{"kind":"tcp","host":"x","port":1}}';
  const text = `${header}\n{"ms":1,"direction":"in","hex":"aa"}\n{"ms":2,"direction":"in","he`;
  expect(readCapture(text)).toMatchObject({ chunks: [{ ms: 1 }] });
  expect(readCapture(text)).not.toHaveProperty('end');
});

test('a text that is no capture is told line by line and never thrown over', () => {
  const header = '{"fengsui":"capture","version":1,"startedMs":0,"wire":{"kind":"tcp","host":"x","port":1}}';
  const rows = [
    '{"ms":5,"direction":"in","hex":"aa"}',
    '{"ms":4,"direction":"in","hex":"aa"}',
    '{"ms":6,"direction":"up","hex":"aa"}',
    'rubbish',
  ];
  expect(readCapture(`${[header, ...rows].join('\n')}\n`)).toEqual({
    problems: [
      'line 3: ms must not step back (4 after 5)',
      'line 4: direction must be in or out (got "up")',
      'line 5: is no row of a capture',
    ],
  });
  expect(readCapture('{"fengsui":"capture","version":2}\n')).toMatchObject({ problems: [expect.stringContaining('version 2')] });
  fc.assert(fc.property(fc.array(fc.oneof(fc.json(), fc.constantFrom(header, ...rows))), (lines) => void readCapture(lines.join('\n'))));
});
