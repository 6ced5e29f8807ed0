import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Board } from '../board.ts';
import { machineClock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite-ledger.ts';
import { COLLECTOR_ITSELF, OwnVoice } from './own-voice.ts';

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

/** One run of a collector as far as its voice goes; answers its board and how to end it. */
function run(rivals: ReadonlyMap<string, readonly string[]>) {
  const stop = new AbortController();
  const board = new Board();
  const said = () => board.openOf(COLLECTOR_ITSELF, 'fault');
  const clock = { ...machineClock, sleep: (ms: number, signal?: AbortSignal) => machineClock.sleep(Math.min(ms, 20), signal) };
  const voice = new OwnVoice({ ledger, clock, zoneMinutes: 480, rivals: () => rivals, said, failed: () => {} });
  const running = [voice.run(stop.signal), board.run(ledger, stop.signal).catch(() => {})];
  const end = () => {
    stop.abort();
    return Promise.all(running);
  };
  stops.push(end);
  return { board, end };
}

it('says once that boxes share a name, as an incident with their addresses, and takes it back, over a restart too', async () => {
  const rivals = new Map<string, readonly string[]>([['gw-1', ['10.0.0.1', '10.0.0.2']]]);
  const first = run(rivals);
  const shown = ({ board }: Pick<typeof first, 'board'>) =>
    board.incidents().map(({ class: name, source, state }) => [name, source, state]);
  await expect.poll(() => shown(first), { timeout: 20_000 }).toEqual([['fault', 'gw-1', 'open']]);
  expect(first.board.incidents()[0]!.points[0]!.text).toContain('10.0.0.1, 10.0.0.2');
  await first.end();
  const again = run(rivals);
  await again.board.caughtUp;
  await machineClock.sleep(200);
  expect((await ledger.state()).entries).toBe(1);
  await again.end();
  rivals.clear();
  const last = run(rivals);
  await expect.poll(() => shown(last), { timeout: 20_000 }).toEqual([['fault', 'gw-1', 'restored']]);
  const entries = await ledger.after(0, 10);
  expect(entries.map(({ gateway, event }) => [gateway, event.kind, event.edge, event.note])).toEqual([
    [COLLECTOR_ITSELF, 'fault', 'began', 'identity-shared'],
    [COLLECTOR_ITSELF, 'fault', 'ended', 'identity-shared'],
  ]);
});
