import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineClock } from './clock.ts';
import type { Device } from './device.ts';
import { temporaryFolder } from './folder.fixture.ts';
import { type DeviceOrder, makeDevice } from './make-device.ts';
import { CLEAN } from './noisy-wire.ts';
import { seeded } from './random.ts';
import { type TruthLine, TruthLog } from './truth.ts';

/** A device under test with its truth log, for the tests of this folder. */
export interface Rig {
  readonly device: Device;
  /** What it said of itself so far. */
  narrated(): readonly string[];
  /** The truth, one line a sid: the last that was written. */
  truth(): TruthLine[];
}

export function rigOf(order: Pick<DeviceOrder, 'family' | 'wire'> & Partial<DeviceOrder>): Rig {
  const path = join(temporaryFolder(), 'truth.jsonl');
  const narrated: string[] = [];
  const device = makeDevice({
    ...{
      baudRate: null,
      unit: 1,
      endpoint: null,
      mode: 'observe',
      ackTimeoutMs: 100,
      zoneMinutes: 480,
      quality: CLEAN,
      clock: machineClock,
    },
    ...{ random: seeded(1), truth: new TruthLog(path, 'device-1', order.family.name), narrate: (text) => void narrated.push(text) },
    ...order,
  });
  return {
    device,
    narrated: () => narrated,
    truth() {
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
      const bySid = new Map(lines.map((line) => JSON.parse(line) as TruthLine).map((line) => [line.sid, line]));
      return [...bySid.values()];
    },
  };
}
