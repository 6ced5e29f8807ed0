import { tmpdir } from 'node:os';
import { answerModbus, sealModbus } from '@fengsui/protocol';
import { expect, test } from 'vitest';
import { checkConfiguration } from './config.ts';
import { ManualClock, ScriptedWire } from './drivers/rehearsal.ts';
import { eventOf } from './journal/journal.fixture.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { buildLines } from './lines.ts';
import { SITE_WIRES } from './site-wires.ts';
import { superviseLine } from './supervise.ts';

/** A bus of gas controllers, asked unit by unit; those that are not alive never answer. Each round is a row that the journal takes so long for, each answer takes so long. */
function bus(alive: readonly number[], commitMs = 0, answerMs = 0) {
  const devices = [1, 2].map(
    (unit) => `      - { name: gas-${unit}, family: gas-sfjk200, unit: ${unit}, points: [ { register: controller } ] }`,
  );
  const source = `gateway: { id: gw-1, address: 1, centre: 2 }\ndata: ${tmpdir()}\nprofile: db36-t1297-2020\nuplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]\nlines:\n  - name: bus\n    wire: { kind: serial, path: /dev/ttyUSB0 }\n    devices:\n${devices.join('\n')}\n`;
  const configuration = checkConfiguration(source, '/');
  if ('problems' in configuration) throw new Error(configuration.problems.join('\n'));
  const clock = new ManualClock();
  const openStream = async () => {
    const wire = new ScriptedWire();
    wire.onWrite = (sent) => {
      wire.counters.bytesOut += sent.length;
      const answer = answerModbus(sent, sent[0]!, () => 0) ?? sealModbus([sent[0]!, 0x83, 2]);
      if (alive.includes(sent[0]!)) void clock.sleep(answerMs).then(() => wire.say(answer));
    };
    return wire;
  };
  const [line] = buildLines(configuration, clock, { ...SITE_WIRES, openStream });
  const numbers = new LineNumbers(0);
  const links: string[] = [];
  const note = ({ device, observations }: Heard) => {
    for (const { what, detail } of observations) if (what === 'link') links.push(`${device} ${detail}`);
    return commitMs > 0 ? [eventOf('reading')] : [];
  };
  const stop = new AbortController();
  const running = superviseLine({
    ...{ line: line!, numbers, clock, random: () => 0, signal: stop.signal },
    ...{ append: () => clock.sleep(commitMs), tellDropped: async () => {} },
    normalizer: { normalize: note, settle: () => {}, revert: () => {} },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const close = async () => {
    stop.abort();
    for (let turn = 0; turn < 3; turn++) await clock.advance(2 * limits.LET_GO_WITHIN_MS + commitMs);
    await running;
  };
  return { clock, numbers, links, close };
}

test('a dead unit on a polled bus is lost by its own questions in vain: the driver does not hang, and no healthy unit is lost with it', async () => {
  const { clock, numbers, links, close } = bus([2]);
  await clock.advance(180_000);
  expect(links.sort()).toEqual(['gas-1 lost', 'gas-2 restored']);
  expect([numbers.crashes, numbers.state]).toEqual([0, 'open']);
  await close();
});

test('a polled bus on which every unit is dead is no hung driver either', async () => {
  const { clock, numbers, links, close } = bus([]);
  await clock.advance(300_000);
  expect(links.sort()).toEqual(['gas-1 lost', 'gas-2 lost']);
  expect(numbers.crashes).toBe(0);
  await close();
});

test('a bus whose every round waits long for the disk, longer than a unit may be silent, has no hung driver', async () => {
  const { clock, numbers, links, close } = bus([1, 2], 12_777, 900);
  await clock.advance(3_600_000);
  expect(links.sort()).toEqual(['gas-1 restored', 'gas-2 restored']);
  expect([numbers.crashes, numbers.state]).toEqual([0, 'open']);
  await close();
});
