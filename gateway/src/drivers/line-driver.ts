import type { Clock, Family, LineSetting, PolledFamily, PublishingFamily, TalkingFamily } from '@fengsui/protocol';
import type { DeviceConfiguration, WireConfiguration } from '../config.ts';
import { type DatagramWire, familyLabel, type Wire } from '../line.ts';
import { driveCoap } from './coap.ts';
import { type Driver, LineCounters } from './driver.ts';
import { Exchanges } from './exchanges.ts';
import { Links, type Watched } from './links.ts';
import { drivePolled } from './polled.ts';
import { PolledUnit } from './polled-unit.ts';
import { type RegistrationStore, Registrations } from './registrations.ts';
import { Repeats } from './repeats.ts';
import { driveTalking } from './talking.ts';

/** One line of the site: its wire, and its devices, all of one shape. */
export interface LineDriverSettings {
  readonly wire: WireConfiguration;
  readonly devices: readonly DeviceConfiguration[];
  /** The register: devices name their families in it, and strangers are tried against all that publish. */
  readonly families: ReadonlyMap<string, Family>;
  readonly zoneMinutes: number;
  readonly clock: Clock;
  /** Where CoAP registrations are kept; one for each line. */
  readonly store: RegistrationStore;
}

interface AnyLineDriver {
  readonly counters: LineCounters;
  /** Ask it what is overdue whenever the wire cannot be opened or was lost: silence counts then too. */
  readonly links: Links;
}

/** What outlives the wires of a line. `drive` makes a driver for one wire; when that ends or fails, open another and drive on. */
export type LineDriver =
  | (AnyLineDriver & { readonly carries: 'bytes'; readonly line: LineSetting; drive(wire: Wire, signal: AbortSignal): Driver })
  | (AnyLineDriver & { readonly carries: 'datagrams'; drive(wire: DatagramWire, signal: AbortSignal): Driver });

type Device<F extends Family> = DeviceConfiguration & { readonly known: F };

/** Makes the driver of a line. Throws Failure `registrations-unreadable`. Configurations that do not fit together are the programmer's error: the schema refused them. */
export async function createLineDriver(settings: LineDriverSettings): Promise<LineDriver> {
  const devices = settings.devices.map((device) => {
    const known = settings.families.get(device.family);
    if (!known) throw new Error(`${device.name}: no family ${device.family}`);
    return { ...device, known };
  });
  const talking = devices.filter((device): device is Device<TalkingFamily> => device.known.shape === 'talks');
  const polled = devices.filter((device): device is Device<PolledFamily> => device.known.shape === 'polled');
  const publishing = devices.filter((device): device is Device<PublishingFamily> => device.known.shape === 'publishes');
  if (talking.length === devices.length && talking.length === 1) return talkingDriver(settings, talking[0]!);
  if (polled.length === devices.length) return polledDriver(settings, polled);
  if (publishing.length === devices.length) return publishingDriver(settings, publishing);
  throw new Error('one wire has one conversation: one panel, or devices that are all polled, or all publish');
}

/** Loss of a path must be visible within 60 s (GB/T 45839-2025 allows 100 s). */
const POLLED_SILENCE_MAX_MS = 60_000;

function watched({ name, known, silenceMs }: Device<Family>, standardMs: number): Watched {
  return { name, family: familyLabel(known), silenceMs: silenceMs ?? standardMs };
}

function talkingDriver({ clock, zoneMinutes }: LineDriverSettings, configured: Device<TalkingFamily>): LineDriver {
  const family = configured.known;
  const device = { name: configured.name, family };
  const counters = new LineCounters();
  const links = new Links([watched(configured, family.silenceMs)], clock);
  const repeats = new Repeats(family.repeatMs ?? 0);
  return {
    carries: 'bytes',
    line: family.line,
    counters,
    links,
    drive: (wire, signal) => driveTalking({ wire, device, clock, signal, counters, links, repeats, zoneMinutes }),
  };
}

function polledDriver({ clock, wire: setting }: LineDriverSettings, configured: readonly Device<PolledFamily>[]): LineDriver {
  const counters = new LineCounters();
  const silence = ({ known, pollEveryMs }: Device<PolledFamily>) =>
    Math.min(POLLED_SILENCE_MAX_MS, (pollEveryMs ?? known.pollEveryMs) * known.lostAfterMisses);
  const links = new Links(
    configured.map((device) => watched(device, silence(device))),
    clock,
  );
  const units = configured.map(({ known: family, name, unit, points, pollEveryMs }) => {
    if (unit === undefined) throw new Error(`${name}: no unit`);
    const registers = points.flatMap(({ register }) => register ?? []);
    return new PolledUnit({ name, family, unit, registers, ...(pollEveryMs === undefined ? {} : { pollEveryMs }) }, clock.monotonicMs());
  });
  const form = setting.kind === 'tcp' && !setting.serialServer ? 'tcp' : 'rtu';
  return {
    carries: 'bytes',
    line: configured[0]!.known.line,
    counters,
    links,
    drive: (wire, signal) => drivePolled({ wire, form, units, clock, signal, counters, links }),
  };
}

async function publishingDriver(settings: LineDriverSettings, configured: readonly Device<PublishingFamily>[]): Promise<LineDriver> {
  const { clock, store } = settings;
  const counters = new LineCounters();
  const links = new Links(
    configured.map((device) => watched(device, device.known.silenceMs)),
    clock,
  );
  const devices = configured.map(({ known: family, name, device }) => {
    if (device === undefined) throw new Error(`${name}: no device`);
    return { name, family, device };
  });
  const families = [...settings.families.values()]
    .filter((family) => family.shape === 'publishes')
    .filter(({ carrier }) => carrier === 'coap');
  const exchanges = new Exchanges();
  const registrations = new Registrations(await store.load());
  return {
    carries: 'datagrams',
    counters,
    links,
    drive: (wire, signal) => driveCoap({ wire, devices, families, exchanges, registrations, store, links, clock, signal, counters }),
  };
}
