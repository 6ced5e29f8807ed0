// A process that offers a journal one alarm and one reading every 20 ms and tells at its end how long they took and how free its main thread
// stayed. `node pacer.ts <directory> <seconds>`
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import type { SiteEvent } from '@fengsui/protocol';
import { OPENING } from './aftermath.ts';

const EVERY_MS = 20;
const [directory, seconds] = [process.argv[2]!, Number(process.argv[3])];

function alarmOf(address: number): SiteEvent {
  return {
    id: address.toString(16).padStart(32, '0'),
    kind: 'fire',
    edge: 'began',
    time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address } },
    source: 'panel-1',
  };
}

const journal = await openJournal({ ...OPENING, directory });
writeSync(1, 'pacing\n');
process.stdin.once('data', async () => {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const tookMs: number[] = [];
  const lines: string[] = [];
  const offered: Promise<void>[] = [];
  for (let address = 1, untilMs = performance.now() + seconds * 1_000; performance.now() < untilMs; address++) {
    const startedMs = performance.now();
    const append = async () => {
      for (const { lane, epoch, number, eventId } of await journal.append([alarmOf(address)]))
        lines.push(`promised ${lane} ${epoch} ${number} ${eventId}`);
      tookMs.push(performance.now() - startedMs);
    };
    offered.push(append());
    await sleep(EVERY_MS);
  }
  await Promise.all(offered);
  delay.disable();
  writeSync(1, `${lines.join('\n')}\n`);
  tookMs.sort((one, other) => one - other);
  const share = (of: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * of))]!;
  const result = { rows: tookMs.length, minMs: tookMs[0]!, p50Ms: share(0.5), p99Ms: share(0.99), loopP99Ms: delay.percentile(99) / 1e6 };
  writeSync(1, `paced ${JSON.stringify(result)}\n`);
  process.exit(0);
});
