import { beforeEach, expect, it } from 'vitest';
import type { Said } from '../heard.ts';
import { Links } from '../links.ts';
import { NODE_CRYPTOGRAPHY } from './cryptography.fixture.ts';
import { CLOUDS, freshOf, PushDesk, type PushRequest, type PushSaid, type PushUnheard, readRound, Seen, withLinks } from './index.ts';

const IMEI = '860000000000017';
const CTWING = CLOUDS.get('ctwing')!;
const TARGET = '/push/a-secret-of-the-path';
let nowMs: number;
let counted: PushUnheard[];
let links: Links;
let seen: Seen;

const clock = { monotonicMs: () => nowMs, wallMs: () => 1_790_000_000_000 + nowMs, sleep: async () => {} };
const count = (why: PushUnheard) => void counted.push(why);

beforeEach(() => {
  nowMs = 0;
  counted = [];
  seen = new Seen();
  links = new Links([{ name: 'smoke-302', family: 'push-ctwing/1', silenceMs: 25 * 3_600_000 }], clock);
});

const desk = new PushDesk({
  cloud: CTWING,
  secrets: { path: 'a-secret-of-the-path' },
  cryptography: NODE_CRYPTOGRAPHY,
  devices: [{ name: 'smoke-302', device: IMEI }],
});
const request = (body: Uint8Array, target = TARGET): PushRequest => ({ method: 'POST', target, body });
const fire = (counter: number, imei = IMEI) =>
  request(CTWING.family.play.say({ what: 'fire', address: {}, deviceTime: '2026-10-01T03:59:58' }, imei, counter)!);
const online = (eventType: 0 | 1, timestamp: number) =>
  request(new TextEncoder().encode(JSON.stringify({ messageType: 'deviceOnlineOfflineReport', eventType, IMEI, timestamp })));

function round(...requests: PushRequest[]): PushSaid[] {
  const { said } = readRound(requests, desk, clock.wallMs(), count);
  return freshOf(said, seen, count);
}
/** Each message's words, without the temperature that this device tells with everything. */
function words(heard: ReadonlyArray<{ readonly observations: readonly Said[] }>): string[] {
  const word = ({ what, detail }: Said) => (what === 'reading' ? [] : what === 'link' ? [`link ${detail}`] : [what]);
  return heard.map(({ observations }) => observations.flatMap(word).join('+'));
}

/** What a round says; durable from now on. */
function told(...requests: PushRequest[]): string[] {
  const fresh = round(...requests);
  const heard = withLinks(fresh, links);
  links.settle(heard);
  for (const { key } of fresh) seen.remember(key);
  return words(heard);
}

it('answers at once what is refused, and holds the rest until it is durable', () => {
  const [good, bad] = [fire(1), request(new Uint8Array([1]), '/push/wrong')];
  const { atOnce, held, said } = readRound([bad, good], desk, clock.wallMs(), count);
  expect(atOnce).toEqual([[bad, { status: 404, text: '' }]]);
  expect(held).toEqual([good]);
  expect(said).toHaveLength(1);
  expect(counted).toEqual(['wrong-path']);
});

it('hears a message once, in one round and after it, and again when it was not durable', () => {
  expect(round(fire(1), fire(1), fire(2))).toHaveLength(2);
  expect(counted).toEqual(['repeat']);
  expect(round(fire(1))).toHaveLength(1);
  expect(told(fire(1))).toEqual(['link restored+fire']);
  expect(told(fire(1))).toEqual([]);
});

it('counts strangers and what nobody can read, with their bytes, and hears them', () => {
  expect(words(withLinks(round(fire(1, '860000000000099'), request(new Uint8Array([7]))), links))).toEqual(['fire', 'text']);
  expect(counted).toEqual(['unknown-device', 'undecodable', 'unknown-device']);
});

it('says that a link is lost or back only when that is news', () => {
  expect(told(fire(1), fire(2))).toEqual(['link restored+fire', 'fire']);
  expect(told(online(1, 1_790_000_000_001))).toEqual([]);
  expect(told(online(0, 1_790_000_000_002), online(0, 1_790_000_000_003))).toEqual(['link lost']);
  expect(told(online(0, 1_790_000_000_004))).toEqual([]);
  expect(told(online(1, 1_790_000_000_005))).toEqual(['link restored']);
});

it('lets a device that is reported offline not count as one that spoke', () => {
  told(fire(1));
  nowMs = 25 * 3_600_000 - 1;
  told(online(0, 1_790_000_000_002));
  expect(links.standings().get('smoke-302')).toBe('lost');
  expect(links.overdue()).toEqual([]);
});
