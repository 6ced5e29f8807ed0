// A process that appends until it is ended and prints a line for every row it was promised, the monotonic nanosecond behind it.
// `node writer.ts <directory>`
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import type { SiteEvent } from '@fengsui/protocol';
import { OPENING } from './aftermath.ts';

const KINDS = ['fire', 'fault', 'supervisory', 'feedback'] as const;

function eventOf(turn: number, index: number): SiteEvent {
  return {
    id: randomUUID().replaceAll('-', ''),
    kind: KINDS[(turn + index) % KINDS.length]!,
    edge: 'began',
    time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: turn } },
    source: 'panel-1',
  };
}

/** Waits where nobody has read for long: a pipe is full then. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

async function write(directory: string): Promise<never> {
  const journal = await openJournal({ ...OPENING, directory });
  say('writing\n');
  for (let turn = 0; ; turn++) {
    const stored = await journal.append(Array.from({ length: 1 + (turn % 4) }, (_, index) => eventOf(turn, index)));
    for (const { lane, epoch, number, eventId } of stored)
      say(`promised ${lane} ${epoch} ${number} ${eventId} ${process.hrtime.bigint()}\n`);
  }
}

void write(process.argv[2]!);
