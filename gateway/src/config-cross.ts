import { accessSync, constants, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { type Family, PROFILES } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { DeviceConfiguration, GatewayConfiguration, LineConfiguration, PointConfiguration, UplinkConfiguration } from './config.ts';
import { suggestion } from './config-problems.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** What no schema can say: names that must differ, words that must exist, files that must be readable, shapes that must fit. */
export function crossProblems(configuration: GatewayConfiguration): string[] {
  const { lines, uplink, profile, status } = configuration;
  return [
    ...known('profile', profile, [...PROFILES.keys()]),
    ...uplinkProblems(uplink),
    ...(LOOPBACK.has(status.host) ? [] : [`status.host: must be the machine itself, 127.0.0.1 or ::1 (got ${status.host})`]),
    ...nameProblems(configuration),
    ...wirePathProblems(lines),
    ...lines.flatMap((line, index) => lineProblems(line, `lines[${index}]`)),
  ];
}

function known(path: string, word: string, words: readonly string[]): string[] {
  return words.includes(word) ? [] : [`${path}: must be one of ${words.join(', ')} (got ${word}${suggestion(word, words)})`];
}

function uplinkProblems(uplink: UplinkConfiguration): string[] {
  const files = (['ca', 'certificate', 'key'] as const).flatMap((key) => {
    const file = uplink[key];
    return file === undefined ? [] : fileProblems(`uplink.${key}`, file);
  });
  const order = uplink.reconnectMinMs > uplink.reconnectMaxMs ? ['uplink.reconnectMaxMs: must not be below uplink.reconnectMinMs'] : [];
  return [...identityProblems(uplink), ...files, ...order];
}

function identityProblems(uplink: UplinkConfiguration): string[] {
  if (!URL.canParse(uplink.url)) return [`uplink.url: is no address (got ${uplink.url})`];
  const { protocol, hostname } = new URL(uplink.url);
  if (protocol === 'mqtts:')
    return (['ca', 'certificate', 'key'] as const).flatMap((key) =>
      uplink[key] === undefined ? [`uplink.${key}: is missing, mqtts needs it`] : [],
    );
  return LOOPBACK.has(hostname.replace(/^\[|\]$/g, '')) ? [] : ['uplink.url: must be mqtts://, plain mqtt:// never leaves the machine'];
}

function fileProblems(path: string, file: string): string[] {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile() ? [] : [`${path}: is no file (${file})`];
  } catch (error) {
    return [`${path}: cannot be read, ${(error as NodeJS.ErrnoException).code} (${file})`];
  }
}

/** A name is the source of events: one name, one thing, for the life of the gateway. */
function nameProblems({ gateway, lines }: GatewayConfiguration): string[] {
  const taken = new Map([
    [gateway.id, 'gateway.id'],
    ['uplink', 'the uplink'],
  ]);
  const all = lines.flatMap((line, index) => [
    [line.name, `lines[${index}].name`] as const,
    ...line.devices.map((device, place) => [device.name, `lines[${index}].devices[${place}].name`] as const),
  ]);
  return all.flatMap(([name, path]) => {
    const earlier = taken.get(name);
    if (earlier !== undefined) return [`${path}: must be unique, ${earlier} has it too (got ${name})`];
    taken.set(name, path);
    return [];
  });
}

function wirePathProblems(lines: readonly LineConfiguration[]): string[] {
  const taken = new Map<string, string>();
  return lines.flatMap(({ wire }, index) => {
    const path = `lines[${index}].wire`;
    const key = wire.kind === 'serial' ? wire.path : `${wire.kind} ${wire.host}:${wire.port}`;
    const earlier = taken.get(key);
    if (earlier !== undefined && !(wire.kind === 'udp' && wire.port === 0))
      return [`${path}: must not be opened twice, ${earlier} has it too (${key})`];
    taken.set(key, path);
    return wire.kind === 'udp' && isIP(wire.host) === 0 ? [`${path}.host: must be an address of this machine (got ${wire.host})`] : [];
  });
}

const WIRES_OF_SHAPE: Readonly<Record<Family['shape'], readonly string[]>> = {
  talks: ['serial', 'tcp'],
  polled: ['serial', 'tcp'],
  publishes: ['udp'],
};

function lineProblems(line: LineConfiguration, path: string): string[] {
  const devices = line.devices.map((device, index) => ({ device, path: `${path}.devices[${index}]`, family: FAMILIES.get(device.family) }));
  const shapes = new Set(devices.flatMap(({ family }) => family?.shape ?? []));
  const talking = devices.filter(({ family }) => family?.shape === 'talks');
  const twice = repeated(devices.map(({ device, path }) => ({ key: device.unit ?? device.device, path })));
  return [
    ...(shapes.size > 1
      ? [`${path}.devices: must all talk, all be polled or all publish; one wire has one conversation (got ${[...shapes].join(', ')})`]
      : []),
    ...(talking.length > 1 ? [`${path}.devices: must hold one panel, a panel has its line to itself (got ${talking.length})`] : []),
    ...settingProblems(line, path, devices),
    ...twice.map(({ key, path }) => `${path}: must differ from the others on its line in unit or device (got ${key})`),
    ...devices.flatMap(({ device, path, family }) => deviceProblems(device, path, family, line.wire.kind)),
  ];
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

function repeated<T extends { readonly key: string | number | undefined }>(items: readonly T[]): T[] {
  return items.filter(({ key }, index) => key !== undefined && items.findIndex((other) => other.key === key) < index);
}

function deviceProblems(device: DeviceConfiguration, path: string, family: Family | undefined, wire: string): string[] {
  if (!family) return known(`${path}.family`, device.family, [...FAMILIES.keys()]);
  const fits = WIRES_OF_SHAPE[family.shape].includes(wire);
  const own =
    family.shape === 'polled'
      ? polledProblems(
          device,
          path,
          family.points.map((point) => point.name),
        )
      : addressedProblems(device, path);
  return [
    ...(fits ? [] : [`${path}.family: ${family.name} needs a wire of kind ${WIRES_OF_SHAPE[family.shape].join(' or ')} (got ${wire})`]),
    ...(family.shape === 'publishes' && device.device === undefined
      ? [`${path}.device: is missing, ${family.name} is told apart by it`]
      : []),
    ...own,
    ...device.points.flatMap((point, index) => limitProblems(point, `${path}.points[${index}]`)),
  ];
}

function polledProblems(device: DeviceConfiguration, path: string, registers: readonly string[]): string[] {
  const points = device.points.map((point, index) => ({ key: point.register, path: `${path}.points[${index}]` }));
  return [
    ...(device.unit === undefined ? [`${path}.unit: is missing, ${device.family} is polled by it`] : []),
    ...(points.length === 0 ? [`${path}.points: must name at least one register (one of ${registers.join(', ')})`] : []),
    ...points.flatMap(({ key, path }) =>
      key === undefined ? [`${path}.register: is missing (one of ${registers.join(', ')})`] : known(`${path}.register`, key, registers),
    ),
    ...repeated(points).map(({ key, path }) => `${path}.register: must be named once (got ${key})`),
  ];
}

function addressedProblems(device: DeviceConfiguration, path: string): string[] {
  const points = device.points.map(({ address }, index) => ({
    key: address && JSON.stringify(Object.entries(address).sort()),
    path: `${path}.points[${index}]`,
  }));
  return [
    ...points.flatMap(({ key, path }) => (key === undefined ? [`${path}.address: is missing`] : [])),
    ...repeated(points).map(({ path }) => `${path}.address: must be there once`),
  ];
}

/** With hysteresis a value must be able to be neither low nor high. */
function limitProblems({ low, high }: PointConfiguration, path: string): string[] {
  if (!low || !high || low.limit + low.hysteresis < high.limit - high.hysteresis) return [];
  return [`${path}: low.limit + low.hysteresis must be below high.limit - high.hysteresis`];
}
