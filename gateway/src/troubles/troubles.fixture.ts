import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { afterEach, beforeEach } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Trouble, Watcher } from './trouble.ts';
import { Troubles } from './troubles.ts';
import type { WatchedLine } from './wires.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
/** Fresh for each test. */
export let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-troubles-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes it the folder of a box that has stood here for a while, and whose one line was in order. */
export function lineWasInOrder(): void {
  const links = ['wire-down', 'wire-silent', 'driver-failed'];
  writeFileSync(join(folder, 'troubles.json'), JSON.stringify(links.map((over) => ({ over, source: LINE.name }))));
}

interface Word {
  readonly source: string;
  readonly what: SiteEvent['note'] | EventKind;
  readonly edge: SiteEvent['edge'];
  readonly text?: string | undefined;
  readonly battery?: SiteEvent['battery'];
}

/** A gateway's troubles over the files of one test; a second rig is the next start. */
export async function rig(watcher: Watcher | readonly Watcher[], clock = new ManualClock()) {
  const said: Word[] = [];
  let refusing = false;
  const say = async (source: string, { note, kind, edge, text, battery }: Partial<SiteEvent>) => {
    if (refusing) throw fail('journal-full', 'no room');
    said.push({ source, what: note ?? kind!, edge: edge!, text, ...(battery ? { battery } : {}) });
  };
  const troubles = await Troubles.open({ watchers: [watcher].flat(), file: join(folder, 'troubles.json'), clock, say, log });
  return {
    ...{ clock, said, troubles },
    refuse: (is: boolean) => {
      refusing = is;
    },
    words: () => said.map(({ what, edge }) => `${what} ${edge}`),
    /** Looks as often as the gateway does, for so long. */
    pass: async (ms: number) => {
      for (let passedMs = 0; passedMs < ms; passedMs += limits.TROUBLES_EVERY_MS) {
        await clock.advance(limits.TROUBLES_EVERY_MS);
        await troubles.look().catch(() => {});
      }
    },
  };
}

export function switched(what: Trouble['what']) {
  const found: Trouble[] = [];
  return {
    watcher: { judges: [what], look: () => found } satisfies Watcher,
    stand: (more: Partial<Trouble> = {}) => found.splice(0, 1, { what, source: 'gw-1', text: 'bad', ...more }),
    go: () => found.splice(0),
  };
}

export const LINE: WatchedLine = {
  name: 'bus',
  state: 'open',
  opened: 1,
  lastFailure: null,
  isolatedWhy: null,
  doubt: null,
  bytesIn: 0,
  packets: 0,
  unheard: new Map(),
  silenceMs: 60_000,
};
