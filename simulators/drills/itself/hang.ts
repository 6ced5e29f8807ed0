import { rmSync, writeFileSync } from 'node:fs';
import type { Experiment } from './experiment.ts';
import { Findings } from './experiment.ts';
import { Keeper } from './keeper.ts';
import { Rig } from './rig.ts';

/** `WatchdogSec` of the unit; the short form does not wait so long. */
const WATCHDOG_MS = { short: 6_000, long: 17_000 } as const;
/** E14: killed within 30 s. An uplink alone that waits for what never comes keeps no panel from being read, and is given `UPLINK_STUCK_MS` before that. */
const KILLED_WITHIN_MS = 30_000;
const UPLINK_KILLED_WITHIN_MS = 300_000 + KILLED_WITHIN_MS;
const BACK_WITHIN_MS = 5_000;

/** Where the gateway is made to hang: each is another reason for a watchdog that is not fed. */
export const HANGS = [
  { name: 'driver', file: '/gateway/src/drivers/talking.ts', before: 'for (const packet of heard)', does: 'loop' },
  { name: 'journal worker', file: '/gateway/src/journal/scribe.ts', before: 'const group = groupOff(pending);', does: 'loop' },
  { name: 'supervisor', file: '/gateway/src/commit.ts', before: 'const offers: Offer[] = [];', does: 'wait' },
  {
    name: 'uplink loop',
    file: '/gateway/src/uplink/session.ts',
    before: 'if ((await this.#sendFrom(this.#alarm))',
    does: 'loop',
  },
  {
    name: 'uplink',
    file: '/gateway/src/uplink/session.ts',
    before: 'if ((await this.#sendFrom(this.#alarm))',
    does: 'wait',
    withinMs: UPLINK_KILLED_WITHIN_MS,
  },
] as const;

/** E14: something hangs for good. The watchdog starves, the gateway is killed and runs again, the blind window is on record, nothing said after it is lost. */
export const experiment: Experiment = {
  words: { en: 'hang: a driver, the journal or a supervisor stands still; the watchdog notices', zh: '卡死:看门狗复位' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const watchdogMs = isLong ? WATCHDOG_MS.long : WATCHDOG_MS.short;
    await using rig = await Rig.start({ seed, panels: 2 });
    const armed = (name: string) => rig.path(`armed-${name.replaceAll(' ', '-')}`);
    rig.environment = {
      NODE_OPTIONS: `--import=${new URL('./inject.ts', import.meta.url).href}`,
      FENGSUI_FAULTS: JSON.stringify(HANGS.map((hang) => ({ ...hang, armed: armed(hang.name) }))),
    };
    await using keeper = new Keeper(rig, watchdogMs);
    await keeper.start();
    let said = 0;
    for (const hang of isLong ? HANGS : HANGS.slice(0, 1)) {
      const { name } = hang;
      const withinMs = 'withinMs' in hang ? hang.withinMs : KILLED_WITHIN_MS;
      const kills = keeper.killedMs.length;
      await rig.until('the watchdog is fed', () => keeper.fed > 0);
      rig.fire(1);
      said += 1;
      await rig.until('a fire before the hang', () => rig.verdict().ledger >= said);
      writeFileSync(armed(name), '');
      const startMs = performance.now();
      rig.panels[0]!.tell({ noise: { bytes: 4 } });
      rig.panels[0]!.tell({ say: { what: 'reset', address: { controller: 1 } } }); // it may be lost: nobody hears it
      await rig.until(`${name}: killed`, () => keeper.killedMs.length > kills, withinMs + 60_000);
      rmSync(armed(name), { force: true });
      findings.within(withinMs, `${name}: silent to killed`, keeper.killedMs.at(-1)! - startMs);
      await rig.until(`${name}: back`, () => keeper.backMs.length > kills);
      findings.within(BACK_WITHIN_MS, `${name}: killed to panels read again`, keeper.backMs.at(-1)! - keeper.killedMs.at(-1)!);
      await rig.until(`${name}: the blind window is in the ledger`, () => rig.said('crashed').length > kills);
      rig.fire(1);
      said += 1;
      await rig.until('a fire after the hang', () => rig.verdict().ledger >= said);
    }
    findings.expect(
      rig.said('crashed').every(({ text }) => /^blind .* to /.test(text ?? '')),
      'a crash without its blind window',
    );
    const { gaps, duplicated, outOfOrder, falsified } = rig.verdict();
    findings.complaints.push(...gaps, ...duplicated, ...outOfOrder, ...falsified);
    return findings.outcome();
  },
};
