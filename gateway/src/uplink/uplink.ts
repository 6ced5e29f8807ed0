import { Carrier, type UplinkOptions } from './carrier.ts';
import { keepUp } from './keep-up.ts';

export type { Orders, UplinkOptions } from './carrier.ts';
export { linger } from './linger.ts';
export { UplinkNumbers } from './numbers.ts';
export type { Outbox } from './outbox.ts';
export { Sent } from './sent.ts';

/** Carries the journal to the collector until the signal aborts: one connection after the other, for ever. */
export function runUplink(options: UplinkOptions): Promise<void> {
  const carrier = new Carrier(options);
  return keepUp({ ...options, ...options.configuration }, () => carrier.round());
}
