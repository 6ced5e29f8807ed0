import { tmpdir } from 'node:os';
import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { expect, test } from 'vitest';
import { checkConfiguration } from './config.ts';
import { ManualClock, ScriptedWire } from './drivers/rehearsal.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { buildLines } from './lines.ts';
import { SITE_WIRES } from './site-wires.ts';
import { superviseLine } from './supervise.ts';

/** One serial line with its real driver; every opening of its wire is noted, and the newest one can speak. */
function site(device: string) {
  const source = `gateway: { id: gw-1, address: 1, centre: 2 }\ndata: ${tmpdir()}\nprofile: db36-t1297-2020\nuplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]\nlines:\n  - name: line\n    wire: { kind: serial, path: /dev/ttyUSB0 }\n    devices: [ ${device} ]\n`;
  const configuration = checkConfiguration(source, '/');
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const clock = new ManualClock();
  const openedMs: number[] = [];
  const wires: ScriptedWire[] = [];
  const openStream = async () => {
    openedMs.push(clock.monotonicMs());
    wires.push(new ScriptedWire());
    return wires.at(-1)!;
  };
  const say = (bytes: Uint8Array) => {
    wires.at(-1)!.counters.bytesIn += bytes.length;
    wires.at(-1)!.say(bytes);
  };
  const [line] = buildLines(configuration, clock, { ...SITE_WIRES, openStream });
  const numbers = new LineNumbers(0);
  const links: string[] = [];
  const logged: string[] = [];
  const normalize = ({ observations }: Heard) => {
    for (const { what, detail } of observations) if (what === 'link') links.push(detail!);
    return [];
  };
  const stop = new AbortController();
  const running = superviseLine({
    ...{ line: line!, numbers, clock, random: () => 0, signal: stop.signal, append: async () => {}, tellDropped: async () => {} },
    normalizer: { normalize, settle: () => {}, revert: () => {} },
    log: { info: () => {}, warn: (_, text) => logged.push(text), error: (_, text) => logged.push(text) },
  });
  const close = async () => {
    stop.abort();
    for (let turn = 0; turn < 3; turn++) await clock.advance(2 * limits.LET_GO_WITHIN_MS);
    await running;
  };
  return { clock, numbers, links, logged, openedMs, say, close };
}

const JBF = FAMILIES.get('jbf-193k') as TalkingFamily;
const fire = () => JBF.play.say({ what: 'fire', address: { controller: 1, loop: 1, point: 1 }, deviceTime: '2026-10-01T08:00:00' })!;

test('a line whose only panel is lost is opened anew at once, then ever more seldom, without a word about its link', async () => {
  const { clock, numbers, links, logged, openedMs, close } = site('{ name: panel, family: jbf-193k }');
  await clock.advance(JBF.silenceMs);
  expect([links, openedMs.length]).toEqual([['lost'], 1]);
  await clock.advance(3 * 3_600_000);
  const restsMs = openedMs.slice(2).map((ms, index) => ms - openedMs[index + 1]!);
  expect(restsMs[0]).toBeLessThan(limits.SILENT_AGAIN_MIN_MS + 2 * limits.BEAT_EVERY_MS);
  expect(Math.max(...restsMs)).toBeLessThanOrEqual(limits.SILENT_AGAIN_MAX_MS + 2 * limits.BEAT_EVERY_MS);
  expect(restsMs.at(-1)).toBeGreaterThanOrEqual(limits.SILENT_AGAIN_MAX_MS);
  expect(restsMs.every((ms, index) => index === 0 || ms >= restsMs[index - 1]!)).toBe(true);
  expect(links).toEqual(['lost']);
  expect(numbers).toMatchObject({ state: 'open', sinceMs: expect.any(Number), failures: 0, crashes: 0, reopened: openedMs.length - 1 });
  expect(logged).toEqual([expect.stringContaining('opened anew')]);
  await close();
});

test('a panel that speaks on the wire opened anew is back, and its next silence is met at once again', async () => {
  const { clock, numbers, links, openedMs, say, close } = site('{ name: panel, family: jbf-193k }');
  await clock.advance(JBF.silenceMs + 600_000);
  say(fire());
  await clock.advance(1_000);
  expect(links).toEqual(['lost', 'restored']);
  const before = openedMs.length;
  await clock.advance(JBF.silenceMs - 2_000);
  expect(openedMs).toHaveLength(before);
  await clock.advance(2 * limits.BEAT_EVERY_MS + 1_000);
  expect([links, openedMs.length - before, numbers.crashes]).toEqual([['lost', 'restored', 'lost'], 1, 0]);
  await close();
});

test('a printer line, which says nothing unless something happens, is never opened anew', async () => {
  const { clock, numbers, links, openedMs, close } = site('{ name: printer, family: gst100-printer }');
  await clock.advance(1_800_000);
  expect([links, openedMs.length, numbers.reopened]).toEqual([[], 1, 0]);
  await close();
});

test('a line on which bytes come that nobody can read is no silent one', async () => {
  const { clock, numbers, openedMs, say, close } = site('{ name: panel, family: jbf-193k }');
  for (let turn = 0; turn < JBF.silenceMs / 1_000 + 600; turn++) {
    say(Uint8Array.of(0x55));
    await clock.advance(1_000);
  }
  expect(openedMs.length).toBeLessThanOrEqual(2);
  expect(numbers.crashes).toBe(0);
  await close();
});
