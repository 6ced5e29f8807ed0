import type { DeviceAddress, SiteEvent } from '@fengsui/protocol';
import type { Entry } from '../ledger/ledger.ts';
import { isLater, type Order } from '../order.ts';
import { isReset, pointOf } from '../point.ts';
import { type Device, groupOf, keyOf, type Last, lastOf, lastReset, newDevice, resetsWith } from './device.ts';
import { flagsWith } from './flags.ts';
import type { Projection, Rows } from './projection.ts';

/** The one event that is made because nothing was heard. */
function isSilence({ kind, edge }: SiteEvent): boolean {
  return kind === 'link' && edge !== 'ended';
}

/** What the event says of its own point. */
function heardOf(device: Device, event: SiteEvent, at: Order): Device {
  const last = <T>(known: Last<T> | null | undefined, value: T | undefined) => lastOf(known, value, at, event.time.ms);
  const { measured, kind, edge } = event;
  const reading = measured && last(device.readings[measured.quantity], measured);
  const normal = kind === 'normal' && edge !== 'ended' && isLater(at, device.cleared.normal) ? at : device.cleared.normal;
  return {
    ...device,
    part: last(device.part, event.part) ?? device.part,
    place: last(device.place, event.place),
    family: last(device.family, event.family),
    flags: flagsWith(device.flags, event, at),
    cleared: { ...device.cleared, normal },
    readings: measured && reading ? { ...device.readings, [measured.quantity]: reading } : device.readings,
    battery: last(device.battery, event.battery),
    radio: last(device.radio, event.radio),
    tilt: last(device.tilt, event.tilt),
    release: last(device.release, event.release),
    levelMm: last(device.levelMm, event.levelMm),
    test: last(device.test, event.test ?? []) ?? device.test,
    heard: isSilence(event) ? device.heard : last(device.heard, event.receivedMs ?? event.time.ms),
  };
}

/** What a word about the source as a whole does to one of its points. */
function throughSource(point: Device, source: Device): Device {
  return {
    ...point,
    cleared: { ...point.cleared, reset: lastReset(source.resets, point.address) },
    sourceOffline: source.sourceOffline,
  };
}

/** The source as a whole, after a reset (of that address) or a word about its link; null when the event says no such thing. */
function sourceAfter(known: Device | undefined, gateway: string, event: SiteEvent, reset: DeviceAddress | null, at: Order): Device | null {
  const link = event.kind === 'link' && event.edge !== 'momentary' && pointOf(event) === '';
  if (!reset && !link) return null;
  const source = known ?? newDevice(gateway, event, at, undefined);
  const resets = reset ? resetsWith(source.resets, reset, at) : source.resets;
  const sourceOffline = link ? lastOf(source.sourceOffline, event.edge !== 'ended', at, event.time.ms) : source.sourceOffline;
  return { ...source, resets, sourceOffline, cleared: { ...source.cleared, reset: lastReset(resets, {}) } };
}

/** A word about the link to a source that has no address: it is out of reach with all its points, whichever part the event names. */
function isSourceLink({ kind, address }: SiteEvent): boolean {
  return kind === 'link' && Object.keys(address ?? {}).length === 0;
}

/** A reset is about a controller of the source and a link about all of it, not about a point: the same event without its point. */
function ofSource(event: SiteEvent): SiteEvent {
  const { address: _, ...rest } = event;
  const { systemType, systemAddress } = event.part;
  return { ...rest, part: { systemType, systemAddress } };
}

function fold(rows: Rows<Device>, entry: Entry): ReadonlyMap<string, Device> {
  const { gateway, epoch, ordinal, position } = entry;
  const event = isReset(entry.event) || isSourceLink(entry.event) ? ofSource(entry.event) : entry.event;
  const at: Order = { epoch, ordinal };
  const changed = new Map<string, Device>();
  if (event.kind === 'gateway') return changed;
  const sourceKey = keyOf(gateway, event.source, '');
  const source = sourceAfter(rows.get(sourceKey), gateway, event, isReset(event) ? (entry.event.address ?? {}) : null, at);
  if (source) {
    for (const [key, point] of rows.within(groupOf(source))) changed.set(key, { ...throughSource(point, source), position });
    changed.set(sourceKey, { ...source, position });
  }
  const key = keyOf(gateway, event.source, pointOf(event));
  const point = changed.get(key) ?? rows.get(key) ?? newDevice(gateway, event, at, rows.get(sourceKey));
  return changed.set(key, { ...heardOf(point, event, at), position });
}

/** Every point of every source: independent flags (GB 4717-2024), last reading, battery, radio, place, and when it was last heard. */
export const devices: Projection<Device> = { name: 'devices', version: 1, group: groupOf, fold };
