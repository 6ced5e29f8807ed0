import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Board } from '../board.ts';
import { machineClock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import { RIVAL_STANDS_MS } from '../limits.ts';
import { COLLECTOR_ITSELF, OwnVoice } from './own-voice.ts';
import { RivalMatter } from './rival-matter.ts';
import type { Rival } from './rivals.ts';

let folder: string;
let ledger: Ledger;
const stops: Array<() => Promise<unknown>> = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-voice-'));
  ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'), machineClock);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** One run of a collector as far as its voice goes: its board, how to let time pass, and how to end it. */
function run(rivals: ReadonlyMap<string, Rival>) {
  const stop = new AbortController();
  const board = new Board();
  const said = () => board.openOf(COLLECTOR_ITSELF, 'fault');
  let passedMs = 0;
  const clock = {
    ...machineClock,
    monotonicMs: () => machineClock.monotonicMs() + passedMs,
    sleep: (ms: number, signal?: AbortSignal) => machineClock.sleep(Math.min(ms, 20), signal),
  };
  const matters = [new RivalMatter({ clock, zoneMinutes: 480, rivals: () => rivals, said })];
  const voice = new OwnVoice({ ledger, clock, zoneMinutes: 480, matters, failed: () => {} });
  const running = [voice.run(stop.signal), board.run(ledger, stop.signal).catch(() => {})];
  const end = () => {
    stop.abort();
    return Promise.all(running);
  };
  stops.push(end);
  const shown = () => board.incidents().map(({ class: name, source, state }) => [name, source, state]);
  /** What it says has been looked at several times. */
  const looks = async () => {
    await board.caughtUp;
    await machineClock.sleep(200);
  };
  return { board, shown, looks, end, pass: (ms: number) => (passedMs += ms) };
}

const proven: Rival = { isProven: true, addresses: ['10.0.0.1', '10.0.0.2'] };
const suspected: Rival = { isProven: false, addresses: ['10.0.0.1'] };
const soon = { timeout: 60_000 };
const entries = async () => (await ledger.after(0, 10)).map(({ gateway, event }) => [gateway, event.kind, event.edge, event.note]);

it('says once that boxes share a name, as an incident with their addresses, and takes it back, over a restart too', async () => {
  const rivals = new Map([['gw-1', proven]]);
  const first = run(rivals);
  await expect.poll(first.shown, soon).toEqual([['fault', 'gw-1', 'open']]);
  expect(first.board.incidents()[0]!.points[0]!.text).toContain('10.0.0.1, 10.0.0.2');
  await first.end();
  const again = run(rivals);
  await again.looks();
  expect((await ledger.state()).entries).toBe(1);
  await again.end();
  rivals.clear();
  const last = run(rivals);
  last.pass(RIVAL_STANDS_MS);
  await expect.poll(last.shown, soon).toEqual([['fault', 'gw-1', 'restored']]);
  expect(await entries()).toEqual([
    [COLLECTOR_ITSELF, 'fault', 'began', 'identity-shared'],
    [COLLECTOR_ITSELF, 'fault', 'ended', 'identity-shared'],
  ]);
});

it('takes nothing back that an earlier run said before it could have seen it again itself', async () => {
  const first = run(new Map([['gw-1', proven]]));
  await expect.poll(first.shown, soon).toHaveLength(1);
  await first.end();
  const rivals = new Map<string, Rival>();
  const again = run(rivals);
  again.pass(RIVAL_STANDS_MS - 60_000);
  await again.looks();
  rivals.set('gw-1', suspected); // the copy came back, and has not come in by turns yet
  await again.looks();
  rivals.set('gw-1', proven);
  await again.looks();
  again.pass(60_000);
  await again.looks();
  expect(again.shown()).toEqual([['fault', 'gw-1', 'open']]);
  expect((await ledger.state()).entries).toBe(1);
});

it('says of a suspicion that it may be a bad link, once over a restart, and in its place that it is proven', async () => {
  const rivals = new Map([['gw-1', suspected]]);
  const first = run(rivals);
  await expect.poll(first.shown, soon).toEqual([['fault', 'gw-1', 'open']]);
  const words = (board: Board) => board.incidents().map(({ points }) => points[0]!.text);
  expect(words(first.board)).toEqual([expect.stringMatching(/10\.0\.0\.1.*may be a bad link.*do not revoke.*链路不良.*勿仅凭此吊销/)]);
  await first.end();
  const again = run(rivals);
  again.pass(RIVAL_STANDS_MS);
  await again.looks();
  expect(await entries()).toEqual([[COLLECTOR_ITSELF, 'fault', 'began', undefined]]);
  rivals.set('gw-1', proven);
  await expect.poll(again.shown, soon).toEqual([
    ['fault', 'gw-1', 'open'],
    ['fault', 'gw-1', 'restored'],
  ]);
  expect(words(again.board)[0]).toContain('find the copy');
  expect(await entries()).toEqual([
    [COLLECTOR_ITSELF, 'fault', 'began', undefined],
    [COLLECTOR_ITSELF, 'fault', 'ended', undefined],
    [COLLECTOR_ITSELF, 'fault', 'began', 'identity-shared'],
  ]);
});
