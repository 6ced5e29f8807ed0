import {
  type Clock,
  type Cut,
  type CutRule,
  type Decoded,
  type Family,
  PacketCutter,
  type RegisterRequest,
  toHex,
} from '@fengsui/protocol';
import { modbusCut, readModbusPacket } from '@fengsui/protocol/modbus';
import type { Take } from './arrivals.ts';
import { type Candidate, Recogniser, type Standing } from './recognise.ts';
import type { View } from './views.ts';

/** One thing heard on a wire, and when (milliseconds since 1970-01-01 UTC). */
export interface HeardView {
  readonly atMs: number;
  readonly view: View;
  /** Datagrams: who sent it. */
  readonly from?: string;
}

/** What was heard in all. */
export interface Tally {
  bytes: number;
  packets: number;
  noiseBytes: number;
  /** Pieces of noise by reason. */
  readonly noise: Record<string, number>;
  /** Words of the devices. */
  readonly said: Record<string, number>;
}

export function newTally(): Tally {
  return { bytes: 0, packets: 0, noiseBytes: 0, noise: {}, said: {} };
}

const count = (table: Record<string, number>, key: string) => {
  table[key] = (table[key] ?? 0) + 1;
};

/** Adds a view to the tally. */
export function tallyView(view: View, tally: Tally): void {
  if (view['kind'] === 'noise') {
    tally.noiseBytes += String(view['hex']).length / 2;
    count(tally.noise, String(view['why']));
  } else if (view['kind'] === 'packet') {
    tally.packets += 1;
    for (const { what } of view['observations'] as ReadonlyArray<{ what: string }>) count(tally.said, what);
  }
}

/** Bytes of an unknown protocol that follow each other without such a gap are shown as one run. */
const RUN_GAP_MS = 50;
/** A run that never pauses is shown in pieces of this size. */
const RUN_BYTES_MAX = 256;
/** Modbus RTU ends a packet after 3.5 characters; converters and USB stretch that to tens of milliseconds. */
const MODBUS_GAP_MS = 50;

export interface Listening {
  readonly take: Take;
  readonly clock: Clock;
  readonly tally: Tally;
}

/** Remembers what was asked on a Modbus line, so that the reply after it can be read. */
class Reader {
  readonly #family: Exclude<Family, { shape: 'publishes' }>;
  #asked: (RegisterRequest & { readonly unit: number }) | null = null;

  constructor(family: Exclude<Family, { shape: 'publishes' }>) {
    this.#family = family;
  }

  get cut(): CutRule {
    return this.#family.shape === 'talks' ? this.#family.cut : modbusCut;
  }

  get gapMs(): number {
    return this.#family.shape === 'talks' ? this.#family.gapMs : MODBUS_GAP_MS;
  }

  read(packet: Uint8Array): Decoded {
    if (this.#family.shape === 'talks') return this.#family.decode(packet);
    const seen = readModbusPacket(packet, this.#asked);
    const request = seen && this.#asked?.unit === seen.unit ? this.#asked : null;
    this.#asked = seen?.kind === 'request' ? seen : null;
    return this.#family.decode(packet, request);
  }
}

/** Cuts what comes into packets of one family and noise, and reads the packets. Ends with the wire. */
export async function* listenTo(
  family: Exclude<Family, { shape: 'publishes' }>,
  { take, clock, tally }: Listening,
): AsyncGenerator<HeardView> {
  const reader = new Reader(family);
  const cutter = new PacketCutter(reader.cut);
  const viewed = (cut: Cut): HeardView => {
    const view = viewOf(cut, family, reader);
    tallyView(view, tally);
    return { atMs: clock.wallMs(), view };
  };
  while (true) {
    const arrival = await take(cutter.pendingBytes > 0 ? reader.gapMs : Number.POSITIVE_INFINITY);
    if (arrival === 'end') break;
    if (arrival !== 'silence') tally.bytes += arrival.item.length;
    yield* (arrival === 'silence' ? cutter.idle() : cutter.feed(arrival.item)).map(viewed);
  }
  yield* cutter.idle().map(viewed);
}

function viewOf(cut: Cut, family: Family, reader: Reader): View {
  if (cut.kind === 'noise') return { kind: 'noise', hex: toHex(cut.bytes), why: cut.why };
  const { fields, observations, remarks, fromHost } = reader.read(cut.bytes);
  return {
    ...{ kind: 'packet', family: family.name, fields, observations },
    ...(remarks && remarks.length > 0 ? { remarks } : {}),
    ...(fromHost ? { fromHost } : {}),
    hex: toHex(cut.bytes),
  };
}

/** Shows runs of bytes as they come, with the candidates that recognised a packet in each. Returns who they may belong to. */
export async function* listenOpen(
  candidates: readonly Candidate[],
  { take, clock, tally }: Listening,
): AsyncGenerator<HeardView, Standing[]> {
  const recogniser = new Recogniser(candidates);
  let run: number[] = [];
  let names = new Set<string>();
  let startMs = 0;
  const close = (): HeardView => {
    const view: View = { kind: 'bytes', hex: toHex(Uint8Array.from(run)), ...(names.size > 0 ? { looksLike: [...names] } : {}) };
    [run, names] = [[], new Set()];
    return { atMs: startMs, view };
  };
  while (true) {
    const arrival = await take(run.length > 0 ? RUN_GAP_MS : Number.POSITIVE_INFINITY);
    if (arrival === 'end') break;
    if (arrival === 'silence') {
      for (const name of recogniser.idle()) names.add(name);
      yield close();
      continue;
    }
    tally.bytes += arrival.item.length;
    if (run.length === 0) startMs = clock.wallMs();
    for (const name of recogniser.feed(arrival.item)) names.add(name);
    run.push(...arrival.item);
    if (run.length >= RUN_BYTES_MAX) yield close();
  }
  recogniser.idle();
  if (run.length > 0) yield close();
  return recogniser.standings();
}
