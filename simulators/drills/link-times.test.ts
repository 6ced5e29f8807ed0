import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ours from '@fengsui/collector/src/limits.ts';
import { loadConfiguration } from '@fengsui/gateway/src/config.ts';
import { GATEWAY_SCHEMA } from '@fengsui/gateway/src/config-schema.ts';
import * as limits from '@fengsui/gateway/src/limits.ts';
import { describe, expect, it } from 'vitest';

/** P4: a dead link is told at both ends within this, and a backup path takes over. */
const WITHIN_MS = 60_000;

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
  /** Wider ones, of earlier versions. */
  readonly released?: Partial<Bounds>;
}

/** What the configuration permits of a setting of an uplink to a collector. */
function permitted(setting: 'keepaliveS' | 'receiptTimeoutMs' | 'reconnectMinMs' | 'reconnectMaxMs'): Bounds {
  const { anyOf } = GATEWAY_SCHEMA.properties.uplinks.items as unknown as {
    readonly anyOf: ReadonlyArray<{ readonly properties: Readonly<Record<string, Bounds & { readonly const?: unknown }>> }>;
  };
  return anyOf.find(({ properties }) => properties['kind']!.const === 'mqtt')!.properties[setting]!;
}

function valuesOf({ minimum, maximum }: Bounds, step = 1): number[] {
  const steps = Math.floor((maximum - minimum) / step);
  return [...Array.from({ length: steps + 1 }, (_, index) => minimum + index * step), maximum];
}

/** MQTT 3.1.1 §3.1.2.10 for the broker; the client asks after one keep-alive without a word and gives up after half of one more. */
const noticedMs = (keepaliveS: number) => keepaliveS * 1_500;

/**
 * When a backup path that is in order carries, after the primary was lost without a word: at once where it was not heard for long enough,
 * otherwise when a try of the primary, as long as it may take, finds that. Waits are the longest that chance allows.
 */
function backupCarriesMs(keepaliveS: number, reconnectMinMs: number, reconnectMaxMs: number): number {
  let lostMs = noticedMs(keepaliveS);
  let tries = 0;
  for (; lostMs < limits.FAIL_OVER_AFTER_MS; tries++) lostMs += Math.min(reconnectMaxMs, reconnectMinMs * 2 ** tries);
  // A try that takes long makes the path be silent for long enough all the sooner: only the last counts whole.
  const lastTryMs = tries > 0 ? limits.CONNECT_TIMEOUT_MS : 0;
  return lostMs + lastTryMs + limits.CONNECT_TIMEOUT_MS;
}

describe('for every setting that is permitted', () => {
  it('a box that is dead is told at the collector within 60 s', () => {
    for (const keepaliveS of valuesOf(permitted('keepaliveS')))
      expect(noticedMs(keepaliveS) + ours.GATEWAY_GONE_MS + ours.OWN_VOICE_LOOK_MS).toBeLessThanOrEqual(WITHIN_MS);
    expect(permitted('keepaliveS').maximum).toBeLessThanOrEqual(ours.KEEPALIVE_MAX_S);
  });

  it('a link that is dead without a word is told in the journal within 60 s, be something on its way or not', () => {
    for (const keepaliveS of valuesOf(permitted('keepaliveS')))
      expect(noticedMs(keepaliveS) + limits.LINK_GRACE_MS).toBeLessThanOrEqual(WITHIN_MS);
  });

  it('a collector that answers and confirms nothing is told within 60 s, also where it had passed a batch over before', () => {
    for (const receiptTimeoutMs of valuesOf(permitted('receiptTimeoutMs'), 10)) {
      const sends = 1 + limits.RESENDS_MAX;
      expect((sends + 1) * receiptTimeoutMs + limits.LINK_GRACE_MS).toBeLessThanOrEqual(WITHIN_MS);
    }
  });

  it('a backup path carries within 60 s, whichever way the primary was lost', () => {
    // 0: it was closed, and that was seen at once.
    for (const reconnectMinMs of valuesOf(permitted('reconnectMinMs'), 50))
      for (const reconnectMaxMs of [reconnectMinMs, reconnectMinMs * 2, permitted('reconnectMaxMs').maximum])
        for (const keepaliveS of [0, ...valuesOf(permitted('keepaliveS'))])
          expect(backupCarriesMs(keepaliveS, reconnectMinMs, reconnectMaxMs)).toBeLessThanOrEqual(WITHIN_MS);
    // Pings are answered, receipts are not: given up after all re-sends, and the backup is tried at once.
    const silentMs = (2 + limits.RESENDS_MAX) * permitted('receiptTimeoutMs').maximum;
    expect(silentMs + limits.CONNECT_TIMEOUT_MS).toBeLessThanOrEqual(WITHIN_MS);
  });
});

/** What is in force of a configuration that was stored with these. */
function inForce(settings: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-link-times-'));
  const uplink = { name: 'collector', kind: 'mqtt', url: 'mqtt://127.0.0.1:1', ...settings };
  const site = { gateway: { id: 'gw-1', address: 1, centre: 2 }, profile: 'db36-t1297-2020', data: folder, uplinks: [uplink] };
  try {
    writeFileSync(join(folder, 'gateway.yaml'), JSON.stringify(site));
    const read = loadConfiguration(join(folder, 'gateway.yaml'));
    if ('problems' in read) throw new Error(read.problems.join('; '));
    return read.configuration.uplinks[0] as unknown as Readonly<Record<string, number>>;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each(['keepaliveS', 'receiptTimeoutMs', 'reconnectMinMs'] as const)(
  'all of that holds for a stored configuration, too: of a %s that an earlier version permitted, a permitted one is in force',
  (setting) => {
    const { minimum, maximum, released } = permitted(setting);
    expect(released!.maximum).toBeGreaterThan(maximum);
    for (const stored of [minimum, maximum, maximum + 1, Math.round((maximum + released!.maximum!) / 2), released!.maximum!])
      expect(inForce({ reconnectMaxMs: 60_000, [setting]: stored })[setting]).toBe(Math.min(stored, maximum));
  },
);

/** P2: the first alarm after an outage is due within this of the way being there. */
const FIRST_ALARM_WITHIN_MS = 3_000;

describe('while an alarm waits', () => {
  it('a SYN goes out within 2 s of the way being there, and a second is left for five round trips', () => {
    // Each that is dialled sends its SYN twice, at once and again; the next begins when the one before is as old as chance allows.
    const whileDialling = Math.max(limits.SYN_AGAIN_MS, limits.DIAL_BESIDE_MAX_MS - limits.SYN_AGAIN_MS);
    // A try that is over took with it what it had dialled last, and rests.
    const betweenTries = whileDialling + limits.ALARM_RECONNECT_MAX_MS;
    // A connection that stood in the break is dialled beside as soon as the kernel has sent in vain twice: at 0.2 and 0.6 s where Linux waits least.
    const whileConnected = whileDialling + limits.STALLED_LOOK_MS;
    for (const gapMs of [whileDialling, betweenTries, whileConnected]) expect(gapMs + 1_000).toBeLessThanOrEqual(FIRST_ALARM_WITHIN_MS);
  });

  it('what is dialled and not answered is left alone for longer than any round trip, and all of it is bounded', () => {
    expect(limits.DIALS_UNANSWERED_MAX * limits.DIAL_BESIDE_MIN_MS).toBeGreaterThan(2 * 3_400);
    expect(limits.DIALS_UNANSWERED_MAX).toBeLessThanOrEqual(8);
  });
});
