// A process that tells a journal a fixed story of forty events and prints a line for everything it was promised. What is refused is
// said again, as a device would. `node story.ts <directory> [ballast bytes]`
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Journal, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { type EventKind, Failure, type SiteEvent } from '@fengsui/protocol';
import { OPENING } from './aftermath.ts';

const EVENTS = 40;

/** Said again this often, a little later each time. */
const TRIES = 24;

function say(...words: (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

function eventOf(index: number): SiteEvent {
  const kind: EventKind = index % 4 === 3 ? 'reading' : index % 4 === 2 ? 'fault' : 'fire';
  return {
    id: index.toString(16).padStart(32, '0'),
    kind,
    edge: kind === 'reading' ? 'momentary' : 'began',
    time: { ms: 1_800_000_000_000 + index, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: index } },
    source: 'panel-1',
    text: `第${index}号探测器`.repeat(3),
    ...(kind === 'reading' ? { measured: { quantity: 'pressure-kpa', value: index, quality: 'good' } } : {}),
  };
}

async function insist<T>(what: (isAgain: boolean) => Promise<T>, ids: readonly string[] = []): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await what(tried > 1);
    } catch (error) {
      if (!(error instanceof Failure) || error.retry === 'never' || tried === TRIES) throw error;
      say('refused', error.code, ...ids);
      await sleep(10 * tried);
    }
  }
}

async function tell(journal: Journal): Promise<void> {
  const outbox = journal.outbox('collector');
  for (let index = 1, size = 1; index <= EVENTS; index += size, size = (size % 3) + 1) {
    const events = Array.from({ length: Math.min(size, EVENTS + 1 - index) }, (_, offset) => eventOf(index + offset));
    const ids = events.map(({ id }) => id);
    const stored = await insist((isAgain) => journal.append(events, isAgain), ids);
    for (const { lane, epoch, number, eventId } of stored) say('promised', lane, epoch, number, eventId);
    const settled = stored.filter(({ number }) => number % 5 === 0);
    for (const { lane, epoch, number } of settled) {
      await insist(() => outbox.settle({ gateway: 'gw-1', epoch, lane, accepted: [number], rejected: [] }));
    }
  }
}

const sizes = { ballastBytes: Number(process.argv[3] ?? 0) };
const journal = await insist(() => openJournal({ ...OPENING, directory: process.argv[2]!, sizes }));
await tell(journal);
const { diskFailures } = await journal.state();
say('failures', diskFailures);
await journal.close();
say('done');
