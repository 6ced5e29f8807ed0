import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { HEAD, Rig } from './rig.ts';

/** P4: a lost path is visible within this, at both ends. */
const VISIBLE_WITHIN_MS = 60_000;
/** A freeze longer than this must be told where the link is looked at this often. */
const LONG = { gateway: [5, 35, 120], collector: [5, 35, 120], fires: 5, uplink: {}, toldFromS: 60 };
const SHORT = {
  gateway: [3],
  collector: [20],
  fires: 1,
  // Soon enough for the freeze, and late enough for a machine that is busy with others: that must not look like one.
  uplink: { keepaliveS: 8, receiptTimeoutMs: 8_000, reconnectMinMs: 100, reconnectMaxMs: 1_000 },
  toldFromS: 20,
};

/** E13: the gateway, then the collector, stand still for a while and go on. Nothing is lost or doubled, detectors' repeats included, one connection takes over, a long one is told. */
export const experiment: Experiment = {
  words: { en: 'freeze: gateway and collector stand still and go on', zh: '冻结与恢复' },
  async run(seed, isLong) {
    const findings = new Findings();
    const { uplink, toldFromS, fires, ...seconds } = isLong ? LONG : SHORT;
    await using rig = await Rig.start({ seed, panels: 2, detectors: 1, uplink });
    await rig.startGateway();
    let said = 0;
    const say = () => {
      rig.fire(said % 2, fires);
      rig.detectors.fire(0);
      said += fires + 1;
    };
    for (const who of ['gateway', 'collector'] as const) {
      for (const duration of seconds[who]) {
        say();
        findings.complaints.push(...(await rig.settled(said)));
        const before = (await rig.status()).uplinks[0]!.connections;
        const frozenMs = Date.now();
        rig.signal('SIGSTOP', rig[who]);
        say();
        await sleep(duration * 1_000);
        rig.signal('SIGCONT', rig[who]);
        const thawed = performance.now();
        say();
        findings.complaints.push(...(await rig.settled(said)));
        findings.measured[`${who} ${duration} s: back to all arrived, ms`] = Math.round(performance.now() - thawed);
        const connections = (await rig.status()).uplinks[0]!.connections - before;
        findings.measured[`${who} ${duration} s: connections`] = connections;
        findings.expect(connections <= 1, `${who} frozen for ${duration} s: ${connections} connections took over`);
        if (duration >= toldFromS) await told(rig, who, frozenMs, findings);
      }
    }
    return findings.outcome();
  },
};

/** Whoever did not stand still tells of the other: the gateway of its uplink, the collector of the gateway. Once, and that it is over. */
async function told(rig: Rig, frozen: 'gateway' | 'collector', frozenMs: number, findings: Findings): Promise<void> {
  const source = frozen === 'collector' ? 'collector' : HEAD.id;
  const links = () =>
    rig.ledger().rows.filter(({ event }) => event.kind === 'link' && event.source === source) as unknown as Array<{
      readonly event: { readonly edge: string; readonly receivedMs: number };
    }>;
  const since = () => links().filter(({ event }) => event.receivedMs >= frozenMs);
  const edges = () => since().map(({ event }) => event.edge);
  await rig
    .until(`the loss and the return of the ${frozen}`, () => edges().includes('began') && edges().at(-1) === 'ended')
    .catch(() => {});
  findings.expect(edges().join() === 'began,ended', `${frozen} frozen: its link was told as ${edges().join() || 'nothing'}`);
  const began = since().find(({ event }) => event.edge === 'began');
  if (!began) return;
  const tookMs = began.event.receivedMs - frozenMs;
  findings.measured[`${frozen} frozen to loss told, ms`] = tookMs;
  findings.expect(tookMs <= VISIBLE_WITHIN_MS, `the loss of the ${frozen} was told after ${tookMs} ms`);
}
