// A process that works with the journal of a directory while it has hardly any descriptors and memory. `node starved.ts <directory>`
import { openSync, writeSync } from 'node:fs';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import type { SiteEvent } from '@fengsui/protocol';
import { OPENING } from './aftermath.ts';

function alarmOf(address: number): SiteEvent {
  return {
    id: `c${address.toString(16).padStart(31, '0')}`,
    kind: 'fire',
    edge: 'began',
    time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address } },
    source: 'panel-1',
  };
}

/** Takes every descriptor there still is. */
function starve(): number {
  for (let taken = 0; ; taken++) {
    try {
      openSync('/dev/null', 'r');
    } catch {
      return taken;
    }
  }
}

/** Peak, as the system counted it: reading /proc takes a descriptor. */
const residentBytes = () => process.resourceUsage().maxRSS * 1024;

const startedMs = performance.now();
const journal = await openJournal({ ...OPENING, directory: process.argv[2]! });
const openedMs = performance.now() - startedMs;
const taken = starve();
for (let address = 1; address <= 200; address++) {
  for (const { lane, epoch, number, eventId } of await journal.append([alarmOf(address)]))
    writeSync(1, `promised ${lane} ${epoch} ${number} ${eventId}\n`);
}
await journal.alive();
const { lanes, findings, diskFailures, lastDiskFailure } = await journal.state();
const waiting = lanes.alarm.waiting + lanes.ordinary.waiting;
writeSync(
  1,
  `starved ${JSON.stringify({ openedMs, taken, waiting, residentBytes: residentBytes(), findings, diskFailures, lastDiskFailure })}\n`,
);
process.exit(0);
