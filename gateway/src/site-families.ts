import type { Family, PolledFamily, PublishingFamily, RegisterPoint } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { DeviceRecord } from '@fengsui/protocol/normalizer';
import type { DeviceConfiguration } from './config.ts';
import { familyLabel } from './line.ts';

/** A device of the site with its family. */
export interface Known<F extends Family> {
  readonly device: DeviceConfiguration;
  readonly family: F;
}

/** The family of a device, in its dialect. The configuration is checked: both are there. */
export function familyOf({ family: name, dialect, points }: DeviceConfiguration): Family {
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

/** A device as its words are understood: its registers with what its map says of them. */
export function recordOf(device: DeviceConfiguration): DeviceRecord {
  const family = familyOf(device);
  if (family.shape !== 'polled') return device;
  const map = new Map(family.points.map((point) => [point.name, point]));
  const points = device.points.map((point) => {
    const mapped = point.register === undefined ? undefined : map.get(point.register);
    return mapped ? { ...point, mapped } : point;
  });
  return { ...device, points };
}

/** A device as its silence is watched. */
export function watched({ device, family }: Known<Family>) {
  return { name: device.name, family: familyLabel(family), silenceMs: device.silenceMs ?? silenceOf(device, family) };
}

/** A polled device is lost by missed polls; its silence is only the net below them. */
function silenceOf(device: DeviceConfiguration, family: Family): number {
  if (family.shape !== 'polled') return family.silenceMs;
  return (device.pollEveryMs ?? family.pollEveryMs) * (family.lostAfterMisses + 1);
}

export function ofShape<S extends Family['shape']>(devices: ReadonlyArray<Known<Family>>, shape: S) {
  return devices.filter((known): known is Known<Extract<Family, { shape: S }>> => known.family.shape === shape);
}
