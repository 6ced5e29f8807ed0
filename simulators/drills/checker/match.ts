import { type Claim, claimOf, frameProblem, holdsValue, stimulusKey } from './evidence.ts';
import type { LedgerRow, Stimulus } from './records.ts';

/** Which event kinds, with which edge, one word of a device can have become; a site may call gas and current by their own names. */
const BECOMES: Readonly<Record<string, { readonly kinds: readonly string[]; readonly edge: string }>> = {
  fire: { kinds: ['fire', 'first-fire', 'gas-alarm', 'electrical-alarm'], edge: 'began' },
  supervisory: { kinds: ['supervisory', 'gas-alarm', 'electrical-alarm'], edge: 'began' },
  restored: { kinds: ['fire', 'supervisory', 'gas-alarm', 'electrical-alarm'], edge: 'ended' },
  fault: { kinds: ['fault', 'bus'], edge: 'began' },
  'fault-restored': { kinds: ['fault', 'bus'], edge: 'ended' },
  shield: { kinds: ['shield'], edge: 'began' },
  unshield: { kinds: ['shield'], edge: 'ended' },
  start: { kinds: ['start'], edge: 'began' },
  stop: { kinds: ['start'], edge: 'ended' },
  feedback: { kinds: ['feedback'], edge: 'began' },
  'feedback-ended': { kinds: ['feedback'], edge: 'ended' },
  reset: { kinds: ['reset'], edge: 'momentary' },
  silence: { kinds: ['operation'], edge: 'momentary' },
  'battery-low': { kinds: ['battery-low'], edge: 'began' },
  low: { kinds: ['low'], edge: 'began' },
  high: { kinds: ['high'], edge: 'began' },
  reading: { kinds: ['reading'], edge: 'momentary' },
  heartbeat: { kinds: ['heartbeat'], edge: 'momentary' },
};
/** What the gateway says of itself and of its wires: no device said it. */
const OWN_KINDS = ['gateway', 'link'];
/** Kinds that a value can cross into, or a device's silence about an alarm can end. */
const DERIVED_KINDS = ['low', 'high'];
/** A standing value may be reported again on its period; sooner than this, with nothing new read, it is a double. */
const REPORT_AGAIN_MS = 30_000;
/** Clocks of one machine, in different processes, read apart by less than this. */
const CLOCK_SLACK_MS = 50;

/** A ledger row laid beside the stimulus behind it. */
export interface Matched {
  readonly row: LedgerRow;
  readonly stimulus: Stimulus;
  /** This row is what the stimulus was meant to become, not something said along with it. */
  readonly primary: boolean;
}

export interface Matching {
  readonly matched: readonly Matched[];
  readonly phantoms: readonly string[];
  readonly doubles: readonly string[];
  readonly falsified: readonly string[];
}

function named(row: LedgerRow): string {
  return `row ${row.position} (${row.event.source} ${row.event.kind} ${row.event.edge}, ${row.lane} ${row.number})`;
}

function fits(row: LedgerRow, what: string): boolean {
  const meaning = BECOMES[what];
  return meaning?.kinds.includes(row.event.kind) === true && meaning.edge === row.event.edge;
}

/** The value that a quantity has now. */
interface Standing {
  readonly value: number;
  readonly atMs: number;
  readonly quality: string;
  readonly stimulus: Stimulus | null;
}

/** The packet that the last rows of a device came from. */
interface Packet {
  readonly heardMs: number;
  readonly whats: readonly string[];
  readonly stimulus: Stimulus;
}

function heardMsOf(row: LedgerRow): number {
  return row.event.receivedMs ?? row.committedMs;
}

/** Lays the rows of one device beside what it said. */
class DeviceMatch {
  readonly #family: string;
  readonly #byKey = new Map<string, Stimulus[]>();
  readonly #seen = new Set<string>();
  readonly #stands = new Map<string, Standing>();
  readonly #sides = new Map<string, string>();
  #packet: Packet | null = null;
  readonly matched: Matched[] = [];
  readonly phantoms: string[] = [];
  readonly doubles: string[] = [];
  readonly falsified: string[] = [];

  constructor(stimuli: readonly Stimulus[]) {
    this.#family = stimuli[0]!.family;
    for (const stimulus of stimuli) {
      const key = stimulusKey(this.#family, stimulus);
      if (key !== null) this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), stimulus]);
    }
  }

  take(row: LedgerRow): void {
    const problem = frameProblem(row.frame, row.event.packetHex);
    if (problem) this.falsified.push(`${named(row)}: its frame ${problem}`);
    const claim = row.event.packetHex ? claimOf(this.#family, row.event.packetHex) : null;
    if (OWN_KINDS.includes(row.event.kind)) this.#hear(row, claim);
    else if (claim) this.#takePacket(row, claim);
    else if (this.#packet?.heardMs === heardMsOf(row)) this.#takeAlong(row, this.#packet);
    else this.#takeValue(row);
  }

  /** What the gateway notes because of a packet may carry that packet, for what was heard with it. */
  #hear(row: LedgerRow, claim: Claim | null): void {
    const stimulus = claim ? this.#byKey.get(claim.key)?.[0] : undefined;
    if (claim && stimulus && stimulus.expect !== 'mustNot') this.#packet = { heardMs: heardMsOf(row), whats: claim.whats, stimulus };
  }

  /** A packet travels with the first of the events it makes; the others were heard in the same moment. */
  #takeAlong(row: LedgerRow, { stimulus, whats }: Packet): void {
    if (whats.some((what) => fits(row, what))) this.#match(row, stimulus);
    else this.phantoms.push(`${named(row)}: the packet heard with it says ${whats.join(', ')}`);
  }

  /** A row whose packet speaks for itself. */
  #takePacket(row: LedgerRow, { key, whats }: { key: string; whats: readonly string[] }): void {
    const candidates = this.#byKey.get(key) ?? [];
    const stimulus = candidates.find((candidate) => !this.#seen.has(this.#identity(candidate, row))) ?? candidates[0];
    if (!stimulus || stimulus.expect === 'mustNot') {
      // An idle packet is no stimulus: the device says it all the time, and the ledger need not hold each.
      if (!stimulus && whats[0] === 'heartbeat' && row.event.kind === 'heartbeat') return;
      this.phantoms.push(`${named(row)}: no stimulus says "${key}"`);
      return;
    }
    if (!whats.some((what) => fits(row, what))) {
      this.phantoms.push(`${named(row)}: its packet says ${whats.join(', ')}`);
      return;
    }
    this.#packet = { heardMs: heardMsOf(row), whats, stimulus };
    this.#match(row, stimulus);
  }

  #match(row: LedgerRow, stimulus: Stimulus): void {
    const identity = this.#identity(stimulus, row);
    if (this.#seen.has(identity)) this.doubles.push(`${named(row)}: ${stimulus.sid} stands there already`);
    this.#seen.add(identity);
    this.matched.push({ row, stimulus, primary: stimulus.what === 'heartbeat' || fits(row, stimulus.what) });
  }

  #identity(stimulus: Stimulus, { event: { kind, edge, measured } }: LedgerRow): string {
    return `${stimulus.sid} ${kind} ${edge} ${measured?.quantity ?? ''}`;
  }

  /** A row of a polled device: the value stands in it, and in the raw answer where one came along. */
  #takeValue(row: LedgerRow): void {
    const value = row.event.measured?.value;
    if (typeof value !== 'number') {
      this.phantoms.push(`${named(row)}: neither a packet nor a value says where it comes from`);
      return;
    }
    if (row.event.packetHex && !holdsValue(row.event.packetHex, value))
      this.falsified.push(`${named(row)}: ${value} does not stand in its packet ${row.event.packetHex}`);
    if (DERIVED_KINDS.includes(row.event.kind)) this.#takeCrossing(row, value);
    else this.#takeReading(row, value);
  }

  /** A limit is crossed by a value that was read, which is then not reported beside it; it begins and ends in turn. */
  #takeCrossing(row: LedgerRow, value: number): void {
    const quantity = row.event.measured?.quantity ?? '';
    const side = `${row.event.kind} ${quantity}`;
    if (this.#sides.get(side) === row.event.edge) this.doubles.push(`${named(row)}: it ${row.event.edge} already`);
    this.#sides.set(side, row.event.edge);
    const standing = this.#stands.get(quantity);
    if (!this.#begin(row, value) && standing?.value !== value) this.phantoms.push(`${named(row)}: the value ${value} was not read then`);
  }

  /** The next stimulus with this value stands from now on; false when there is none. */
  #begin(row: LedgerRow, value: number): boolean {
    const heardMs = heardMsOf(row);
    const unheard = ({ sid, atMs, expect }: Stimulus) => expect !== 'mustNot' && !this.#seen.has(sid) && atMs <= heardMs + CLOCK_SLACK_MS;
    const stimulus = this.#byKey.get(`value ${value}`)?.find(unheard);
    if (!stimulus) return false;
    this.#seen.add(stimulus.sid);
    this.#stand(row, value, stimulus);
    this.matched.push({ row, stimulus, primary: true });
    return true;
  }

  #stand(row: LedgerRow, value: number, stimulus: Stimulus | null): void {
    const { quantity = '', quality = 'good' } = row.event.measured ?? {};
    this.#stands.set(quantity, { value, atMs: heardMsOf(row), quality, stimulus });
  }

  #takeReading(row: LedgerRow, value: number): void {
    const standing = this.#stands.get(row.event.measured?.quantity ?? '');
    const quality = row.event.measured?.quality ?? 'good';
    // What went stale, or is trusted again, is the gateway's judgement of the value that stands.
    const judged = standing?.value === value && standing.quality !== quality;
    if (!judged && quality === 'good' && this.#begin(row, value)) return;
    if (standing?.value !== value) this.phantoms.push(`${named(row)}: the value ${value} was not read then`);
    else if (!judged && heardMsOf(row) - standing.atMs < REPORT_AGAIN_MS) this.doubles.push(`${named(row)}: ${value} stands there already`);
    this.#stand(row, value, standing?.stimulus ?? null);
  }
}

function byHearing(one: LedgerRow, other: LedgerRow): number {
  return one.gateway.localeCompare(other.gateway) || one.epoch - other.epoch || one.ordinal - other.ordinal;
}

function repeatedIds(rows: readonly LedgerRow[]): string[] {
  const seen = new Set<string>();
  return rows
    .filter(({ eventId }) => seen.has(eventId) || !seen.add(eventId))
    .map((row) => `${named(row)}: its event id stands there already`);
}

/** Lays the ledger beside the truth, device by device, in the order in which the gateway heard things. */
export function matchLedger(stimuli: readonly Stimulus[], rows: readonly LedgerRow[]): Matching {
  const devices = Map.groupBy(stimuli, ({ device }) => device);
  const matches = new Map([...devices].map(([device, said]) => [device, new DeviceMatch(said)]));
  const phantoms: string[] = [];
  for (const row of rows.toSorted(byHearing)) {
    const match = matches.get(row.event.source);
    if (match) match.take(row);
    else if (!OWN_KINDS.includes(row.event.kind)) phantoms.push(`${named(row)}: no such device`);
  }
  const all = [...matches.values()];
  return {
    matched: all.flatMap((match) => match.matched),
    phantoms: [...phantoms, ...all.flatMap((match) => match.phantoms)],
    doubles: [...repeatedIds(rows), ...all.flatMap((match) => match.doubles)],
    falsified: all.flatMap((match) => match.falsified),
  };
}
