import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildShim } from '../journal/faults.ts';
import { addressOf, doorFor, firesOf, portOf } from './door.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { fireFrom, Transmitter } from './transmitter.ts';

/** A failure of the disk is told at the collector within this. */
const TOLD_WITHIN_MS = 10_000;
/** As long as no sync ends well, nobody is told that an alarm was taken. */
const FAILS_MS = { long: 20_000, short: 3_000 } as const;
const ROUNDS = { long: 50, short: 2 } as const;
const FOR_EVER = 1_000_000;

/** E08: a sync of the alarm lane fails under a whole gateway, then every one for a while: no alarm is acknowledged early, the file is opened anew, it is told. */
export const experiment: Experiment = {
  words: { en: 'eio: a sync of the alarm lane fails, once and for a while', zh: '告警车道落盘失败' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
    try {
      const shim = await buildShim(folder);
      const { line, sources } = doorFor(1);
      await using rig = await Rig.start({ seed, panels: 0, lines: [line] });
      const source = sources[0]!;
      const length = isLong ? 'long' : 'short';
      let address = 0;
      const disk = new FailingDisk(shim, rig);
      disk.fails(1);
      await rig.startGateway();
      for (let round = 0; round < ROUNDS[length]; round++) await once(rig, disk, source, ++address, findings);
      await rig.end('SIGTERM');
      disk.fails(FOR_EVER);
      await rig.startGateway();
      await forAWhile(rig, disk, source, ++address, FAILS_MS[length], findings);
      findings.measured['fires'] = address;
      await rig.until('every fire in the ledger', () => new Set(firesOf(rig).map(addressOf)).size >= address).catch(() => {});
      const arrived = firesOf(rig).map(addressOf);
      findings.expect(arrived.length === address, `${arrived.length} fires in the ledger of ${address}`);
      const { gaps, duplicated, outOfOrder } = rig.verdict();
      findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
      return findings.outcome();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Syncs of the alarm lane fail while it is told to. */
class FailingDisk {
  readonly #shim: string;
  readonly #rig: Rig;
  readonly #armed: string;

  constructor(shim: string, rig: Rig) {
    this.#shim = shim;
    this.#rig = rig;
    this.#armed = rig.path('armed');
  }

  /** From the gateway's next start on, so many in a row each time. */
  fails(times: number): void {
    const what = { FF_CALL: 'sync', FF_FAULT: 'eio', FF_AT: '1', FF_TIMES: String(times), FF_WHEN: this.#armed };
    this.#rig.environment = { LD_PRELOAD: this.#shim, FF_MATCH: this.#rig.path('data', 'alarm.sqlite'), ...what };
  }

  arm(): void {
    writeFileSync(this.#armed, '');
  }

  mend(): void {
    rmSync(this.#armed);
  }
}

const openedAnew = (rig: Rig) => rig.said('journal-damaged').filter(({ text }) => text?.startsWith('opened anew after')).length;

/** One failed sync: the alarm is written again through a new handle, and only then acknowledged. */
async function once(rig: Rig, disk: FailingDisk, source: number, address: number, findings: Findings): Promise<void> {
  const told = openedAnew(rig);
  const device = new Transmitter(await portOf(rig));
  disk.arm();
  device.send(fireFrom(source, address, address));
  await rig.until('the alarm is acknowledged after a failed sync', () => device.confirmed.has(address));
  const ms = await rig.until('the failed sync is told, and that the file was opened anew', () => openedAnew(rig) > told);
  findings.within(TOLD_WITHIN_MS, 'failed sync to told at the collector', ms);
  disk.mend();
  device.end();
}

/** No sync ends well for a while: the device hears nothing, and says it again until somebody answers. */
async function forAWhile(rig: Rig, disk: FailingDisk, source: number, address: number, forMs: number, findings: Findings): Promise<void> {
  const device = new Transmitter(await portOf(rig));
  const fire = fireFrom(source, address, address);
  disk.arm();
  device.send(fire);
  await sleep(forMs);
  findings.expect(!device.confirmed.has(address), 'an alarm was acknowledged although no sync had ended well');
  disk.mend();
  device.end();
  const again = await rig.until('the alarm, said again, is acknowledged', async () => {
    const next = new Transmitter(await portOf(rig));
    next.send(fire);
    await sleep(1_000);
    next.end();
    return next.confirmed.has(address);
  });
  findings.measured['the disk mended to acknowledged, ms'] = again;
}
