import { type CutRule, type Decoded, type Family, type LineSetting, PacketCutter } from '@fengsui/protocol';
import { modbusCut } from '@fengsui/protocol/modbus';

/** A way to read a stream: one talking family, or Modbus for all families that are polled (their packets are one protocol). */
export interface Candidate {
  readonly name: string;
  readonly cut: CutRule;
  readonly decode: (packet: Uint8Array) => Decoded;
  /** Settings at which the register knows it. */
  readonly lines: readonly LineSetting[];
  readonly tier: 1 | 2 | 3;
}

/** How sure: `certain` – act on it; `likely` – listen longer; `possible` – only short packets that other lines may hold by chance. */
export const VERDICTS = ['certain', 'likely', 'possible'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one candidate made of everything heard. */
export interface Standing {
  readonly name: string;
  readonly verdict: Verdict | null;
  readonly packets: number;
  readonly packetBytes: number;
  readonly noiseBytes: number;
  /** Share of all bytes that are its packets, 0–1. */
  readonly coverage: number;
  /** Words of the device, with how often. */
  readonly said: Readonly<Record<string, number>>;
  readonly remarks: number;
  readonly tier: 1 | 2 | 3;
  readonly lines: readonly LineSetting[];
}

/** A packet of at most so many bytes carries too little check to prove its family: any line holds such bytes. */
const SHORT_BYTES = 4;
const CERTAIN_PACKETS = 3;
const CERTAIN_COVERAGE = 0.8;
const LIKELY_COVERAGE = 0.5;

export const MODBUS = 'modbus';

export function candidatesOf(families: Iterable<Family>): Candidate[] {
  const all = [...families];
  const talking = all.flatMap((family): Candidate[] => {
    if (family.shape !== 'talks') return [];
    return [{ name: family.name, cut: family.cut, decode: family.decode, lines: [family.line], tier: family.tier }];
  });
  const polled = all.flatMap((family) => (family.shape === 'polled' ? [family] : []));
  if (polled.length === 0) return talking;
  const decode = (packet: Uint8Array) => polled[0]!.decode(packet, null);
  return [...talking, { name: MODBUS, cut: modbusCut, decode, lines: polled.map(({ line }) => line), tier: 1 }];
}

class Trial {
  readonly candidate: Candidate;
  readonly cutter: PacketCutter;
  packets = 0;
  packetBytes = 0;
  longPackets = 0;
  longBytes = 0;
  noiseBytes = 0;
  remarks = 0;
  readonly said = new Map<string, number>();

  constructor(candidate: Candidate) {
    this.candidate = candidate;
    this.cutter = new PacketCutter(candidate.cut);
  }

  take(cuts: ReturnType<PacketCutter['feed']>): boolean {
    let found = false;
    for (const { kind, bytes } of cuts) {
      if (kind === 'noise') this.noiseBytes += bytes.length;
      else found = this.#packet(bytes) || found;
    }
    return found;
  }

  #packet(bytes: Uint8Array): boolean {
    const { observations, remarks } = this.candidate.decode(bytes);
    this.packets += 1;
    this.packetBytes += bytes.length;
    this.remarks += remarks?.length ?? 0;
    for (const { what } of observations) this.said.set(what, (this.said.get(what) ?? 0) + 1);
    if (bytes.length <= SHORT_BYTES) return false;
    this.longPackets += 1;
    this.longBytes += bytes.length;
    return true;
  }

  standing(): Standing & { readonly strength: number } {
    const { name, tier, lines } = this.candidate;
    const total = this.packetBytes + this.noiseBytes;
    const coverage = total === 0 ? 0 : this.packetBytes / total;
    const { packets, packetBytes, noiseBytes, remarks } = this;
    const said = Object.fromEntries(this.said);
    const strength = total === 0 ? 0 : this.longBytes / total;
    return { name, verdict: this.#verdict(coverage), packets, packetBytes, noiseBytes, coverage, said, remarks, tier, lines, strength };
  }

  #verdict(coverage: number): Verdict | null {
    if (this.longPackets >= CERTAIN_PACKETS && coverage >= CERTAIN_COVERAGE) return 'certain';
    if (this.longPackets > 0 && coverage >= LIKELY_COVERAGE) return 'likely';
    return this.packets > 0 && coverage >= LIKELY_COVERAGE ? 'possible' : null;
  }
}

/** Reads one stream with every candidate at once, and says which of them the bytes belong to. Memory: one packet a candidate. */
export class Recogniser {
  readonly #trials: readonly Trial[];

  constructor(candidates: readonly Candidate[]) {
    this.#trials = candidates.map((candidate) => new Trial(candidate));
  }

  /** Names of the candidates that found a packet worth the name in this. */
  feed(chunk: Uint8Array): string[] {
    return this.#all((cutter) => cutter.feed(chunk));
  }

  /** The line has been silent: what waits for more is no packet. */
  idle(): string[] {
    return this.#all((cutter) => cutter.idle());
  }

  /** The best first. Those without a verdict come last: they say how little was recognised. */
  standings(): Standing[] {
    const place = ({ verdict }: Standing) => (verdict === null ? VERDICTS.length : VERDICTS.indexOf(verdict));
    return this.#trials
      .map((trial) => trial.standing())
      .sort(
        (a, b) =>
          place(a) - place(b) ||
          b.strength - a.strength ||
          b.coverage - a.coverage ||
          a.remarks - b.remarks ||
          b.packets - a.packets ||
          a.tier - b.tier,
      )
      .map(({ strength, ...standing }) => standing);
  }

  #all(cut: (cutter: PacketCutter) => ReturnType<PacketCutter['feed']>): string[] {
    return this.#trials.filter((trial) => trial.take(cut(trial.cutter))).map(({ candidate }) => candidate.name);
  }
}
