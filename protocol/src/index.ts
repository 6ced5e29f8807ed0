export {
  type Batch,
  decodeBatch,
  decodeReceipt,
  encodeBatch,
  encodeReceipt,
  type Malformed,
  NUMBER_TAKEN,
  type Receipt,
  type Row,
} from './batch/batch.ts';
export * from './batch/holdings.ts';
export * from './batch/order.ts';
export type { Clock } from './clock.ts';
export * from './codec/checksums.ts';
export * from './codec/hex.ts';
export * from './codec/layout.ts';
export { withPath } from './codec/lwm2m.ts';
export * from './codec/modbus.ts';
export * from './codec/packets.ts';
export * from './codec/patterns.ts';
export * from './codec/points.ts';
export * from './event.ts';
export * from './failure.ts';
export type * from './family.ts';
export { flagsAfter } from './flags.ts';
export { happeningOf, happenings } from './happening.ts';
export * from './heard.ts';
export * from './links.ts';
export { localTime } from './local-time.ts';
export { MEANINGS } from './meaning.ts';
export * from './observation.ts';
export type * from './profile.ts';
export { GB26875_2011 } from './profiles/gb26875-2011.ts';
export type { PlainProfile, PlainWritten } from './profiles/plain.ts';
export { PROFILES } from './profiles/register.ts';
export { isTrial, TRIAL_INSTANCE } from './trial.ts';
export type { Words } from './words.ts';
