import type { Clock } from '../clock.ts';
import type { Battery, EventKind, Measured, Part, SiteEvent } from '../event.ts';
import { type Heard, isSignOfLife, type Said } from '../heard.ts';
import { msOf } from './event-time.ts';
import { type Meaning, meaningsOf } from './meaning-on-site.ts';
import type { DeviceRecord } from './points.ts';
import { judgeReading, measuredOf, type ReadingState, UNREAD, withinLimits } from './readings.ts';
import { SiteDevice, type Spot } from './site-device.ts';
import { type Draft, eventOf } from './site-event.ts';

export type { DeviceRecord } from './points.ts';
export { standardLimitOf, standardLow } from './standard-limits.ts';

export interface NormalizerSettings {
  readonly devices: readonly DeviceRecord[];
  /** Zone of the site, minutes east of UTC. */
  readonly zoneMinutes: number;
  /** Mints 32 lower-case hex digits. */
  readonly newEventId: () => string;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Hears of every value, news or not, for whoever wants to see what a point measures just now. */
  readonly onMeasured?: (source: string, part: Part, measured: Measured, heardMs: number) => void;
  /** Whether an earlier run of the gateway heard a kind begin at a part and nobody has ended it since; null: not known yet. */
  readonly stood?: (source: string, part: Part, kind: EventKind) => boolean | null;
}

/** What was heard and became no event, and why that is right. */
export interface Quiet {
  /** Bare heartbeats and the like. */
  signsOfLife: number;
  /** Readings that are no news. */
  readingsHeld: number;
  /** A battery that is still low. */
  repeats: number;
  /** Numbers without a quantity: registers read for their own sake. */
  unmeasured: number;
}

export interface Normalizer {
  readonly quiet: Readonly<Quiet>;
  /** The events of what was heard, in order. What they rest on is remembered for good only by `settle`. */
  normalize(heard: Heard): SiteEvent[];
  /** The events of these are durable. */
  settle(heard: readonly Heard[]): void;
  /** The journal refused the events of these: nothing of them is remembered, so that they are events again when they are heard again. */
  revert(heard: readonly Heard[]): void;
}

/** A sample this old was kept by the device and tells of the past: it is reported, and no alarm is derived from it. */
const KEPT_SAMPLE_MS = 15 * 60_000;

/** The part of each row of a device's point table, as its events will name it. */
export function partsOf(record: DeviceRecord): Part[] {
  return new SiteDevice(record).parts();
}

/** Turns what devices said into what it means on site. Pure over the clock and the ids handed in. */
export function createNormalizer(settings: NormalizerSettings): Normalizer {
  const devices = new Map(settings.devices.map((record) => [record.name, new SiteDevice(record)]));
  const quiet: Quiet = { signsOfLife: 0, readingsHeld: 0, repeats: 0, unmeasured: 0 };
  let packets = 0;

  const deviceOf = (name: string): SiteDevice => {
    const known = devices.get(name) ?? new SiteDevice({ name, points: [] });
    devices.set(name, known);
    return known;
  };

  return {
    quiet,
    normalize(heard) {
      const device = deviceOf(heard.device);
      const packetNumber = (packets += 1);
      const reader = new Reader(device, settings, quiet, heard);
      const drafts = [...reader.firstLooks(), ...heard.observations.flatMap((said) => reader.read(said)), ...reader.batteryEnds()];
      const abouts = drafts.map(aboutOf);
      return drafts.map((draft, index) => {
        const evidence = index === 0 || (draft.meaning.kind !== 'reading' && draft.meaning.kind !== 'heartbeat');
        const nth = abouts.slice(0, index).filter((about) => about === abouts[index]).length;
        const id = heard.eventIdOf?.(index, `${abouts[index]} ${nth}`) ?? settings.newEventId();
        return eventOf(draft, { heard, device, zoneMinutes: settings.zoneMinutes, id, packetNumber, evidence });
      });
    },
    settle(heard) {
      for (const { device } of heard) deviceOf(device).settle();
    },
    revert(heard) {
      for (const { device } of heard) deviceOf(device).revert();
    },
  };
}

/** What an event is about, whatever else is known of its device: the name by which a copy of it is the same event. */
function aboutOf({ said, spot, meaning, measured }: Draft): string {
  return [meaning.kind, meaning.edge, spot.key, said.detail, said.deviceTime, measured?.quantity, measured?.value].join('|');
}

/** Reads the observations of one packet in the light of what is known of its device. */
class Reader {
  readonly #device: SiteDevice;
  readonly #settings: NormalizerSettings;
  readonly #quiet: Quiet;
  readonly #heard: Heard;

  constructor(device: SiteDevice, settings: NormalizerSettings, quiet: Quiet, heard: Heard) {
    this.#device = device;
    this.#settings = settings;
    this.#quiet = quiet;
    this.#heard = heard;
  }

  read(said: Said): Draft[] {
    if (isSignOfLife(said)) return this.#hold('signsOfLife');
    if (said.isFirstLook) return this.#firstLook(said);
    const spot = this.#device.spotOf(said);
    const begun = this.#batteryBegins(said, spot);
    if (said.what === 'reading') return [...begun, ...this.#readings(said, spot)];
    if (said.what === 'battery-low') return begun.length > 0 ? begun : this.#hold('repeats');
    const componentType = spot.point?.componentType ?? said.componentType;
    const meanings = meaningsOf(said, spot.point, componentType, this.#device.flags(spot));
    const measured = measuredOf(said, spot);
    return [...begun, ...meanings.map((meaning) => this.#draft(said, spot, meaning, measured))];
  }

  /** Looks that could not be judged when they were made. */
  firstLooks(): Draft[] {
    return this.#device.firstLooks.entries().flatMap(([, said]) => this.#firstLook(said));
  }

  #firstLook(said: Said): Draft[] {
    const spot = this.#device.spotOf(said);
    const [meaning] = meaningsOf(said, spot.point, spot.point?.componentType ?? said.componentType, []);
    if (!meaning) return this.#hold('signsOfLife');
    const name = `${spot.key} ${meaning.kind}`;
    const over = this.#over(said, spot, meaning.kind, null);
    if (over) this.#device.firstLooks.delete(name);
    else this.#device.firstLooks.set(name, said);
    return over && over.length > 0 ? over : this.#hold('repeats');
  }

  /**
   * A good look shows that a kind is not so: its end, where an earlier run heard it begin and what happened in between nobody heard.
   * Only where no other row of the device could have begun it: what earlier runs heard is known by its part alone.
   * null: how earlier runs left it is not known yet.
   */
  #over(said: Said, spot: Spot, kind: EventKind, measured: Measured | null): Draft[] | null {
    if (!this.#device.isAlone(spot)) return [];
    const name = `${spot.key} ${kind}`;
    const stood = this.#settings.stood ? this.#settings.stood(this.#device.record.name, spot.part, kind) : false;
    if (stood === null) return null;
    const flags: readonly string[] = this.#device.flags(spot);
    if (!stood || flags.includes(kind) || this.#device.overs.get(name)) return [];
    this.#device.overs.set(name, true);
    return [this.#draft(said, spot, { kind, edge: 'ended' }, measured)];
  }

  /** A device that speaks of its battery and does not call it low any more. */
  batteryEnds(): Draft[] {
    const { observations } = this.#heard;
    const saysLow = observations.some(({ what, battery }) => what === 'battery-low' || battery?.low === true);
    const said = observations.find(({ battery }) => battery !== undefined);
    if (saysLow || !said) return [];
    const spot = this.#device.spotOf(said);
    return this.#device.flags(spot).includes('battery-low') ? [this.#battery(said, spot, 'ended', said.battery)] : [];
  }

  #batteryBegins(said: Said, spot: Spot): Draft[] {
    const isLow = said.what === 'battery-low' || said.battery?.low === true;
    return isLow && !this.#device.flags(spot).includes('battery-low') ? [this.#battery(said, spot, 'began', said.battery)] : [];
  }

  #battery({ address, deviceTime, detail }: Said, spot: Spot, edge: 'began' | 'ended', battery: Battery | undefined): Draft {
    const told = {
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(detail === undefined ? {} : { detail }),
      ...(battery ? { battery } : {}),
    };
    return this.#draft({ what: 'battery-low', address, ...told }, spot, { kind: 'battery-low', edge }, null);
  }

  #readings(said: Said, spot: Spot): Draft[] {
    const measured = measuredOf(said, spot);
    if (!measured) return this.#hold('unmeasured');
    if (this.#isKeptSample(said)) return [this.#draft(said, spot, { kind: 'reading', edge: 'momentary' }, measured)];
    this.#settings.onMeasured?.(this.#device.record.name, spot.part, measured, this.#heard.heardMs);
    if (spot.point?.contact && measured.quantity === 'contact') return this.#contact(said, spot, spot.point.contact, measured);
    const { key, state } = this.#stateOf(spot, measured);
    const {
      crossings,
      report,
      state: next,
    } = judgeReading(state, measured, spot, said.register !== undefined, this.#settings.clock.monotonicMs());
    this.#device.readings.set(key, next);
    this.#failedSensor(spot, measured);
    // What speaks of itself may have called it low by its own limit, which the site's does not prove kept.
    const overs = said.register === undefined ? [] : withinLimits(next, measured, spot);
    const drafts = [
      ...crossings.map((meaning) => this.#draft(said, spot, meaning, measured)),
      ...overs.flatMap((kind) => this.#over(said, spot, kind, measured) ?? []),
    ];
    // A crossing carries its value: beside it the reading would only say it twice.
    if (drafts.length > 0) return drafts;
    return report ? [this.#draft(said, spot, { kind: 'reading', edge: 'momentary' }, measured)] : this.#hold('readingsHeld');
  }

  #contact(said: Said, spot: Spot, { kind, when }: { kind: Meaning['kind']; when: 'closed' | 'open' }, measured: Measured): Draft[] {
    const { key, state } = this.#stateOf(spot, measured);
    if (measured.value === null || measured.quality !== 'good') {
      const { report, state: next } = judgeReading(state, measured, spot, true, this.#settings.clock.monotonicMs());
      this.#device.readings.set(key, next);
      return report ? [this.#draft(said, spot, { kind: 'reading', edge: 'momentary' }, measured)] : this.#hold('readingsHeld');
    }
    const stands = (measured.value !== 0) === (when === 'closed');
    if (!stands && state.stands === undefined) {
      const over = this.#over(said, spot, kind, measured);
      if (over) this.#device.readings.set(key, { ...state, stands });
      return over && over.length > 0 ? over : this.#hold('readingsHeld');
    }
    this.#device.readings.set(key, { ...state, stands });
    if (stands === (state.stands ?? false)) return this.#hold('readingsHeld');
    return [this.#draft(said, spot, { kind, edge: stands ? 'began' : 'ended' }, measured)];
  }

  #stateOf({ key }: Spot, { quantity }: Measured): { readonly key: string; readonly state: ReadingState } {
    const name = `${key} ${quantity}`;
    return { key: name, state: this.#device.readings.get(name) ?? UNREAD };
  }

  #failedSensor(spot: Spot, { quality }: Measured): void {
    const flags = this.#device.flags(spot).filter((flag) => flag !== 'sensor-failed');
    if (quality === 'sensor-failed') this.#device.put(spot, [...flags, 'sensor-failed']);
    else if (quality === 'good') this.#device.put(spot, flags);
  }

  #isKeptSample({ deviceTime }: Said): boolean {
    const ms = deviceTime ? msOf(deviceTime, this.#settings.zoneMinutes) : null;
    return ms !== null && this.#heard.heardMs - ms > KEPT_SAMPLE_MS;
  }

  #draft(said: Said, spot: Spot, meaning: Meaning, measured: Measured | null): Draft {
    const states = this.#device.apply(spot, meaning, said.address);
    return { said, spot, meaning, states, ...(measured ? { measured } : {}) };
  }

  #hold(why: keyof Quiet): Draft[] {
    this.#quiet[why] += 1;
    return [];
  }
}
