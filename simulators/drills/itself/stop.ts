import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

/** What hangs while the gateway is told to stop, and with what it ends then: in order without what hangs, or killed by itself (null) where nothing can be kept any more. */
export const HANGS_WHILE_STOPPING = [
  {
    name: 'driver',
    file: '/gateway/src/drivers/talking.ts',
    before: 'for (const packet of heard)',
    when: "panel.name === 'panel-0'",
    does: 'wait',
    code: 0,
  },
  {
    name: 'uplink',
    file: '/gateway/src/uplink/session.ts',
    before: 'if ((await this.#sendFrom(this.#alarm))',
    does: 'wait',
    code: 0,
  },
  { name: 'journal', file: '/gateway/src/journal/scribe.ts', before: 'const group = groupOff(pending);', does: 'loop', code: null },
] as const;

const STOP_WITHIN_MS = 5_000;
/** A machine that needs so long while nothing hangs may not have the time for order beside what hangs: there it has to end, and to say how. */
const FREE_SLOW_MS = 1_500;
/** Long enough for what hangs to be come by; a hung journal is replaced after 10 s. */
const HANGING_MS = 2_000;

/** An orderly stop takes 5 s at most, whatever hangs; a second signal changes nothing. */
export const experiment: Experiment = {
  words: { en: 'stop: told to stop, twice, while a driver, an uplink or the journal hangs', zh: '卡死时停机' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    await using rig = await Rig.start({ seed, panels: 2 });
    const armed = (name: string) => rig.path(`armed-${name}`);
    rig.environment = {
      NODE_OPTIONS: `--import=${new URL('./inject.ts', import.meta.url).href}`,
      FENGSUI_FAULTS: JSON.stringify(HANGS_WHILE_STOPPING.map(({ code: _, ...hang }) => ({ ...hang, armed: armed(hang.name) }))),
    };
    await rig.startGateway();
    const { ms: freeMs } = await rig.end('SIGTERM');
    findings.within(STOP_WITHIN_MS, 'nothing hangs: SIGTERM to exit', freeMs);
    const isSlow = !isLong && freeMs > FREE_SLOW_MS;
    for (let round = 0; round < (isLong ? 5 : 1); round++)
      for (const { name, code } of HANGS_WHILE_STOPPING) {
        await rig.startGateway();
        const before = { crashed: rig.said('crashed').length, fires: fires(rig) };
        writeFileSync(armed(name), '');
        rig.fire(0);
        await sleep(HANGING_MS);
        const stopping = rig.end('SIGTERM');
        setTimeout(() => rig.signal('SIGTERM'), 100);
        const ended = await stopping;
        rmSync(armed(name));
        findings.expect(ended.code === code || isSlow, `${name} hangs: stopped with ${ended.code}, not ${code}`);
        findings.within(STOP_WITHIN_MS, `${name} hangs: SIGTERM to exit`, ended.ms);
        await rig.startGateway();
        rig.fire(1);
        await rig.until(`${name}: the next fire arrives`, () => fires(rig) > before.fires);
        await rig.until(
          `${name}: a stop that was cut off is told, and no other`,
          () => rig.said('crashed').length === before.crashed + (ended.code === 0 ? 0 : 1),
        );
        await rig.end('SIGTERM');
      }
    const { gaps, duplicated, outOfOrder, falsified } = rig.verdict();
    findings.complaints.push(...gaps, ...duplicated, ...outOfOrder, ...falsified);
    return findings.outcome();
  },
};

function fires(rig: Rig): number {
  return rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.source === 'panel-1').length;
}
