import { describe, expect, it } from 'vitest';
import { fail } from './failures.ts';
import type { Known } from './known-status.ts';
import { troublesOf } from './told-troubles.ts';

const NOW_MS = 1_800_000_000_000;
const LINE = { name: 'l', state: 'open', lastFailure: null, sinceMs: 1, devices: [], strangers: [] };
const UPLINK = { name: 'collector', state: 'up', lastFailure: null, lastReceiptMs: NOW_MS - 9 };
const LANE = { failure: null, rejected: 0, quarantined: 0 };

/** A gateway that is well, except for what is said. */
function status({
  lines = [LINE] as object[],
  uplinks = [UPLINK] as object[],
  troubles = [] as object[],
  narrowed = [] as object[],
  lane = LANE,
  isFull = false,
} = {}): Known {
  const gateway = { id: 'gw-1', nowMs: NOW_MS, startedMs: NOW_MS - 3_600_000 };
  const journal = { lanes: { alarm: lane, ordinary: LANE }, damagedFiles: [], space: { isFull } };
  return { gateway, narrowed, lines, uplinks, noticed: troubles, journal } as unknown as Known;
}
const told = (...given: Parameters<typeof status>) =>
  troublesOf(status(...given)).map(({ code, where, health }) => `${code} ${where} ${health}`);

describe('the troubles an installer is shown', () => {
  it('are none where all is well', () => expect(troublesOf(status())).toEqual([]));

  it('say what is wrong, where, since when, and how to mend it, in both languages', () => {
    const lastFailure = fail('wire-open', '/dev/ttyUSB0').message;
    expect(troublesOf(status({ lines: [{ ...LINE, state: 'closed', lastFailure }] }))).toEqual([
      {
        ...{ code: 'wire-open', health: 'wrong', where: 'l', sinceMs: 1, detail: expect.stringContaining('/dev/ttyUSB0') },
        what: { en: 'the wire cannot be opened', zh: '线路无法打开' },
        remedy: { en: expect.stringContaining('dialout'), zh: expect.stringContaining('dialout') },
      },
    ]);
    const silent = { ...UPLINK, state: 'connecting', lastFailure: fail('uplink-untrusted', 'CERT').message };
    expect(troublesOf(status({ uplinks: [UPLINK, { ...silent, name: 'spare' }] }))).toMatchObject([
      { code: 'uplink-untrusted', where: 'spare', sinceMs: UPLINK.lastReceiptMs, remedy: { zh: expect.stringContaining('本机时钟') } },
    ]);
  });

  it('name devices that are lost, that were never heard, and that nobody configured', () => {
    const devices = [
      { name: 'a', link: 'lost', heardMs: 5 },
      { name: 'b', link: 'unknown', heardMs: null },
      { name: 'c', link: 'up', heardMs: 7 },
    ];
    const lines = [{ ...LINE, devices, strangers: [{ name: 'unknown-7', heardMs: 9 }] }];
    expect(told({ lines })).toEqual(['device-lost l · a wrong', 'device-unheard l · b doubtful', 'stranger l · unknown-7 doubtful']);
  });

  it('name a setting that an earlier version permitted, with what is in force', () => {
    const line = 'uplinks[0].keepaliveS: 40 was permitted by an earlier version; 20 is in force';
    const narrowed = [{ path: 'uplinks[0].keepaliveS', wrote: 40, inForce: 20, line }];
    expect(troublesOf(status({ narrowed }))).toMatchObject([{ code: 'setting-narrowed', health: 'doubtful', where: '', detail: line }]);
  });

  it('say the same thing once, the wrong before the doubtful', () => {
    const lastFailure = fail('wire-lost', 'l').message;
    const down = { what: 'wire-down', source: 'l', text: 'x', level: 0, saidMs: 3 };
    const clock = { ...down, what: 'clock-unsynchronised', source: 'gw-1' };
    const disk = { ...clock, what: 'disk-full' };
    const failed = { ...down, what: 'driver-failed', source: 'm' };
    expect(
      told({
        troubles: [clock, down, disk, failed],
        lines: [
          { ...LINE, state: 'closed', lastFailure },
          { ...LINE, name: 'm', state: 'isolated' },
        ],
        lane: { failure: null, rejected: 2, quarantined: 1 },
        isFull: true,
      }),
    ).toEqual([
      'wire-lost l wrong',
      'line-isolated m wrong',
      'rows-damaged alarm wrong',
      'disk-full  wrong',
      'rows-rejected alarm doubtful',
      'clock-unsynchronised  doubtful',
    ]);
  });
});
