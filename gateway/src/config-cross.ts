import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { type Family, PROFILES } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { isMapping, type Sound } from '@fengsui/protocol/settings';
import { deviceProblems, known, type Readable, readable, repeated } from '@fengsui/protocol/settings-device-problems';
import { cloudFamilyProblems, doorProblems } from '@fengsui/protocol/settings-pushes';
import { fileProblems, secretProblems, textIn } from './config-files.ts';
import type {
  DeviceConfiguration,
  GatewayConfiguration,
  LineConfiguration,
  PageConfiguration,
  UplinkConfiguration,
} from './config-schema.ts';
import { LOOPBACK, uplinkProblems } from './config-uplinks.ts';

/**
 * What no schema can say: names that must differ, words that must exist, files that must be readable, shapes that must fit.
 * Each check is made wherever the things it reads are sound, so that one wrong number does not hide the next problem.
 */
export function crossProblems(value: unknown, sound: Sound): string[] {
  if (!isMapping(value)) return [];
  const configuration = value as unknown as GatewayConfiguration;
  const lines = readable(configuration.lines, 'lines');
  const uplinks = readable(configuration.uplinks, 'uplinks');
  return [
    ...(sound('profile') ? known('profile', configuration.profile, [...PROFILES.keys()]) : []),
    ...uplinkProblems(value, uplinks, sound),
    ...(sound('status.host') && !LOOPBACK.has(configuration.status.host)
      ? [`status.host: must be the machine itself, 127.0.0.1 or ::1 (got ${configuration.status.host})`]
      : []),
    ...(isMapping(configuration.orders) ? orderProblems(configuration.orders, sound) : []),
    ...(isMapping(configuration.power) ? powerProblems(configuration.power, sound) : []),
    ...(isMapping(configuration.page) ? pageProblems(configuration.page, sound) : []),
    ...nameProblems(sound('gateway.id') ? configuration.gateway.id : '', uplinks, lines, sound),
    ...wireProblems(lines, sound),
    ...lines.flatMap((line) => lineProblems(line, sound)),
  ];
}

/** A program is named by its path: what is found by a search may be another's. */
function orderProblems(orders: GatewayConfiguration['orders'], sound: Sound): string[] {
  const { configurationKey } = orders;
  const key = configurationKey !== undefined && sound('orders.configurationKey');
  const programs = (['clockCommand', 'announceCommand'] as const).flatMap((command) => {
    const program = sound(`orders.${command}`) ? orders[command]?.[0] : undefined;
    return program === undefined || isAbsolute(program)
      ? []
      : [`orders.${command}[0]: must be the whole path of a program (got ${program})`];
  });
  return [...(key ? fileProblems('orders.configurationKey', configurationKey) : []), ...programs];
}

/** What is read is named by its whole path, for the same reason. Whether it is there now is no matter of configuration: a plug may be out. */
function powerProblems(power: GatewayConfiguration['power'], sound: Sound): string[] {
  return (['mains', 'battery'] as const).flatMap((name) => {
    const read = sound(`power.${name}`) ? power[name]?.read : undefined;
    const path = typeof read === 'string' ? read : read?.[0];
    return path === undefined || isAbsolute(path)
      ? []
      : [`power.${name}.read: must be the whole path of a file or a program (got ${path})`];
  });
}

/** A PIN that is not set yet is no problem here: the page waits for it, and alarms go on meanwhile. */
function pageProblems({ host, certificate, key }: PageConfiguration, sound: Sound): string[] {
  const isAddress = isIP(host) !== 0 || LOOPBACK.has(host);
  return [
    ...(sound('page.host') && !isAddress ? [`page.host: must be an address of this machine (got ${host})`] : []),
    ...(certificate !== undefined && key === undefined ? ['page.key: is missing, page.certificate needs it'] : []),
    ...(key !== undefined && certificate === undefined ? ['page.certificate: is missing, page.key needs it'] : []),
    ...(certificate !== undefined && sound('page.certificate') ? fileProblems('page.certificate', certificate) : []),
    ...(key !== undefined && sound('page.key') ? secretProblems('page.key', key) : []),
  ];
}

/** A name is the source of events: one name, one thing, for the life of the gateway. */
function nameProblems(
  id: string,
  uplinks: ReadonlyArray<Readable<UplinkConfiguration>>,
  lines: ReadonlyArray<Readable<LineConfiguration>>,
  sound: Sound,
): string[] {
  const taken = new Map([[id, 'gateway.id']]);
  const ofLines = lines.flatMap((line) => [line, ...readable(line.item.devices, `${line.path}.devices`)]);
  return [...uplinks, ...ofLines].flatMap(({ item, path }) => {
    if (!sound(`${path}.name`)) return [];
    const earlier = taken.get(item.name);
    if (earlier !== undefined) return [`${path}.name: must be unique, ${earlier} has it too (got ${item.name})`];
    taken.set(item.name, `${path}.name`);
    return [];
  });
}

function wireProblems(lines: ReadonlyArray<Readable<LineConfiguration>>, sound: Sound): string[] {
  const taken = new Map<string, string>();
  return lines.flatMap(({ item: { wire }, path: line }) => {
    const path = `${line}.wire`;
    if (!sound(path)) return [];
    const listens = wire.kind === 'udp' || wire.kind === 'tcp-server' || wire.kind === 'http';
    if (listens && isIP(wire.host) === 0 && !LOOPBACK.has(wire.host))
      return [`${path}.host: must be an address of this machine (got ${wire.host})`];
    const key = wire.kind === 'serial' ? wire.path : `${wire.kind} ${wire.host}:${wire.port}`;
    const earlier = taken.get(key);
    if (earlier !== undefined && !(listens && wire.port === 0)) return [`${path}: is opened twice, ${earlier} has it too (${key})`];
    taken.set(key, path);
    return [];
  });
}

const STREAMS: readonly string[] = ['serial', 'tcp'];

/** Wires that devices come to by themselves: those that name themselves in every packet may share one. */
const DOORS: readonly string[] = ['tcp-server', 'udp'];

function wiresOf(family: Family): readonly string[] {
  if (family.shape === 'publishes') return [family.carrier === 'http' ? 'http' : 'udp'];
  return family.shape === 'talks' && family.sender ? [...STREAMS, ...DOORS] : STREAMS;
}

function lineProblems({ item: line, path }: Readable<LineConfiguration>, sound: Sound): string[] {
  const devices = readable(line.devices, `${path}.devices`).map((device) => ({ ...device, family: FAMILIES.get(device.item.family) }));
  const shapes = new Set(devices.flatMap(({ family }) => family?.shape ?? []));
  const talking = devices.filter(({ family }) => family?.shape === 'talks');
  const twice = repeated(devices.map(({ item, path }) => ({ key: item.unit ?? item.device, path })));
  return [
    ...(shapes.size > 1
      ? [`${path}.devices: must all talk, all be polled or all publish; one wire has one conversation (got ${[...shapes].join(', ')})`]
      : []),
    ...(talking.length > 1 && !(sound(`${path}.wire`) && DOORS.includes(line.wire.kind))
      ? [`${path}.devices: must hold one panel, a panel has its line to itself (got ${talking.length})`]
      : []),
    ...(sound(`${path}.wire`) ? settingProblems(line, path, devices) : []),
    ...twice.map(({ key, path }) => `${path}: must differ from the others on its line in unit or device (got ${key})`),
    ...devices.flatMap(({ item, path, family }) => (sound(`${path}.family`) ? deviceProblems(item, path, family, sound) : [])),
    ...(sound(`${path}.wire`) ? devices.flatMap(({ path, family }) => fitProblems(path, family, line.wire)) : []),
    ...(isMapping(line.wire) && line.wire.kind === 'http' ? pushProblems(line, path, sound) : []),
    ...(sound(`${path}.wire`) && DOORS.includes(line.wire.kind) ? devices.flatMap((device) => senderProblems(device, sound)) : []),
  ];
}

/** A line that a cloud pushes to: its door, and that its devices are that cloud's. */
function pushProblems({ wire, devices }: LineConfiguration, path: string, sound: Sound): string[] {
  if (wire.kind !== 'http') return [];
  const fits = readable(devices, `${path}.devices`).flatMap((device) =>
    sound(`${path}.wire.cloud`) && sound(`${device.path}.family`) && FAMILIES.has(device.item.family)
      ? cloudFamilyProblems(wire.cloud, device.item.family, device.path)
      : [],
  );
  return [...doorProblems(wire, `${path}.wire`, { fileProblems, secretProblems, textIn }, sound), ...fits];
}

/** Devices on one serial line must agree on its setting, or the site must say it. */
function settingProblems(
  { wire }: LineConfiguration,
  path: string,
  devices: ReadonlyArray<{ readonly family: Family | undefined }>,
): string[] {
  if (wire.kind !== 'serial') return [];
  return (['baudRate', 'dataBits', 'parity', 'stopBits'] as const).flatMap((key) => {
    const settings = new Set(devices.flatMap(({ family }) => (family && 'line' in family ? [family.line[key]] : [])));
    return wire[key] === undefined && settings.size > 1
      ? [`${path}.wire.${key}: is missing, the families differ (${[...settings].join(', ')})`]
      : [];
  });
}

/** serialport cannot set mark or space parity on Linux, and a plain line without the ninth bit is never answered: said before an installer waits for it. */
function needsNinthBit(family: Family): boolean {
  return family.shape === 'talks' && family.emits.some(({ ninthBit }) => ninthBit !== undefined);
}

function fitProblems(path: string, family: Family | undefined, wire: LineConfiguration['wire']): string[] {
  if (!family) return [];
  if (!wiresOf(family).includes(wire.kind))
    return [`${path}.family: ${family.name} needs a wire of kind ${wiresOf(family).join(' or ')} (got ${wire.kind})`];
  const bridged = (wire.kind === 'serial' || wire.kind === 'tcp') && wire.ninthBitBridge === true;
  return needsNinthBit(family) && !bridged
    ? [
        `${path}.family: ${family.name} needs a ninth bit, which no serial port of ours can send: use gst-modbus (card GST-INET-03A) or gst-aa-bus, or set ninthBitBridge on the wire where a bridge adds the bit`,
      ]
    : [];
}

/** Devices that share a door are told apart by their source address alone. */
function senderProblems(
  { item, path, family }: Readable<DeviceConfiguration> & { readonly family: Family | undefined },
  sound: Sound,
): string[] {
  if (family?.shape !== 'talks' || !family.sender || !sound(`${path}.device`)) return [];
  if (item.device === undefined) return [`${path}.device: is missing, ${family.name} is told apart by its source address`];
  return /^[0-9a-f]{12}$/i.test(item.device)
    ? []
    : [`${path}.device: must be the source address as it is on the wire, 12 hex digits (got ${item.device})`];
}
