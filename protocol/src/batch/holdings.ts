import type { Lane } from '../event.ts';
import { fengsui } from './batch.generated.js';
import { checked, LANE_NUMBERS, laneOfNumber, type Malformed, wholeOf } from './batch.ts';

/** How far one numbered series of a gateway has come in the ledger, quarantine counted. */
export interface Holding {
  readonly epoch: number;
  readonly lane: Lane;
  readonly highest: number;
}

/** What a collector holds of a gateway. */
export interface Holdings {
  readonly gateway: string;
  /** Of the newest epochs. */
  readonly series: readonly Holding[];
  /** When another box under this name was last seen beside this one; milliseconds since 1970-01-01 UTC by the collector's clock, 0: never. */
  readonly rivalMs: number;
}

/** Epochs and numbers beyond what is safe are nobody's: such a series is left out. */
const isHolding = ({ epoch, highest }: Omit<Holding, 'lane'>) =>
  [epoch, highest].every((count) => Number.isSafeInteger(count) && count >= 0);

export function encodeHoldings({ gateway, series, rivalMs }: Holdings): Uint8Array {
  const plain = series.map(({ epoch, lane, highest }) => ({ epoch, lane: LANE_NUMBERS[lane], highest }));
  return fengsui.Holdings.encode({ gateway, series: plain, rivalMs }).finish();
}

/** Reads what a collector holds from bytes of unknown honesty. Never throws. */
export function decodeHoldings(bytes: Uint8Array): Holdings | Malformed {
  return checked(() => {
    const { gateway, series, rivalMs } = fengsui.Holdings.decode(bytes);
    if (!gateway) return { malformed: 'no gateway is named' };
    const read = series.flatMap(({ epoch, lane: laneNumber, highest }) => {
      const lane = laneOfNumber(laneNumber ?? 0);
      const holding = { epoch: wholeOf(epoch), highest: wholeOf(highest) };
      return lane && isHolding(holding) ? [{ ...holding, lane }] : [];
    });
    return { gateway, series: read, rivalMs: Number.isSafeInteger(wholeOf(rivalMs)) ? wholeOf(rivalMs) : 0 };
  });
}
