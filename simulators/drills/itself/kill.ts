import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { buildShim } from '../journal/faults.ts';
import { killWriters } from '../journal/kill.ts';
import { addressOf, doorFor, firesOf, portOf } from './door.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { fireFrom, Transmitter } from './transmitter.ts';

const WRITER_KILLS = { long: 1_000, short: 25 } as const;
const GATEWAY_KILLS = { long: 40, short: 1 } as const;
const TORN_KILLS = { long: 20, short: 1 } as const;
/** A gateway is killed after so many acknowledged fires at most, and so much later: longer than a commit takes. */
const [FIRES, LATER_MS] = [40, 20];
/** Said in one life at most, one after the other. */
const [SAID_MAX, EVERY_MS] = [600, 5];
/** Writes to the alarm lane's log in those fires, with room to spare: at one of them the power goes. */
const WRITES = 90;

/**
 * A process is killed at a moment nobody chose, again and again: nothing that was acknowledged to its source is missing. First the journal alone,
 * under a process that writes; then whole gateways that answer transmission devices; then those while the link is down and the last write to
 * the log is torn in two.
 */
export const experiment: Experiment = {
  words: { en: 'kill: killed between acknowledgement and commit, with the link down and the log torn too', zh: '随机强杀、断链、断电叠加' },
  async run(seed, isLong) {
    const findings = new Findings();
    const length = isLong ? 'long' : 'short';
    const { kills, promised, unpromised, complaints } = await killWriters(WRITER_KILLS[length], seed);
    findings.measured['writers killed'] = kills;
    findings.measured['rows they had acknowledged'] = promised;
    findings.measured['rows durable and not yet acknowledged when they were killed'] = unpromised;
    findings.complaints.push(...complaints);
    findings.expect(promised > kills && unpromised > 0, 'the writers were killed before they had written');
    await killGateways(seed, GATEWAY_KILLS[length], TORN_KILLS[length], findings);
    return findings.outcome();
  },
};

async function killGateways(seed: number, kills: number, torn: number, findings: Findings): Promise<void> {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
  const { line, sources } = doorFor(1);
  try {
    const shim = await buildShim(folder);
    await using rig = await Rig.start({ seed, panels: 0, lines: [line], uplink: { reconnectMinMs: 200, reconnectMaxMs: 1_000 } });
    await using link = new TcpLink({ listen: LOOPBACK, to: { ...LOOPBACK, port: rig.intakePort }, random: random.fork('link') });
    rig.intakePort = (await link.start()).port;
    rig.writeGateway();
    const said = new Said(rig, sources[0]!);
    for (let kill = 0; kill < kills; kill++) {
      rig.environment = {};
      const acknowledged = 1 + random.below(FIRES);
      await said.aLife(async (device) => {
        await rig.until('some fires acknowledged', () => device.isClosed || device.confirmed.size >= acknowledged);
        await sleep(random.next() * LATER_MS);
        rig.signal('SIGKILL');
      });
    }
    for (let kill = 0; kill < torn; kill++) {
      link.setMode('cut');
      rig.environment = tornAt(shim, rig.path('data', 'alarm.sqlite-wal'), random);
      await said.aLife(async () => {});
      if (random.chance(0.5)) link.setMode('pass');
    }
    link.setMode('cut');
    rig.environment = {};
    await rig.startGateway();
    link.setMode('pass');
    await said.judge(findings);
    findings.measured['gateways killed'] = kills;
    findings.measured['gateways killed with the link down and a write to the log torn'] = torn;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;

/** The power goes in the middle of one write to a file: half of it is there, and nothing after it. */
function tornAt(shim: string, file: string, random: Random): Record<string, string> {
  return { LD_PRELOAD: shim, FF_MATCH: file, FF_CALL: 'pwrite', FF_FAULT: 'tear', FF_AT: String(1 + random.below(WRITES)) };
}

/** What one device said, life after life of the gateway, and what of it was acknowledged. */
class Said {
  readonly #rig: Rig;
  readonly #source: number;
  readonly #acknowledged = new Set<number>();
  #address = 0;

  constructor(rig: Rig, source: number) {
    this.#rig = rig;
    this.#source = source;
  }

  /** Starts a gateway and says one fire after the other until it is gone; `ends` brings that about, or the gateway's surroundings do. */
  async aLife(ends: (device: Transmitter) => Promise<void>): Promise<void> {
    const rig = this.#rig;
    try {
      await rig.startGateway();
    } catch {
      return; // its first writes to the log were enough: the next life goes on from there
    }
    let isGone = false;
    const gone = rig.gone().then(() => (isGone = true));
    const device = new Transmitter(await portOf(rig));
    const last = this.#address + SAID_MAX;
    const ending = ends(device);
    while (!isGone && this.#address < last) {
      this.#address += 1;
      device.send(fireFrom(this.#source, this.#address % 65_536, this.#address));
      await sleep(EVERY_MS);
    }
    await ending;
    if (!isGone) rig.signal('SIGKILL');
    await gone;
    await rig.until('the connection is closed', () => device.isClosed);
    for (const serial of device.confirmed) this.#acknowledged.add(serial);
  }

  /** What was acknowledged has arrived once, what was not at most once, in order. */
  async judge(findings: Findings): Promise<void> {
    const rig = this.#rig;
    const arrived = () => new Set(firesOf(rig).map(addressOf));
    const missing = () => [...this.#acknowledged].filter((address) => !arrived().has(address));
    await rig.until('everything acknowledged', () => missing().length === 0).catch(() => {});
    await rig.until('nothing waits', async () => (await rig.status()).journal.lanes.alarm.waiting === 0);
    findings.measured['fires said to gateways'] = this.#address;
    findings.measured['fires they had acknowledged'] = this.#acknowledged.size;
    findings.expect(this.#acknowledged.size > 0, 'no gateway acknowledged anything before it was killed');
    findings.expect(missing().length === 0, `${missing().length} acknowledged fires are missing, first ${missing()[0]}`);
    const addresses = firesOf(rig).map(addressOf);
    findings.expect(new Set(addresses).size === addresses.length, `${addresses.length - new Set(addresses).size} fires came twice`);
    const { gaps, duplicated, outOfOrder } = rig.verdict();
    findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
  }
}
