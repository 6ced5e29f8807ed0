import protobuf from 'protobufjs/minimal.js';
import type { Lane } from '../event.ts';
import { fengsui } from './batch.generated.js';

// 64-bit fields as plain numbers: ours stay below 2^53, what does not is refused as malformed.
protobuf.util.Long = undefined as never;
protobuf.configure();

/** How the reason begins for which a row is rejected whose number another frame has: a gateway gives it a number of a new epoch. */
export const NUMBER_TAKEN = 'another frame has this number';

/** One numbered frame of the journal. */
export interface Row {
  /** In its lane, from 1, without gaps. */
  readonly number: number;
  /** Over both lanes, from 1: the order in which the gateway heard things. */
  readonly order: number;
  readonly frame: Uint8Array;
  /** Counts starts of the gateway. */
  readonly boot: number;
  /** Milliseconds since that start. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970-01-01 UTC by the gateway's clock. */
  readonly wallMs: number;
  readonly clockSynchronised: boolean;
}

/** One uplink message: consecutive frames of one lane. */
export interface Batch {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
  readonly profile: string;
  readonly rows: readonly Row[];
}

/** The collector's word that rows of a batch are durable: in the ledger, or in quarantine with a reason. */
export interface Receipt {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: Lane;
  readonly accepted: readonly number[];
  readonly rejected: ReadonlyArray<{ readonly number: number; readonly reason: string }>;
}

/** Bytes from outside that are no such message: why. */
export interface Malformed {
  readonly malformed: string;
}

export const LANE_NUMBERS = { alarm: fengsui.Lane.ALARM, ordinary: fengsui.Lane.ORDINARY } as const;

export function laneOfNumber(number: number): Lane | null {
  if (number === LANE_NUMBERS.alarm) return 'alarm';
  return number === LANE_NUMBERS.ordinary ? 'ordinary' : null;
}

export function encodeBatch(batch: Batch): Uint8Array {
  return fengsui.Batch.encode({ ...batch, lane: LANE_NUMBERS[batch.lane], rows: [...batch.rows] }).finish();
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return fengsui.Receipt.encode({
    ...receipt,
    lane: LANE_NUMBERS[receipt.lane],
    accepted: [...receipt.accepted],
    rejected: [...receipt.rejected],
  }).finish();
}

/** Reads a batch from bytes of unknown honesty. Never throws. */
export function decodeBatch(bytes: Uint8Array): Batch | Malformed {
  return checked(() => {
    const message = fengsui.Batch.decode(bytes);
    const lane = laneOfNumber(message.lane);
    if (!message.gateway || !lane || !Number.isSafeInteger(message.epoch)) return { malformed: 'gateway, epoch or lane is missing' };
    const rows = message.rows.map((row) => plainRow(new fengsui.Row(row)));
    if (rows.some((row) => !Number.isSafeInteger(row.number) || row.number < 1 || !Number.isSafeInteger(row.order)))
      return { malformed: 'a row has no number' };
    return { gateway: message.gateway, epoch: message.epoch, lane, profile: message.profile, rows };
  });
}

/** Reads a receipt from bytes of unknown honesty. Never throws. */
export function decodeReceipt(bytes: Uint8Array): Receipt | Malformed {
  return checked(() => {
    const { gateway, epoch, lane: laneNumber, accepted, rejected } = fengsui.Receipt.decode(bytes);
    const lane = laneOfNumber(laneNumber);
    if (!gateway || !lane || !Number.isSafeInteger(epoch)) return { malformed: 'gateway, epoch or lane is missing' };
    return {
      gateway,
      epoch,
      lane,
      accepted: [...accepted],
      rejected: rejected.map(({ number, reason }) => ({ number: wholeOf(number), reason: reason ?? '' })),
    };
  });
}

function plainRow(row: Row): Row {
  const { number, order, frame, boot, monotonicMs, wallMs, clockSynchronised } = row;
  const whole = { number: wholeOf(number), order: wholeOf(order), monotonicMs: wholeOf(monotonicMs), wallMs: wholeOf(wallMs) };
  return { ...whole, frame, boot, clockSynchronised };
}

/** A 64-bit zero is not written at all and is then read as an object of the library, as are numbers beyond what is safe: these are NaN. */
export function wholeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const { low, high } = (value ?? { low: 0, high: 0 }) as { readonly low?: number; readonly high?: number };
  return low === 0 && high === 0 ? 0 : Number.NaN;
}

export function checked<T>(read: () => T): T | Malformed {
  try {
    return read();
  } catch (error) {
    return { malformed: `not protobuf: ${(error as Error).message}` };
  }
}
