import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf, memoryOf, RunningBox } from './box.ts';
import type { Figure } from './budgets.ts';
import { head, NOBODY, type Site } from './site.ts';

const SETTLE_MS = 15_000;
const MEASURE_MS = 15_000;
const RESIDENT_MB_MAX = 90;
const IDLE_CPU_PERCENT_MAX = 1;

/** A gateway with 64 points and nothing going on but polls each second, beside a Node that does nothing at all. */
export async function idle(folder: string, launcher: string, site: Site): Promise<Figure[]> {
  writeFileSync(join(folder, 'idle.yaml'), head('gw-idle', join(folder, 'idle'), NOBODY) + site.lines(1, 600_000));
  writeFileSync(join(folder, 'bare.cjs'), 'setInterval(() => {}, 1000);\n');
  const bare = spawn(join(launcher, '../../lib/fengsui-gateway/node'), [join(folder, 'bare.cjs')], { stdio: 'ignore' });
  const box = await RunningBox.start(launcher, join(folder, 'idle.yaml'));
  try {
    await sleep(SETTLE_MS);
    const before = { box: box.cpuSeconds(), bare: cpuSecondsOf(bare.pid!) };
    await sleep(MEASURE_MS);
    const percent = (seconds: number) => (seconds / MEASURE_MS) * 100_000;
    const [memory, plain] = [box.memory(), memoryOf(bare.pid!)];
    const yardstick = (value: number) => ({ says: 'a Node that does nothing', value });
    return [
      {
        ...{ key: 'residentMB', says: 'resident with 64 points, idle', value: memory.resident, unit: 'MB' },
        ...{ yardstick: yardstick(plain.resident), budget: { most: RESIDENT_MB_MAX } },
      },
      {
        key: 'anonymousMB',
        says: 'of it not backed by a file',
        value: memory.anonymous,
        unit: 'MB',
        yardstick: yardstick(plain.anonymous),
      },
      {
        ...{ key: 'idleCpuPercent', says: 'processor, idle: two lines polled each second', value: percent(box.cpuSeconds() - before.box) },
        ...{
          unit: '% core',
          yardstick: yardstick(percent(cpuSecondsOf(bare.pid!) - before.bare)),
          budget: { most: IDLE_CPU_PERCENT_MAX },
        },
      },
    ];
  } finally {
    await box.stop();
    bare.kill();
  }
}
