import type { RegistrationStyle } from './registrations.ts';

/** Observations of one device; each costs its battery a message. */
export const OBSERVES_MAX = 16;

/** 二进制数据容器, the object in which operators' modules carry a maker's own payload. */
const CONTAINER = '/19/0/0';
const DEFAULTS: Readonly<Record<RegistrationStyle, readonly string[]>> = { telemetry: ['/t/d'], lwm2m: [CONTAINER] };

/**
 * What to observe of a device that registered: the objects of its list (RFC 6690 links) that have something to say, its
 * maker's container first, then sensors, then battery and radio. Without a list what its kind of device always has.
 */
export function observedOf(style: RegistrationStyle, links: string): readonly string[] {
  if (style === 'telemetry') return DEFAULTS.telemetry;
  const found = [...links.matchAll(/<\/(?:[a-z][a-z0-9]*\/)?(\d{1,5})(?:\/(\d{1,5}))?>/gi)].map(
    ([, object, instance]) => [Number(object), instance] as const,
  );
  const container = found.some(([object]) => object === 19) ? [CONTAINER] : [];
  const sensors = found.flatMap(([object, instance]) =>
    object >= 3200 && object < 3400 && instance !== undefined ? [`/${object}/${instance}`] : [],
  );
  const device = found.flatMap(([object]) => (object === 3 || object === 4 ? [`/${object}/0`] : []));
  const all = [...new Set([...container, ...sensors, ...device])].slice(0, OBSERVES_MAX);
  return all.length > 0 ? all : DEFAULTS.lwm2m;
}

/** The container is opaque to LwM2M, and so is `/t/d`: what they carry is a dialect of its maker. */
export function isOpaque(path: string): boolean {
  return path === CONTAINER || !/^\/\d/.test(path);
}
