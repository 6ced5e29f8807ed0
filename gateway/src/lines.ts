import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, Family, LineSetting, PolledFamily, PublishingFamily, RegisterPoint, TalkingFamily } from '@fengsui/protocol';
import { Links } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { DeviceConfiguration, GatewayConfiguration, LineConfiguration } from './config.ts';
import { driveCoap } from './drivers/coap.ts';
import { Correspondents, correspondent, type NamedTalker } from './drivers/correspondents.ts';
import { LineCounters } from './drivers/driver.ts';
import { Exchanges } from './drivers/exchanges.ts';
import { drivePolled, slowestLossMs } from './drivers/polled.ts';
import { PolledUnit } from './drivers/polled-unit.ts';
import { registrationFile } from './drivers/registration-file.ts';
import { Registrations } from './drivers/registrations.ts';
import { driveDatagrams, driveServer, patienceWith } from './drivers/served.ts';
import { driveTalking } from './drivers/talking.ts';
import { Uploads } from './drivers/uploads.ts';
import { WaitingReads } from './drivers/waiting-reads.ts';
import { KnownEvents } from './known-events.ts';
import { type DatagramWire, familyLabel, type Wire } from './line.ts';
import { openPushed } from './pushed-line.ts';
import type { Line, Running } from './supervise.ts';
import { openHttp, readSecrets } from './wires/http.ts';
import { openTcpServer, openUdp, openWire } from './wires/open.ts';

/** A line with what the status page shows of it. */
export interface BuiltLine extends Line {
  readonly configuration: LineConfiguration;
  readonly counters: LineCounters;
  readonly links: Links;
  /** What its sleeping devices are to be asked; only CoAP lines have such. */
  readonly reads: WaitingReads;
  /** After so long without a byte not one of its devices can be alive, milliseconds. */
  readonly silenceMs: number;
}

interface Known<F extends Family> {
  readonly device: DeviceConfiguration;
  readonly family: F;
}

type Open = Line['open'];

/** How wires are opened, and what else a line takes from outside: the site's own, or a recording of it. */
export interface Wires {
  readonly openStream: typeof openWire;
  readonly openDatagrams: typeof openUdp;
  readonly openServer: typeof openTcpServer;
  readonly openDoor: typeof openHttp;
  /** By what a cloud proves itself at a door. */
  readonly secretsOf: typeof readSecrets;
  /** Where the registrations of a line are kept. */
  readonly storeAt: typeof registrationFile;
  /** Token of a device that registers, 16 hex digits. */
  readonly newToken: () => string;
}
export const SITE_WIRES: Wires = {
  openStream: openWire,
  openDatagrams: openUdp,
  openServer: openTcpServer,
  openDoor: openHttp,
  secretsOf: readSecrets,
  storeAt: registrationFile,
  newToken: () => randomBytes(8).toString('hex'),
};

/** Puts wire, driver and the memory of its devices together for every line of the site. */
export function buildLines(configuration: GatewayConfiguration, clock: Clock, wires = SITE_WIRES, known = new KnownEvents()): BuiltLine[] {
  return configuration.lines.map((line) => {
    const devices = line.devices.map((device) => ({ device, family: familyOf(device) }));
    const counters = new LineCounters();
    const watchedDevices = devices.map(watched);
    const links = new Links(watchedDevices, clock);
    const silenceMs = Math.max(...watchedDevices.map((device) => device.silenceMs));
    const reads = new WaitingReads(clock);
    const open = openerOf({ configuration, line, devices, counters, links, reads, clock, wires, known });
    // Where only patrols are answered, an event is said once all the same.
    const saidOnce = devices.some(({ family }) => family.shape === 'talks' && (!family.answer || family.overtakes));
    const polled = ofShape(devices, 'polled').map(({ family }) => family);
    const patience = polled.length > 0 ? { slowestLossMs: slowestLossMs(polled) } : {};
    return { name: line.name, saidOnce, configuration: line, counters, links, reads, silenceMs, open, ...patience };
  });
}

/** The family of a device, in its dialect. The configuration is checked: both are there. */
function familyOf({ family: name, dialect, points }: DeviceConfiguration): Family {
  const family = FAMILIES.get(name)!;
  if (family.shape === 'polled') return withSiteMap(family, points);
  if (dialect === undefined) return family;
  return family.shape === 'talks' ? (family.dialects?.get(dialect) ?? family) : inDialect(family, dialect);
}

function inDialect(family: PublishingFamily, name: string): PublishingFamily {
  const reading = family.dialects?.get(name);
  if (!reading) return family;
  const decode = (payload: Uint8Array) => {
    const published = family.decode(payload);
    return published && reading(published);
  };
  return { ...family, decode };
}

/** A polled family with the registers that only the site knows, and the unit codes it must find. */
function withSiteMap(family: PolledFamily, points: DeviceConfiguration['points']): PolledFamily {
  const own = points.flatMap(({ register, reads, quantity, place = '' }): RegisterPoint[] => {
    if (register === undefined || !reads) return [];
    const says = reads.says ? { says: { ...reads.says, isPartial: true as const } } : {};
    return [{ ...reads, name: register, title: { en: place, zh: place }, ...(quantity ? { quantity } : {}), ...says }];
  });
  const codes = new Map(points.flatMap(({ register, unitCode }) => (unitCode === undefined ? [] : [[register, unitCode] as const])));
  if (own.length === 0 && codes.size === 0) return family;
  const known = family.points.map((point) => (codes.has(point.name) ? { ...point, unitCode: codes.get(point.name)! } : point));
  return { ...family, points: [...known, ...own] };
}

interface Parts {
  readonly configuration: GatewayConfiguration;
  readonly line: LineConfiguration;
  readonly devices: ReadonlyArray<Known<Family>>;
  readonly counters: LineCounters;
  readonly links: Links;
  readonly reads: WaitingReads;
  readonly clock: Clock;
  readonly wires: Wires;
  readonly known: KnownEvents;
}

function watched({ device, family }: Known<Family>) {
  return { name: device.name, family: familyLabel(family), silenceMs: device.silenceMs ?? silenceOf(device, family) };
}

/** A polled device is lost by missed polls; its silence is only the net below them. */
function silenceOf(device: DeviceConfiguration, family: Family): number {
  if (family.shape !== 'polled') return family.silenceMs;
  return (device.pollEveryMs ?? family.pollEveryMs) * (family.lostAfterMisses + 1);
}

function ofShape<S extends Family['shape']>(devices: ReadonlyArray<Known<Family>>, shape: S) {
  return devices.filter((known): known is Known<Extract<Family, { shape: S }>> => known.family.shape === shape);
}

function openerOf(parts: Parts): Open {
  const talking = ofShape(parts.devices, 'talks');
  if (talking[0]) return openTalkers(parts, [talking[0], ...talking.slice(1)]);
  const polled = ofShape(parts.devices, 'polled');
  return polled.length > 0 ? openPolled(parts, polled) : openPublishing(parts, ofShape(parts.devices, 'publishes'));
}

function streamOpener({ line, wires }: Parts, setting: LineSetting) {
  const { wire } = line;
  if (wire.kind !== 'serial' && wire.kind !== 'tcp') throw new Error(`${line.name}: one stream cannot come over ${wire.kind}`);
  return (signal: AbortSignal) => wires.openStream(wire, setting, signal);
}

function openTalkers(parts: Parts, talking: readonly [Known<TalkingFamily>, ...Array<Known<TalkingFamily>>]): Open {
  const { wire } = parts.line;
  if (wire.kind !== 'udp' && wire.kind !== 'tcp-server') return openTalking(parts, talking[0]);
  const { configuration, counters, links, clock, wires } = parts;
  const devices = talking.map(({ device, family }): NamedTalker => ({ name: device.name, family, device: device.device! }));
  const correspondents = new Correspondents(devices, FAMILIES.get(talking[0].device.family) as TalkingFamily);
  const line = { correspondents, links, clock, counters, zoneMinutes: configuration.gateway.zoneMinutes };
  return async (signal) => {
    if (wire.kind === 'udp') {
      const socket = await wires.openDatagrams(wire, signal);
      return running(socket, driveDatagrams({ ...line, wire: socket, signal }));
    }
    const server = await wires.openServer(wire, signal);
    const patienceMs = patienceWith(Math.max(...parts.devices.map((known) => watched(known).silenceMs)));
    return running(server, driveServer({ ...line, server, patienceMs, signal }));
  };
}

type BufferOfUdp = 'dropped' | 'receiveBufferBytes' | 'wantedBufferBytes';

/** An open wire with its driver, let go together. */
function running(
  wire: AsyncDisposable & Pick<Wire, 'name' | 'counters'> & Partial<Pick<DatagramWire, BufferOfUdp>>,
  heard: Running['heard'],
): Running {
  const drops = wire.dropped ? { dropped: () => wire.dropped!() } : {};
  const [granted, wanted] = [wire.receiveBufferBytes ?? 0, wire.wantedBufferBytes ?? 0];
  const doubt =
    granted < wanted
      ? {
          doubt: `receive buffer ${granted} of ${wanted} bytes: a burst of alarms may be dropped; sysctl -w net.core.rmem_max=${wanted}, then restart the gateway`,
        }
      : {};
  const { name, counters } = wire;
  return { at: name, counters, heard, ...drops, ...doubt, [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose]() };
}

function openTalking(parts: Parts, { device, family }: Known<TalkingFamily>): Open {
  const { configuration, counters, links, clock } = parts;
  const openStream = streamOpener(parts, family.line);
  const panel = correspondent(device.name, family, device.unit);
  const { zoneMinutes } = configuration.gateway;
  return async (signal) => {
    const wire = await openStream(signal);
    return running(wire, driveTalking({ wire, panel, links, zoneMinutes, clock, signal, counters }));
  };
}

/** How far each point may jump, as the device counts: the site says it in the unit of the quantity. */
function jumpsOf({ points }: DeviceConfiguration): ReadonlyMap<string, number> {
  return new Map(
    points.flatMap(({ register, jumpMax, scale }) =>
      register === undefined || jumpMax === undefined ? [] : [[register, jumpMax / Math.abs(scale || 1)] as const],
    ),
  );
}

function openPolled(parts: Parts, devices: ReadonlyArray<Known<PolledFamily>>): Open {
  const { line, counters, links, clock } = parts;
  const openStream = streamOpener(parts, devices[0]!.family.line);
  const form = line.wire.kind === 'tcp' && !line.wire.serialServer ? 'tcp' : 'rtu';
  const units = devices.map(({ device, family }) => {
    const registers = device.points.flatMap(({ register }) => register ?? []);
    const pace = device.pollEveryMs === undefined ? {} : { pollEveryMs: device.pollEveryMs };
    return new PolledUnit(
      { name: device.name, family, unit: device.unit!, registers, jumps: jumpsOf(device), ...pace },
      clock.monotonicMs(),
    );
  });
  return async (signal) => {
    const wire = await openStream(signal);
    return running(wire, drivePolled({ wire, form, units, links, clock, signal, counters }));
  };
}

function openPublishing(parts: Parts, known: ReadonlyArray<Known<PublishingFamily>>): Open {
  const { configuration, line, counters, links, reads, clock, wires, known: wrote } = parts;
  const { wire: setting } = line;
  if (setting.kind === 'http') return openPushed({ ...parts, wire: setting });
  if (setting.kind !== 'udp') throw new Error(`${line.name}: CoAP comes over udp`);
  const devices = known.map(({ device, family }) => ({ name: device.name, family, device: device.device! }));
  const families = [...FAMILIES.values()].filter(
    (family) => family.shape === 'publishes' && family.carrier === 'coap',
  ) as PublishingFamily[];
  const store = wires.storeAt(join(configuration.data, `${line.name}.registrations.json`));
  const memory = {
    exchanges: new Exchanges(),
    uploads: new Uploads(),
    reads,
    wroteSince: wrote.since.bind(wrote),
    newToken: wires.newToken,
  };
  let registrations: Registrations | null = null;
  return async (signal) => {
    registrations ??= new Registrations(await store.load());
    const wire = await wires.openDatagrams(setting, signal);
    return running(wire, driveCoap({ wire, devices, families, ...memory, registrations, store, links, clock, signal, counters }));
  };
}
