import type { SiteEvent } from '@fengsui/protocol';

/** What of a source an event is about: its part and the quantity measured. Events of one point and kind supersede each other. */
export function pointOf({ part, measured }: SiteEvent): string {
  const { systemType, systemAddress, component } = part;
  return [systemType, systemAddress, component?.type, component?.address, measured?.quantity].join('.');
}
