import { readdirSync, readFileSync } from 'node:fs';
import { stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { GOOD_LINK } from '../../src/link.ts';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { doorFor, portOf } from './door.ts';
import { Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { readingFrom, Transmitter } from './transmitter.ts';

const PER_SECOND = 50;
const DEVICES = 5;
const TELL_EVERY_MS = 100;
const LOOK_EVERY_MS = 2_000;
/** Share of a phase after which nothing new is built up any more: caches are warm, the code is compiled. */
const WARM_SHARE = 0.3;
/** The most that may come on top from the first third after warming up to the last, whatever the length. */
const MEMORY_MIB = 6;
const DESCRIPTORS = 3;
/** A quarter of what 50 readings a second need. */
const NARROW_BYTES_A_SECOND = 2_500;
const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;

/** What a process holds just now. */
interface Held {
  readonly residentMiB: number;
  readonly descriptors: number;
}

function heldBy(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

const median = (values: readonly number[]) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;

/** Judges that what a process holds does not grow: the median of the last third beside that of the first one after warming up. */
function judgeFlat(when: string, looks: readonly Held[], findings: Findings): void {
  const warm = looks.slice(Math.floor(looks.length * WARM_SHARE));
  const third = Math.max(1, Math.floor(warm.length / 3));
  for (const [what, unit, limit] of [
    ['residentMiB', 'MiB resident', MEMORY_MIB],
    ['descriptors', 'descriptors', DESCRIPTORS],
  ] as const) {
    const [first, last] = [warm.slice(0, third), warm.slice(-third)].map((part) => median(part.map((held) => held[what]))) as [
      number,
      number,
    ];
    findings.measured[`${unit} ${when}`] = `${first.toFixed(1)}, in the end ${last.toFixed(1)}`;
    findings.expect(last - first <= limit, `${when}: ${(last - first).toFixed(1)} ${unit} more in the end than after warming up`);
  }
}

/** Devices that say readings at an even rate, whatever the gateway does. */
class Load {
  said = 0;
  readonly #sources: readonly number[];
  readonly #devices: readonly Transmitter[];

  constructor(sources: readonly number[], port: number) {
    this.#sources = sources;
    this.#devices = sources.map(() => new Transmitter(port));
  }

  get confirmed(): number {
    return this.#devices.reduce((sum, { confirmed }) => sum + confirmed.size, 0);
  }

  /** For so long; `look` is called now and then. */
  async run(ms: number, look: () => Promise<void>): Promise<void> {
    const [startMs, saidBefore] = [performance.now(), this.said];
    for (let lookedMs = startMs; performance.now() - startMs < ms; await sleep(TELL_EVERY_MS)) {
      const due = saidBefore + ((performance.now() - startMs) / 1_000) * PER_SECOND;
      while (this.said < due) this.#say();
      if (performance.now() - lookedMs < LOOK_EVERY_MS) continue;
      lookedMs = performance.now();
      await look();
    }
  }

  /** Serial numbers come round after 65,536 frames of a device. */
  #say(): void {
    const index = this.said % this.#devices.length;
    const turn = Math.floor(this.said / this.#devices.length);
    const device = this.#devices[index]!;
    if (turn % 65_536 === 0) device.confirmed.clear();
    device.send(readingFrom(this.#sources[index]!, turn % 65_536, 1 + (turn % 200), 300 + (turn % 100)));
    this.said += 1;
  }
}

/** A phase of the load, and that what the gateway holds is flat in it. */
async function phase(when: string, ms: number, rig: Rig, load: Load, findings: Findings): Promise<void> {
  const looks: Held[] = [];
  await load.run(ms, async () => void looks.push(heldBy(rig.gateway.process.pid!)));
  judgeFlat(when, looks, findings);
}

/** 50 readings a second over a good link: none twice, never full. Then over one that is too slow for them: they wait on the disk, not in memory. */
async function soak(minutes: number, seed: number, findings: Findings): Promise<void> {
  const { line, sources } = doorFor(DEVICES);
  await using rig = await Rig.start({ seed, panels: 0, lines: [line] });
  await using link = new TcpLink({ listen: LOOPBACK, to: { ...LOOPBACK, port: rig.intakePort }, random: seeded(seed) });
  rig.intakePort = (await link.start()).port;
  rig.writeGateway();
  await rig.startGateway();
  const load = new Load(sources, await portOf(rig));
  await rig.until('the uplink is there', async () => (await rig.status()).uplinks[0]!.state === 'up');
  await phase('over a good link', minutes * 30_000, rig, load, findings);
  const arrived = () => rig.ledger().rows.filter(({ event }) => event.kind === 'reading').length;
  await rig.until('every reading of the good link', () => arrived() >= load.said);
  findings.measured['readings over the good link'] = load.said;
  findings.measured['rows that came again over it'] = (await rig.collected()).repeated;
  findings.expect((await rig.collected()).repeated === 0, `${(await rig.collected()).repeated} rows came again over a good link`);
  neverSaid(rig, ['queue-high'], findings);
  link.setQuality({ bytesPerSecond: NARROW_BYTES_A_SECOND });
  await phase('over a link too slow', minutes * 30_000, rig, load, findings);
  findings.measured['rows that wait behind the slow link'] = (await rig.status()).journal.lanes.ordinary.waiting;
  link.setQuality(GOOD_LINK);
  await rig.until('every reading', () => arrived() >= load.said, 600_000);
  await judge(rig, load, arrived(), findings);
}

function neverSaid(rig: Rig, notes: readonly string[], findings: Findings): void {
  for (const note of notes) findings.expect(rig.said(note).length === 0, `the gateway said ${note}: ${rig.said(note)[0]?.text}`);
}

async function judge(rig: Rig, load: Load, arrived: number, findings: Findings): Promise<void> {
  const { lanes } = (await rig.status()).journal;
  findings.measured['readings in all'] = load.said;
  findings.expect(arrived === load.said, `${arrived} readings in the ledger of ${load.said}`);
  findings.expect(lanes.ordinary.thinned === 0, `${lanes.ordinary.thinned} readings were given up for want of room`);
  neverSaid(rig, ['readings-thinned', 'disk-full', 'memory-high', 'descriptors-high', 'crashed'], findings);
  const { gaps, duplicated, outOfOrder } = rig.verdict();
  findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
}

/** `npm run drill -- soak [minutes] [seed]`: half of them over a good link, half over one too slow. */
export async function run([minutes = '10', seed = '1']: readonly string[]): Promise<number> {
  if (!(Number(minutes) > 0)) throw new TypeError(`${minutes}: not a number of minutes`);
  const findings = new Findings(true);
  await soak(Number(minutes), Number(seed), findings).catch((error: Error) => void findings.complaints.push(error.message));
  const { complaints, measured } = findings.outcome();
  stdout.write(`${JSON.stringify({ drill: 'soak', minutes: Number(minutes), good: complaints.length === 0, measured, complaints })}\n`);
  return complaints.length === 0 ? 0 : 1;
}
