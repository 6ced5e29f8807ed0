import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIALECTS, decodeFrame, encodeFrame, parseTimeTag } from '@fengsui/protocol/gb26875';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { ClockOrder } from './downlink/clock-order.ts';
import { type CarryOutAll, Downlink } from './downlink/downlink.ts';
import { OrderRecord } from './downlink/record.ts';
import { latestTime } from './known-time.ts';
import { CentreTimes } from './uplink/centre-times.ts';
import { CentreDesk } from './uplink/gb26875-centre.ts';
import { stationOf } from './uplink/gb26875-station.ts';

const NOW_MS = Date.UTC(2027, 2, 5, 6, 30, 0);
const CONFIRM = 3;
const DENIAL = 6;

/** A gateway whose site lets a centre set its clock: what the command of the site got, and what the centre is answered. */
async function box() {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-centre-clock-'));
  const record = await OrderRecord.open(join(folder, 'orders.jsonl'), NOW_MS);
  const clock = { ...systemClock, wallMs: () => NOW_MS };
  const command = ['/bin/sh', '-c', 'echo "$1" >> "$0"', join(folder, 'set'), '{time}'];
  const set = new ClockOrder({ clock, clockSynchronised: () => false, latestMs: () => latestTime([], clock.wallMs()), command });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const carryOut = { clock: set } as unknown as CarryOutAll;
  const orders = new Downlink({ gateway: 'gw-1', record, clock, clockSynchronised: () => false, carryOut, log });
  const [dialect, zoneMinutes] = [DIALECTS.get('standard')!, 480];
  const answers: number[] = [];
  const desk = new CentreDesk({
    ...{ name: 'city', gateway: 'gw-1', orders, dialect, zoneMinutes, clock },
    station: stationOf({ dialect, source: 3_000_001, destination: 20, zoneMinutes, clock }),
    times: new CentreTimes(join(folder, 'centre-times.json')),
    numbers: { receiptsIgnored: { malformed: 0, foreign: 0, beyond: 0 } },
    send: (packet) => answers.push(decodeFrame(packet).control.command),
    trouble: (failure) => expect.fail(failure.message),
  });
  onTestFinished(async () => {
    desk[Symbol.dispose]();
    await record.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
  return { desk, answers, read };
}

/** A frame of command 90 whose label agrees with the time in it. */
function clockFrame(serial: number, [year, month, day, hour, minute, second]: readonly number[]): Uint8Array {
  const two = (part: number | undefined) => String(part).padStart(2, '0');
  const time = parseTimeTag(`20${two(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`)!;
  const control = { serial, mainVersion: 1, userVersion: 1, time, source: 20, destination: 3_000_001, command: 1 };
  return encodeFrame(control, Uint8Array.of(90, 1, second!, minute!, hour!, day!, month!, year!));
}

test('one frame of a centre that dates itself 2090 is denied, moves nothing and is not held against the right time that comes next', async () => {
  const { desk, answers, read } = await box();
  desk.hear(clockFrame(1, [90, 1, 1, 0, 0, 0]));
  await vi.waitFor(() => expect(answers).toEqual([DENIAL]), 10_000);
  expect([read('set'), read('centre-times.json')]).toEqual(['', '']);
  expect(read('orders.jsonl')).toContain('the clock of whoever gave the order is wrong');
  desk.hear(clockFrame(2, [27, 3, 5, 14, 30, 30]));
  await vi.waitFor(() => expect(answers).toEqual([DENIAL, CONFIRM]), 10_000);
  expect(read('set')).toBe('2027-03-05 06:30:30 UTC\n');
});
