import type { Receipt } from '@fengsui/protocol';
import type { Settled } from './messages.ts';
import { type Owed, runsOf } from './owed.ts';

export interface Settlement {
  /** Whose receipt it is. */
  readonly uplink: string;
  readonly receipt: Receipt;
  readonly wallMs: number;
}

/** What a receipt settled, and how those rows ended that nobody is owed any more. */
export type Ended = Settled & { readonly ended: ReadonlyArray<'accepted' | 'rejected'> };

/** Takes a receipt in. To be called in a transaction. */
export function settle(owed: Owed, { uplink, receipt, wallMs }: Settlement): Ended {
  const { epoch, accepted, rejected } = receipt;
  const taken = runsOf(accepted).map((run) => owed.accept(uplink, epoch, run, wallMs));
  const refused = rejected.flatMap(({ number, reason }) => owed.settle(uplink, epoch, number, reason, wallMs) ?? []);
  const settled = taken.reduce((sum, run) => sum + run.settled, 0);
  return {
    accepted: settled,
    rejected: refused.length,
    unknown: accepted.length + rejected.length - settled - refused.length,
    ended: [...taken.flatMap(({ endings }) => endings), ...refused.map(({ ending }) => ending)].flatMap((ending) => ending ?? []),
  };
}
