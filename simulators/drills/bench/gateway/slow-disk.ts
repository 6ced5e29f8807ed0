import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { generate } from 'coap-packet';
import { LoopDelay } from '../../../../gateway/src/loop-delay.ts';
import { buildShim } from '../../journal/faults.ts';
import { RunningBox } from './box.ts';
import { type Figure, percentile } from './budgets.ts';
import { head, imeiOf, NOBODY, type Site } from './site.ts';

const SYNC_MS = 300;
const ALARMS = 30;
const PAUSE_MS = 200;
const ANSWER_WITHIN_MS = 20_000;
const LOOP_DELAY_P99_MS_MAX = 50;

/** Every sync of the journal takes 300 ms: how long a detector waits for its answer, and whether anything else waits for it. */
export async function slowDisk(folder: string, launcher: string, site: Site): Promise<Figure[]> {
  const control = join(folder, 'sync-us');
  const data = join(folder, 'slow');
  writeFileSync(control, '0');
  writeFileSync(join(folder, 'slow.yaml'), head('gw-slow', data, NOBODY) + site.lines(1, 1_000));
  const shim = { LD_PRELOAD: await buildShim(folder), FF_MATCH: data, FF_CONTROL: control };
  const box = await RunningBox.start(launcher, join(folder, 'slow.yaml'), shim);
  const bare = bareDelay();
  try {
    const { lines } = await box.until('the panel is heard', ({ lines: [panel] }) => panel!.packets > 0);
    writeFileSync(control, String(SYNC_MS * 1_000));
    await sleep(2_000);
    const port = Number(
      lines
        .find(({ name }) => name === 'nb')!
        .at.split(':')
        .at(-1),
    );
    const waits = await answered(port);
    const { loopDelayP99Ms } = (await box.status()).process;
    return [
      {
        ...{
          key: 'slowDiskCommitP50Ms',
          says: `a detector's answer when every sync takes ${SYNC_MS} ms, p50`,
          value: percentile(waits, 0.5),
          unit: 'ms',
        },
        yardstick: { says: 'one sync', value: SYNC_MS },
      },
      {
        key: 'slowDiskCommitP99Ms',
        says: 'the same, p99',
        value: percentile(waits, 0.99),
        unit: 'ms',
        yardstick: { says: 'one sync', value: SYNC_MS },
      },
      {
        ...{ key: 'slowDiskLoopDelayP99Ms', says: 'loop delay of the gateway meanwhile, p99', value: loopDelayP99Ms, unit: 'ms' },
        ...{ yardstick: { says: "this bench's own", value: bare() }, budget: { most: LOOP_DELAY_P99_MS_MAX } },
      },
    ];
  } finally {
    writeFileSync(control, '0');
    await box.stop();
  }
}

/** Milliseconds from an alarm's datagram to its acknowledgement, which comes after the commit; one after the other. */
async function answered(port: number): Promise<number[]> {
  const family = FAMILIES.get('nb-huaqiang') as PublishingFamily;
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const waits: number[] = [];
  for (let index = 0; index < ALARMS; index++) {
    const startedMs = performance.now();
    socket.send(alarmOf(family, index), port, '127.0.0.1');
    await once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    waits.push(performance.now() - startedMs);
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
  socket.close();
  return waits;
}

function alarmOf(family: PublishingFamily, index: number): Uint8Array {
  const deviceTime = `${new Date(Date.now() + index * 1_000).toISOString().slice(0, 19)}Z`;
  const path = ['t', 'd'].map((name) => ({ name: 'Uri-Path' as const, value: Buffer.from(name) }));
  const query = { name: 'Uri-Query' as const, value: Buffer.from(`ep=${imeiOf(0)}`) };
  const payload = Buffer.from(family.play.say({ what: 'fire', address: {}, deviceTime }, imeiOf(0), index + 1)!);
  return generate({
    code: '0.02',
    confirmable: true,
    messageId: index + 1,
    token: Buffer.from([index]),
    options: [...path, query],
    payload,
  });
}

/** p99 of this process's own loop delay since now: it waits for nobody's disk. */
function bareDelay(): () => number {
  const delay = new LoopDelay();
  return () => {
    const { loopDelayP99Ms } = delay.numbers();
    delay.close();
    return loopDelayP99Ms;
  };
}
