// A process that works with the journal of a directory while it has hardly any descriptors and memory. `node starved.ts <directory>`
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Journal, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { descriptorsWatcher } from '@fengsui/gateway/src/troubles/descriptors.ts';
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
function starve(): number[] {
  for (const taken: number[] = []; ; ) {
    try {
      taken.push(openSync('/dev/null', 'r'));
    } catch {
      return taken;
    }
  }
}

async function promise(journal: Journal, address: number): Promise<void> {
  for (const { lane, epoch, number, eventId } of await journal.append([alarmOf(address)]))
    writeSync(1, `promised ${lane} ${epoch} ${number} ${eventId}\n`);
}

/** Peak, as the system counted it: reading /proc takes a descriptor. */
const residentBytes = () => process.resourceUsage().maxRSS * 1024;

const startedMs = performance.now();
const journal = await openJournal({ ...OPENING, directory: process.argv[2]! });
const openedMs = performance.now() - startedMs;
const watcher = descriptorsWatcher('gw-1');
const taken = starve();
for (let address = 1; address <= 200; address++) await promise(journal, address);
await journal.alive();
const raised = watcher.look(() => null);
for (const descriptor of taken) closeSync(descriptor);
const cleared = watcher.look(() => null);
await promise(journal, 201);
const isTold = (found: Awaited<ReturnType<typeof watcher.look>>) => found?.some(({ what }) => what === 'descriptors-high');
const faults = { isRaised: isTold(await raised) === true, isCleared: isTold(await cleared) === false };
const { lanes, findings, diskFailures, lastDiskFailure } = await journal.state();
const waiting = lanes.alarm.waiting + lanes.ordinary.waiting;
writeSync(
  1,
  `starved ${JSON.stringify({ openedMs, taken: taken.length, ...faults, waiting, residentBytes: residentBytes(), findings, diskFailures, lastDiskFailure })}\n`,
);
process.exit(0);
