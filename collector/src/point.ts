import type { DeviceAddress, SiteEvent } from '@fengsui/protocol';

const ADDRESS_FIELDS: ReadonlyArray<keyof DeviceAddress> = ['controller', 'loop', 'point', 'zone', 'channel', 'device'];

/** Which point of its source an event is about: the address, else the component, else the source as a whole (the empty string). */
export function pointOf({ address = {}, part }: Pick<SiteEvent, 'address' | 'part'>): string {
  const fields = ADDRESS_FIELDS.map((field) => address[field] ?? null);
  if (fields.some((field) => field !== null)) return JSON.stringify(fields);
  return part.component ? `component ${part.component.address}` : '';
}

/** Whether somebody reset the source, or one controller of it. */
export function isReset({ kind, operations }: Pick<SiteEvent, 'kind' | 'operations'>): boolean {
  return kind === 'reset' || (kind === 'operation' && operations?.includes('reset') === true);
}

/** Whether a reset that names `controller`, or none, concerns a point of that address. A point without controller belongs to any. */
export function concerns(controller: number | undefined, address: DeviceAddress): boolean {
  return controller === undefined || address.controller === undefined || address.controller === controller;
}
