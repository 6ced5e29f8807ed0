import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Board } from '../board.ts';
import { machineClock } from '../clock.ts';
import { batchOf } from '../ledger/conformance.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import {
  GATEWAY_BACK_OFF_MS,
  GATEWAY_FORGOTTEN_MS,
  GATEWAY_GONE_MS,
  OWN_EVENTS_AT_ONCE,
  REFUSALS_SAID_AGAIN_MS,
  STANDBY_LOOK_LONGEST_MS,
  STANDBY_LOOK_MS,
  STANDBY_LOOKS_MISSED,
  STRANGERS_KEPT,
  TURNED_AWAY_STANDS_MS,
} from '../limits.ts';
import { AbsenceMatter } from './absence-matter.ts';
import { absenceWords } from './absence-words.ts';
import { Attendance } from './attendance.ts';
import { COLLECTOR_ITSELF, OwnVoice } from './own-voice.ts';
import { TurnedAway } from './turned-away.ts';

const NOON_MS = Date.UTC(2026, 2, 1, 6, 0, 5);

/** Time that passes by hand, the wall clock beside it. */
function handClock() {
  let passedMs = 0;
  const clock = {
    wallMs: () => NOON_MS + passedMs,
    monotonicMs: () => passedMs,
    sleep: (ms: number, signal?: AbortSignal) => machineClock.sleep(Math.min(ms, 10), signal),
  };
  return { clock, pass: (ms: number) => (passedMs += ms) };
}

/** A collector that has run for long, in which the gateways come and go by hand; what it says stands in `said`. */
function world(heard: readonly string[], said: ReadonlyMap<string, number> = new Map(), words = '') {
  const { clock, pass } = handClock();
  const turnedAway = new TurnedAway({ clock, zoneMinutes: 480, log: { warn: () => {} } });
  const attendance = new Attendance(clock);
  const revoked = new Set<string>();
  const heardMs = new Map<string, number>();
  const matter = new AbsenceMatter({
    ...{ clock, zoneMinutes: 480, attendance: () => attendance },
    heard: () => heard.map((gateway) => ({ gateway, heardMs: heardMs.get(gateway) ?? NOON_MS })),
    isRevoked: (gateway) => revoked.has(gateway),
    turnedAway: () => turnedAway,
    said: async () => new Map([...said].map(([gateway, sinceMs]) => [gateway, { words, sinceMs }])),
  });
  const look = () => matter.look().map(({ kind, edge, source }) => [kind, edge, source]);
  return { attendance, turnedAway, revoked, heardMs, matter, look, pass };
}

/** The same with all of them connected, and old enough to know who is away. */
function settled(...heard: string[]) {
  const made = world(heard);
  for (const gateway of heard) made.attendance.came(gateway);
  made.pass(GATEWAY_BACK_OFF_MS);
  return made;
}

const began = (gateway: string) => ['link', 'began', gateway];
const still = (gateway: string) => ['link', 'still', gateway];
const ended = (gateway: string) => ['link', 'ended', gateway];

describe('a gateway that stays away', () => {
  it('is told as gone once, with the words of both languages and since when, and as back once', () => {
    const { attendance, matter, look, pass } = settled('gw-1', 'gw-2');
    attendance.left('gw-1');
    pass(GATEWAY_GONE_MS - 1);
    expect(look()).toEqual([]);
    pass(1);
    const [event, ...more] = matter.look();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      kind: 'link',
      edge: 'began',
      source: 'gw-1',
      time: { ms: NOON_MS + GATEWAY_BACK_OFF_MS, zoneMinutes: 480 },
    });
    expect(event!.text).toMatch(
      /网关 gw-1 自 2026-03-01 14:00:35 UTC\+8 起与本采集端无连接.*gateway gw-1 has no connection to this collector since 2026-03-01 14:00:35 UTC\+8/,
    );
    pass(3_600_000);
    expect(look()).toEqual([]);
    attendance.came('gw-1');
    expect(look()).toEqual([ended('gw-1')]);
    pass(3_600_000);
    expect(look()).toEqual([]);
  });

  it('is no event while it only comes back by another way, however often, or takes its own session over', () => {
    const { attendance, look, pass } = settled('gw-1');
    for (let time = 0; time < 20; time += 1) {
      attendance.left('gw-1');
      pass(25_000);
      expect(look()).toEqual([]);
      attendance.came('gw-1');
      attendance.came('gw-1');
      expect(look()).toEqual([]);
    }
  });

  it('is told within a minute of its last word where a link of the default keep-alive dies silently', () => {
    const closedMs = 1.5 * 20_000;
    expect(closedMs + GATEWAY_GONE_MS + 1_000).toBeLessThan(60_000);
  });

  it('is nobody right after a start, and who does not come in by then', () => {
    const { attendance, matter, look, pass } = world(['gw-1', 'gw-2']);
    attendance.came('gw-2');
    attendance.left('gw-2');
    pass(GATEWAY_BACK_OFF_MS + GATEWAY_GONE_MS - 1);
    expect(look()).toEqual([]);
    attendance.came('gw-2');
    pass(1);
    expect(look()).toEqual([began('gw-1')]);
    expect(matter.connectionOf('gw-1')).toEqual({ connected: false, sinceMs: NOON_MS });
  });

  it('is not told where it was never heard, is revoked, or is an operator cloud or the collector itself', () => {
    const { attendance, revoked, look, pass } = settled('gw-1', 'cloud-ctwing', COLLECTOR_ITSELF);
    attendance.came('gw-never-heard');
    for (const gateway of ['gw-1', 'gw-never-heard', 'cloud-ctwing', COLLECTOR_ITSELF]) attendance.left(gateway);
    revoked.add('gw-1');
    pass(10 * GATEWAY_GONE_MS);
    expect(look()).toEqual([]);
  });

  it('is told with others in turns where many go at once, each once, and so is their return', () => {
    const gateways = Array.from({ length: 2 * OWN_EVENTS_AT_ONCE + 1 }, (_, index) => `gw-${index}`);
    const { attendance, look, pass } = settled(...gateways);
    const turns = () => [look(), look(), look(), look()];
    for (const gateway of gateways) attendance.left(gateway);
    pass(GATEWAY_GONE_MS);
    const told = turns();
    expect(told.map(({ length }) => length)).toEqual([OWN_EVENTS_AT_ONCE, OWN_EVENTS_AT_ONCE, 1, 0]);
    expect(told.flat()).toEqual(gateways.map(began));
    for (const gateway of gateways) attendance.came(gateway);
    expect(turns().flat()).toEqual(gateways.map(ended));
  });

  it('is waited for no more once it is revoked', () => {
    const { attendance, revoked, matter, look, pass } = settled('gw-1');
    attendance.left('gw-1');
    pass(GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-1')]);
    revoked.add('gw-1');
    expect(matter.look()).toMatchObject([{ kind: 'link', edge: 'ended', source: 'gw-1', text: expect.stringContaining('已吊销') }]);
    expect(look()).toEqual([]);
  });

  it('stands over a restart of the collector, neither told again nor ended, since when it was gone first', async () => {
    const goneMs = NOON_MS - 7_200_000;
    const { attendance, matter, look, pass } = world(['gw-1'], new Map([['gw-1', goneMs]]));
    await matter.recall();
    expect(look()).toEqual([]);
    pass(10 * GATEWAY_GONE_MS);
    expect(look()).toEqual([]);
    expect(matter.connectionOf('gw-1')).toEqual({ connected: false, sinceMs: goneMs });
    attendance.came('gw-1');
    expect(look()).toEqual([ended('gw-1')]);
    expect(matter.connectionOf('gw-1')).toEqual({ connected: true, sinceMs: NOON_MS + 10 * GATEWAY_GONE_MS });
  });
});

describe('a gateway whose backup path leads to this collector', () => {
  /** Another collector carries; this one is looked at, as far apart as said. */
  function standby(everyMs: number) {
    const made = settled('gw-1');
    made.attendance.left('gw-1'); // the fail-back: from now on it only looks
    const looks = (times: number) => {
      for (let time = 0; time < times; time += 1) {
        made.attendance.looked('gw-1');
        for (let passed = 0; passed < everyMs; passed += 1_000) {
          made.pass(1_000);
          expect(made.look()).toEqual([]);
        }
      }
    };
    return { ...made, looks };
  }

  it('is there for as long as it looks, and gone when no look comes', () => {
    const { attendance, look, looks, pass } = standby(STANDBY_LOOK_MS);
    looks(100);
    pass((STANDBY_LOOKS_MISSED - 1) * STANDBY_LOOK_MS - 1);
    expect(look()).toEqual([]);
    pass(1);
    expect(look()).toEqual([began('gw-1')]);
    pass(STANDBY_LOOK_MS);
    attendance.looked('gw-1');
    expect(look()).toEqual([]); // it may have been a connection that came to nothing
    pass(STANDBY_LOOK_MS);
    attendance.looked('gw-1');
    expect(look()).toEqual([ended('gw-1')]);
  });

  it('is not there for connections that come to nothing now and then, hours apart, and not for one of them longer than for a look', () => {
    const { attendance, look, pass } = standby(STANDBY_LOOK_MS);
    const hourMs = 3_600_000;
    attendance.looked('gw-1');
    pass(STANDBY_LOOKS_MISSED * STANDBY_LOOK_MS);
    expect(look()).toEqual([began('gw-1')]);
    for (const hours of [2, 0.5, 3, 20, 1, 49, 48]) {
      pass(hours * hourMs);
      attendance.looked('gw-1');
      expect(look()).toEqual([]);
      expect(attendance.isGone('gw-1'), `${hours} h`).toBe(true);
    }
  });

  it('is soon known to look at another distance, shorter or longer, since somebody set that', () => {
    const { attendance, looks, look, pass } = standby(STANDBY_LOOK_MS);
    looks(3);
    for (const everyMs of [600_000, STANDBY_LOOK_MS]) {
      for (let time = 0; time < 3; time += 1) {
        attendance.looked('gw-1');
        pass(everyMs);
        look();
      }
      attendance.looked('gw-1');
      expect(attendance.isGone('gw-1')).toBe(false);
      pass(STANDBY_LOOKS_MISSED * everyMs);
      expect(attendance.isGone('gw-1')).toBe(true);
    }
  });

  it('is known by how far apart its looks are, where somebody set that: also behind another fail-over', () => {
    const { attendance, look, pass } = standby(STANDBY_LOOK_MS);
    const hourMs = 3_600_000;
    attendance.looked('gw-1');
    pass(hourMs);
    expect(look()).toEqual([began('gw-1')]); // nobody could know
    attendance.looked('gw-1');
    expect(look()).toEqual([]);
    pass(hourMs);
    attendance.looked('gw-1');
    expect(look()).toEqual([ended('gw-1')]);
    for (let time = 0; time < 5; time += 1) {
      pass(1.3 * hourMs);
      expect(look()).toEqual([]);
      attendance.looked('gw-1');
      if (time !== 2) continue;
      attendance.came('gw-1');
      pass(100 * hourMs);
      attendance.left('gw-1');
      attendance.looked('gw-1');
    }
  });
});

describe('a gateway that is kept out', () => {
  const proven = { gateway: 'gw-1', isProven: true, address: '10.0.0.7' };
  const MINUTE_MS = 60_000;
  const REFUSED = 1.5 * STRANGERS_KEPT;
  /** What is told while each step takes a second, and nobody thinks that the process stood still. */
  const watched = ({ attendance, look, pass }: ReturnType<typeof world>, seconds: number, does: (second: number) => void = () => {}) =>
    Array.from({ length: seconds }, (_, second) => {
      does(second);
      pass(1_000);
      attendance.beat();
      return look();
    }).flat();

  it('is told once with since when, why and what to do, also where it was never heard, and its end when it comes in', () => {
    const { attendance, turnedAway, matter, look, pass } = settled();
    turnedAway.add('expired', { ...proven, detail: 'Jan 1 2026' });
    pass(GATEWAY_GONE_MS);
    const [event, ...more] = matter.look();
    expect([more, event]).toEqual([[], expect.objectContaining({ kind: 'link', edge: 'began', source: 'gw-1' })]);
    expect(event!.text).toMatch(/^网关 gw-1 被拒绝接入.*证书已过期.*自 2026-03-01 14:00:35 UTC\+8 起,来自 10\.0\.0\.7.*续签/);
    expect(event!.text).toMatch(/gateway gw-1 is refused since .* its certificate has ended \(Jan 1 2026\).*What to do: renew it/);
    for (let time = 0; time < 60; time += 1) {
      pass(60_000);
      turnedAway.add('expired', proven);
      expect(look()).toEqual([]);
    }
    attendance.came('gw-1');
    turnedAway.entered('gw-1');
    expect(matter.look()).toMatchObject([{ edge: 'ended', text: expect.stringContaining('已恢复连接') }]);
    expect(look()).toEqual([]);
  });

  it('is told in the incident that says it is gone, by a word more with the reason, and so is each further reason', () => {
    const { attendance, revoked, turnedAway, matter, look, pass } = settled('gw-1');
    attendance.left('gw-1');
    pass(GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-1')]);
    turnedAway.add('expired', proven);
    const [told, ...more] = matter.look();
    expect([more, told]).toEqual([[], expect.objectContaining({ kind: 'link', edge: 'still', source: 'gw-1' })]);
    expect(told!.text).toMatch(
      /^网关 gw-1 自 .* 起与本采集端无连接,持其证书者被拒绝接入\(expired\):证书已过期,最近 .* 来自 10\.0\.0\.7。若为本网关:.*续签/,
    );
    expect(told!.text).toMatch(
      /no connection since .*is refused, because: its certificate has ended.*Where that is the box itself: renew it.*a copy of its key/,
    );
    revoked.add('gw-1');
    turnedAway.add('revoked', proven);
    expect(matter.look()).toMatchObject([{ edge: 'still', text: expect.stringContaining('pki/revoked') }]);
    pass(TURNED_AWAY_STANDS_MS);
    expect(matter.look()).toMatchObject([{ edge: 'ended', text: expect.stringContaining('不再尝试接入') }]);
    expect(look()).toEqual([]); // it is revoked and gone: nobody waits
  });

  it('is not told as back by a copy of an old key that knocks, nor told at all for one while it is there or only comes back by another way', () => {
    const one = settled('gw-1');
    const knocks = (second: number) => second % 60 === 0 && one.turnedAway.add('expired', proven);
    expect(watched(one, 600, knocks)).toEqual([]);
    one.attendance.left('gw-1');
    expect(watched(one, 25, knocks)).toEqual([]);
    one.attendance.came('gw-1');
    one.turnedAway.entered('gw-1');
    expect(watched(one, 30)).toEqual([]);
    one.attendance.left('gw-1');
    expect(watched(one, 60)).toEqual([began('gw-1')]);
    expect(watched(one, 3_600, knocks)).toEqual([still('gw-1')]);
    one.attendance.came('gw-1');
    expect(watched(one, 3_600, knocks)).toEqual([ended('gw-1')]);
  });

  it('is one incident where it only looks at this way now and then, up to once a day, and no look comes through', () => {
    for (const everyS of [900, 86_400 / 4]) {
      const one = settled('gw-1');
      one.attendance.left('gw-1');
      const looks = (second: number) => second % everyS === everyS - 1 && one.turnedAway.add('expired', proven);
      expect(watched(one, 4 * everyS, looks)).toEqual([began('gw-1'), still('gw-1')]);
    }
    expect(TURNED_AWAY_STANDS_MS).toBeLessThan(STANDBY_LOOK_LONGEST_MS);
    const never = settled();
    never.pass(GATEWAY_GONE_MS);
    for (let day = 0; day < 4; day += 1) {
      never.turnedAway.add('expired', proven);
      expect(never.look()).toEqual(day === 0 ? [began('gw-1')] : []);
      never.pass(STANDBY_LOOK_LONGEST_MS);
    }
  });

  it('by turns for two reasons, as two boxes of one name are, is one incident that says the one, the other, and then one of them an hour', () => {
    const one = settled('gw-1');
    one.attendance.left('gw-1');
    const knocks = (second: number) => {
      if (second % 60 === 0) one.turnedAway.add('expired', proven);
      if (second % 60 === 30) one.turnedAway.add('other-name', { ...proven, address: '10.0.0.8' });
    };
    const told = watched(one, 3 * 3_600, knocks);
    expect(told).toEqual([began('gw-1'), still('gw-1'), still('gw-1'), still('gw-1')]);
    expect(REFUSALS_SAID_AGAIN_MS).toBe(60 * MINUTE_MS);
    one.attendance.came('gw-1');
    expect(watched(one, 3_600, knocks)).toEqual([ended('gw-1')]);
  });

  it('is told neither as over nor otherwise while this collector stands still and as long after that as it may take to come again', () => {
    const one = settled();
    const knocks = (second: number) => second % 60 === 0 && one.turnedAway.add('other-name', proven);
    expect(watched(one, 300, knocks)).toEqual([began('gw-1')]);
    one.pass(2 * TURNED_AWAY_STANDS_MS);
    expect(watched(one, 59)).toEqual([]);
    expect(watched(one, 300, knocks)).toEqual([]);
    expect(watched(one, TURNED_AWAY_STANDS_MS / 1_000)).toEqual([ended('gw-1')]);
  });

  it('is told once with all others, as many as there may be, whatever strangers call themselves, and its return once', () => {
    const gateways = Array.from({ length: REFUSED }, (_, index) => `gw-${index}`);
    const { attendance, turnedAway, look, pass } = settled(...gateways);
    for (const gateway of gateways) attendance.left(gateway);
    pass(GATEWAY_GONE_MS);
    const told = new Map<string, number>();
    const drain = () => {
      for (let events = look(); events.length > 0; events = look())
        for (const [, edge] of events) told.set(edge!, (told.get(edge!) ?? 0) + 1);
    };
    for (let minute = 0; minute < 4; minute += 1) {
      for (const gateway of gateways) turnedAway.add('expired', { ...proven, gateway });
      for (let index = 0; index < 2 * STRANGERS_KEPT; index += 1)
        turnedAway.add('expired', { ...proven, isProven: false, gateway: `gw-${index}` });
      drain();
      pass(MINUTE_MS);
    }
    expect([...told]).toEqual([['began', REFUSED]]);
    for (const gateway of gateways) attendance.came(gateway);
    drain();
    expect([...told]).toEqual([
      ['began', REFUSED],
      ['ended', REFUSED],
    ]);
  });

  it('that is not revoked and does not try any more stays told as one that stays away', () => {
    const one = settled('gw-1');
    one.attendance.left('gw-1');
    one.turnedAway.add('other-name', proven);
    one.pass(GATEWAY_GONE_MS);
    expect(one.look()).toEqual([began('gw-1')]);
    const [told, ...more] = watched(one, 3_600);
    expect([told, more]).toEqual([still('gw-1'), []]);
  });

  it('is waited for no more once it is revoked, where its certificate has ended as well', () => {
    const { revoked, turnedAway, matter, look, pass } = settled();
    turnedAway.add('expired', proven);
    pass(GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-1')]);
    revoked.add('gw-1');
    turnedAway.add('expired', proven);
    expect(matter.look()).toMatchObject([{ edge: 'ended', text: expect.stringContaining('已吊销') }]);
    turnedAway.add('expired', proven);
    expect(look()).toEqual([]);
  });

  it('is nobody who is there by another connection, nor whoever only says he is it', () => {
    const { attendance, turnedAway, matter, look, pass } = settled('gw-1');
    turnedAway.add('expired', proven);
    turnedAway.add('other-authority', { ...proven, isProven: false });
    expect(look()).toEqual([]);
    turnedAway.entered('gw-1');
    attendance.left('gw-1');
    expect(look()).toEqual([]);
    pass(GATEWAY_GONE_MS);
    expect(matter.look()[0]!.text).toMatch(/另有自称此网关者自 10\.0\.0\.7 被拒绝:证书非本采集端签发/);
  });

  it('stands over a restart of the collector until it has had time to try again', async () => {
    const refused = { reason: 'revoked', sinceMs: NOON_MS, lastMs: NOON_MS, address: '10.0.0.7' } as const;
    const words = absenceWords({ gateway: 'gw-1', sinceMs: NOON_MS, heardMs: null, refused, claimant: null }, 480);
    const { revoked, turnedAway, matter, look, pass } = world([], new Map([['gw-1', NOON_MS]]), words);
    revoked.add('gw-1');
    await matter.recall();
    pass(TURNED_AWAY_STANDS_MS - 1);
    expect(look()).toEqual([]);
    turnedAway.add('revoked', proven);
    pass(1);
    expect(look()).toEqual([]);
    pass(TURNED_AWAY_STANDS_MS);
    expect(look()).toEqual([ended('gw-1')]);
  });
});

describe('when this collector', () => {
  it('stood still, all have time to come in again, as after a start', () => {
    const { attendance, look, pass } = settled('gw-1', 'gw-2');
    attendance.beat();
    for (const gateway of ['gw-1', 'gw-2']) attendance.left(gateway);
    pass(20_000);
    attendance.beat(); // late
    for (let passedMs = 0; passedMs < GATEWAY_BACK_OFF_MS; passedMs += 2_000) {
      pass(2_000);
      attendance.beat();
      expect(look()).toEqual([]);
    }
    attendance.came('gw-2');
    pass(GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-1')]);
  });

  it('starts with an old ledger, it waits for nobody who was not heard for so long, until he comes', () => {
    const { attendance, heardMs, look, pass } = world(['gw-old', 'gw-new']);
    heardMs.set('gw-old', NOON_MS - GATEWAY_FORGOTTEN_MS).set('gw-new', NOON_MS - GATEWAY_FORGOTTEN_MS / 2);
    pass(GATEWAY_BACK_OFF_MS + GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-new')]);
    attendance.came('gw-old');
    attendance.left('gw-old');
    pass(GATEWAY_GONE_MS);
    expect(look()).toEqual([began('gw-old')]);
  });
});

describe('over a ledger', () => {
  let folder: string;
  let ledger: Ledger;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fengsui-absence-'));
    ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
  });
  afterEach(async () => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** One run of a collector as far as this goes. */
  function run() {
    const { clock, pass } = handClock();
    const [stop, board, attendance] = [new AbortController(), new Board(), new Attendance(clock)];
    const turnedAway = new TurnedAway({ clock, zoneMinutes: 480, log: { warn: () => {} } });
    const matter = new AbsenceMatter({
      ...{ clock, zoneMinutes: 480, attendance: () => attendance, isRevoked: () => false, heard: () => board.gateways() },
      turnedAway: () => turnedAway,
      said: () => board.openOf(COLLECTOR_ITSELF, 'link'),
    });
    const failures: unknown[] = [];
    const voice = new OwnVoice({ ledger, clock, zoneMinutes: 480, matters: [matter], failed: (failure) => failures.push(failure) });
    const running = [voice.run(stop.signal), board.run(ledger, stop.signal).catch(() => {})];
    const incidents = () => board.incidents().map(({ gateway, class: name, source, state }) => [gateway, name, source, state]);
    const end = async () => {
      stop.abort();
      await Promise.all(running);
      expect(failures).toEqual([]);
    };
    return { board, attendance, turnedAway, pass, incidents, end };
  }

  it('it is an incident that people see, stands over restarts, and is restored when the gateway is back', async () => {
    const soon = { timeout: 60_000 };
    await ledger.append([batchOf([1])]);
    const first = run();
    await first.board.caughtUp;
    first.pass(GATEWAY_BACK_OFF_MS + GATEWAY_GONE_MS);
    await expect.poll(first.incidents, soon).toContainEqual([COLLECTOR_ITSELF, 'link', 'gw-1', 'open']);
    const proven = { gateway: 'gw-1', isProven: true, address: '10.0.0.7' };
    first.turnedAway.add('expired', proven);
    const words = async () => (await first.board.openOf(COLLECTOR_ITSELF, 'link')).get('gw-1')?.words;
    await expect.poll(words, soon).toContain('被拒绝接入(expired)');
    await first.end();
    const again = run();
    await again.board.caughtUp;
    again.pass(10 * GATEWAY_GONE_MS);
    again.turnedAway.add('expired', proven);
    await machineClock.sleep(200);
    expect(again.incidents()).toContainEqual([COLLECTOR_ITSELF, 'link', 'gw-1', 'open']);
    again.attendance.came('gw-1');
    await expect.poll(again.incidents, soon).toContainEqual([COLLECTOR_ITSELF, 'link', 'gw-1', 'restored']);
    await again.end();
    const own = (await ledger.after(0, 10)).filter(({ gateway }) => gateway === COLLECTOR_ITSELF);
    expect(own.map(({ event: { kind, edge, source } }) => [kind, edge, source])).toEqual([
      ['link', 'began', 'gw-1'],
      ['link', 'still', 'gw-1'],
      ['link', 'ended', 'gw-1'],
    ]);
    expect(own[0]!.event.text).toContain('起与本采集端无连接');
  });
});
