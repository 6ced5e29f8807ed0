import { type Random, seeded } from '../../src/random.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { type FireSaid, fireFrom, frameFrom, onTheWire, Transmitter } from './transmitter.ts';

/** The sender of every frame. */
const SOURCE = 0xff1280512507;
const NEXT_WITHIN_MS = 2_000;
/** Before the unit of a frame, and behind it: checksum and end. */
const [UNIT_AT, TAIL_BYTES] = [27, 3];
const YEAR_2099 = Date.UTC(2099, 11, 31);

const fire = (serial: number, address: number, more: FireSaid = {}) => fireFrom(SOURCE, serial, address, more);
const frame = (serial: number, command: number, unit: Uint8Array) => frameFrom(SOURCE, serial, command, unit);

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at < 0 ? copy.length + at : at] = value & 0xff;
  return copy;
}

interface Poison {
  readonly make: (serial: number, random: Random) => Uint8Array;
  /** Under what it is counted, once; where chance cuts it, any of these at least once. */
  readonly counted: string | readonly string[];
}

const noiseOf = (make: Poison['make']): Poison => ({ make, counted: ['no-start', 'length', 'terminator', 'checksum'] });

/** What a bad device, a bad line or a bad person sends; each is told apart by its name. */
const POISONS: Readonly<Record<string, Poison>> = {
  'bad checksum': { make: (serial) => changed(fire(serial, 1), -3, fire(serial, 1).at(-3)! + 1), counted: 'checksum' },
  'unit of no type': { make: (serial) => frame(serial, 2, Uint8Array.of(15, 1, 1, 2, 3)), counted: 'undecodable' },
  'unit of a type of nobody': {
    make: (serial) => frame(serial, 2, Uint8Array.of(200, 1, ...new Uint8Array(40).fill(0xee))),
    counted: 'undecodable',
  },
  'count that lies': {
    make: (serial) => frame(serial, 2, changed(fire(serial, 1).subarray(UNIT_AT, -TAIL_BYTES), 1, 9)),
    counted: 'undecodable',
  },
  'unknown command': { make: (serial) => frame(serial, 77, new Uint8Array()), counted: 'undecodable' },
  '1,025 bytes of unit': {
    make: (serial) => changed(changed(frame(serial, 2, new Uint8Array(1_024)), 24, 0x01), 25, 0x04),
    counted: 'length',
  },
  'half a frame': noiseOf((serial, random) => fire(serial, 1).subarray(0, 5 + random.below(30))),
  noise: noiseOf((_serial, random) => random.bytes(1 + random.below(200))),
  'starts and ends alone': noiseOf(() => new TextEncoder().encode('@@##@@@@####@@')),
};

/** Strange and yet a fire: it must arrive like any other. */
const STRANGE: ReadonlyArray<(serial: number, address: number) => Uint8Array> = [
  (serial, address) => fire(serial, address, { text: Uint8Array.of(0x81, 0xff, 0xfe, 0x3c, 0xff) }),
  (serial, address) => fire(serial, address, { text: Uint8Array.of(0, 0, 0x41, 0, 0x42) }),
  (serial, address) => fire(serial, address, { ms: YEAR_2099 }),
  (serial, address) => fire(serial, address, { text: new TextEncoder().encode('=1+1<script>') }),
];

interface Heard {
  readonly counts: Readonly<Record<string, number>>;
  /** The last pieces that were kept, hex, oldest first. */
  readonly kept: readonly string[];
}

/** What is wrong with how a poison was counted and kept; its bytes are kept as far as pieces are. */
function misjudged({ counted }: Poison, bytes: Uint8Array, before: Heard, now: Heard): string | null {
  const risen = Object.entries(now.counts).flatMap(([why, count]) => {
    const by = count - (before.counts[why] ?? 0);
    return by > 0 ? [{ why, by }] : [];
  });
  const told = `counted as ${JSON.stringify(risen)}`;
  if (typeof counted === 'string' && !(risen.length === 1 && risen[0]!.why === counted && risen[0]!.by === 1)) return told;
  if (risen.length === 0 || !risen.every(({ why }) => counted.includes(why))) return told;
  const hex = Buffer.from(bytes).toString('hex');
  return now.kept.some((piece) => hex.startsWith(piece) || piece.startsWith(hex)) ? null : `${told}, and its bytes are not kept: ${hex}`;
}

/** E26: poison between good frames on one connection. Every good one is confirmed soon and is in the ledger once; the connection stays; what is bad is counted. */
export const experiment: Experiment = {
  words: { en: 'poison: bad frames among good ones', zh: '畸形报文' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const random = seeded(seed);
    const door = {
      name: 'door',
      wire: { kind: 'tcp-server', host: '127.0.0.1', port: 0 },
      devices: [{ name: 'utd-1', family: 'gb26875', device: onTheWire(SOURCE) }],
    };
    await using rig = await Rig.start({ seed, panels: 0, lines: [door] });
    await rig.startGateway();
    const port = Number((await rig.status()).lines[0]!.at.split(':').at(-1));
    const device = new Transmitter(port);
    await rig.until('connected', () => !device.isClosed);
    let serial = 0;
    const good = async (what: string, make: (serial: number) => Uint8Array) => {
      const own = ++serial;
      device.send(make(own));
      const ms = await rig.until(`the good frame after ${what} is confirmed`, () => device.confirmed.has(own) || device.isClosed);
      findings.within(NEXT_WITHIN_MS, 'slowest confirmation of a good frame after a bad one', ms);
      findings.expect(!device.isClosed, `${what}: the connection was closed`);
    };
    const heard = async (): Promise<Heard> => {
      const { unheard, noise } = (await rig.status()).lines[0]!;
      return { counts: unheard, kept: noise.map(({ hex }) => hex) };
    };
    let address = 0;
    const names = Object.keys(POISONS);
    for (let turn = 0; turn < (isLong ? 500 : names.length); turn++) {
      const name = isLong ? random.pick(names) : names[turn]!;
      const poison = POISONS[name]!;
      const bytes = poison.make((60_000 + turn) % 65_536, random);
      const before = await heard();
      device.send(bytes);
      await good(name, (own) => fire(own, ++address));
      const wrong = misjudged(poison, bytes, before, await heard());
      findings.expect(wrong === null, `${name}: ${wrong}`);
    }
    for (const strange of STRANGE) await good('a strange fire', (own) => strange(own, ++address));
    device.end();
    const fires = () => rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.edge === 'began');
    await rig.until('every fire in the ledger', () => fires().length >= address);
    findings.measured['good frames'] = address;
    const places = fires().map(({ event }) => (event as unknown as { part: { component: { address: number } } }).part.component.address);
    findings.expect(new Set(places).size === places.length, `${places.length - new Set(places).size} fires twice`);
    findings.expect(places.length === address, `${places.length} fires in the ledger of ${address}`);
    const { unheard } = (await rig.status()).lines[0]!;
    findings.measured['counted as unheard'] = Object.entries(unheard)
      .map(([why, count]) => `${why} ${count}`)
      .join(', ');
    return findings.outcome();
  },
};
