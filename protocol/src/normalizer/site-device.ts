import { type DeviceAddress, type Part, STATES, type State } from '../event.ts';
import { flagsAfter } from '../flags.ts';
import type { Said } from '../heard.ts';
import type { Meaning } from './meaning-on-site.ts';
import { keyOfAddress, PointTable } from './point-table.ts';
import type { DeviceRecord, PointRecord } from './points.ts';
import type { ReadingState } from './readings.ts';
import { Revertible } from './revertible.ts';

/** 手动火灾报警按钮, GB/T 26875.3-2011 table 5: GB 4717-2024 wants it told apart from detectors. */
const MANUAL_CALL_POINT = 23;

const FLAGS = Object.keys(STATES) as State[];

/** Where something stands: its row in the table, its part, and the name of its flags. */
export interface Spot {
  readonly key: string;
  readonly point: PointRecord | undefined;
  readonly part: Part;
}

/** One device of the site: its table, and what we remember of its points until the journal has it. */
export class SiteDevice {
  readonly record: DeviceRecord;
  readonly readings = new Revertible<ReadingState>();
  /** What a first look showed to be over, before it was known how earlier runs left it. */
  readonly firstLooks = new Revertible<Said>();
  /** Kinds at a spot of which this run has said that they are over, since an earlier one heard them begin. */
  readonly overs = new Revertible<true>();
  readonly #table: PointTable;
  /** The rows that speak of each part. Empty where the map of a register is not known: it may speak of any part. */
  readonly #rowsOf = new Map<string, PointRecord[]>();
  readonly #flags = new Revertible<readonly State[]>();
  /** Flags of what is not in service: its fire is a test, and must not keep a fire from being the first. */
  readonly #tested = new Revertible<readonly State[]>();

  constructor(record: DeviceRecord) {
    this.record = record;
    this.#table = new PointTable(record.points);
    if (record.points.some(({ register, mapped }) => register !== undefined && !mapped)) return;
    for (const [index, part] of this.parts().entries()) {
      const key = JSON.stringify(part);
      this.#rowsOf.set(key, [...(this.#rowsOf.get(key) ?? []), record.points[index]!]);
    }
  }

  /** The part of each row of the table, as its events will name it. */
  parts(): Part[] {
    return this.record.points.map((point) => {
      const { register, mapped = {}, address = {} } = point;
      const { address: own = address, ...about } = mapped;
      return this.#partOf({ what: 'reading', ...about, address: own, ...(register === undefined ? {} : { register }) }, point);
    });
  }

  /**
   * Whether a part is surely told by this spot and no other of the device. Never where addresses are heard: they may lose fields on the
   * way to a part, and a device may say any number that no row lists.
   */
  isAlone({ point, part }: Spot): boolean {
    const [row, ...others] = this.#rowsAt(part);
    return point?.register !== undefined && row === point && others.length === 0;
  }

  spotOf(said: Said): Spot {
    const point = this.#table.find(said);
    const key = said.register === undefined ? keyOfAddress(said.address) : `register ${said.register}`;
    return { key, point, part: this.#partOf(said, point) };
  }

  flags(spot: Spot): readonly State[] {
    return this.#flagsFor(spot).get(spot.key) ?? [];
  }

  /** Whether what is said of the spot is live traffic (GB/T 45839-2025 5.8.4). */
  isInService({ point }: Pick<Spot, 'point'>): boolean {
    return point?.inService !== false && this.record.inService !== false;
  }

  /** The flags of the spot after one more event; a reset clears what latched everywhere it reaches. */
  apply(spot: Spot, meaning: Meaning, address: DeviceAddress): readonly State[] {
    if (meaning.kind === 'reset') this.#reset(meaning, address);
    const flags = new Set(flagsAfter(this.flags(spot), meaning));
    if (meaning.kind === 'fire' && meaning.edge === 'began') {
      if (!this.#anyFire(spot)) flags.add('first-fire');
      if (spot.part.component?.type === MANUAL_CALL_POINT) flags.add('manual-call-point');
    }
    this.put(spot, [...flags]);
    return this.#standingAt(spot);
  }

  put(spot: Spot, flags: readonly State[]): void {
    keep(this.#flagsFor(spot), spot.key, flags);
  }

  /** What stands at the part of a spot: what one register says there does not end what another does. */
  #standingAt(spot: Spot): readonly State[] {
    const all = this.#flagsFor(spot);
    const neighbours = this.#rowsAt(spot.part).filter(({ register }) => register !== undefined);
    const standing = new Set([spot.key, ...neighbours.map(({ register }) => `register ${register}`)].flatMap((key) => all.get(key) ?? []));
    return FLAGS.filter((flag) => standing.has(flag));
  }

  #rowsAt(part: Part): readonly PointRecord[] {
    return this.#rowsOf.get(JSON.stringify(part)) ?? [];
  }

  settle(): void {
    this.#flags.settle();
    this.#tested.settle();
    for (const kept of [this.readings, this.firstLooks, this.overs]) kept.settle();
  }

  revert(): void {
    this.#flags.revert();
    this.#tested.revert();
    for (const kept of [this.readings, this.firstLooks, this.overs]) kept.revert();
  }

  #flagsFor(spot: Pick<Spot, 'point'>): Revertible<readonly State[]> {
    return this.isInService(spot) ? this.#flags : this.#tested;
  }

  #anyFire(spot: Spot): boolean {
    return this.#flagsFor(spot)
      .entries()
      .some(([, flags]) => flags.includes('fire'));
  }

  #reset(meaning: Meaning, { controller }: DeviceAddress): void {
    const reached = controller === undefined ? '' : keyOfAddress({ controller });
    for (const all of [this.#flags, this.#tested])
      for (const [key, flags] of all.entries()) if (key.startsWith(reached)) keep(all, key, flagsAfter(flags, meaning));
  }

  #partOf({ address, register, componentType }: Said, point: PointRecord | undefined): Part {
    const systemType = point?.systemType ?? this.record.part?.systemType ?? 0;
    const systemAddress = point?.systemAddress ?? this.record.part?.systemAddress ?? (address.controller ?? 0) & 0xff;
    const type = point?.componentType ?? componentType;
    const known = [type, point?.componentAddress, address.loop, address.point, address.channel, register].some(
      (told) => told !== undefined,
    );
    if (!known) return { systemType, systemAddress };
    const ordinal = register !== undefined && point ? this.#table.ordinal(point) : 0;
    const own = (((address.point ?? 0) << 16) | (address.loop ?? 0)) >>> 0 || (address.channel ?? address.zone ?? ordinal);
    return { systemType, systemAddress, component: { type: (type ?? 0) & 0xff, address: point?.componentAddress ?? own >>> 0 } };
  }
}

function keep(all: Revertible<readonly State[]>, key: string, flags: readonly State[]): void {
  const ordered = FLAGS.filter((flag) => flags.includes(flag));
  // What stands nowhere is forgotten: a babbling peer may name any number of addresses.
  if (ordered.length > 0) all.set(key, ordered);
  else all.delete(key);
}
