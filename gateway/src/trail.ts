import type { Clock, Lane } from '@fengsui/protocol';
import { REJECTED_KEPT } from './limits.ts';
import type { Outbox } from './uplink/uplink.ts';

/** A row of the journal by its name. */
export interface RowName {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
}

/** What became of a row on one uplink. */
export interface Footstep {
  readonly what: 'sent' | 'accepted' | 'rejected' | 'untold';
  readonly uplink: string;
  /** Why it was rejected, or is not told. */
  readonly reason?: string;
}

/** A row that the far side did not take, and why. */
export interface RejectedRow extends RowName {
  readonly uplink: string;
  readonly reason: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
}

const nameOf = ({ lane, epoch, number }: RowName) => `${lane} ${epoch} ${number}`;

/** Follows single rows on their way from the journal to a receipt, and remembers the last that were rejected. Nobody following, it costs a look. */
export class Trail {
  /** Since the start, oldest first. */
  readonly rejected: RejectedRow[] = [];
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #followed = new Map<string, (step: Footstep) => void>();

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  /** Hears what becomes of a row; returns the way to stop that. */
  follow(row: RowName, heard: (step: Footstep) => void): () => void {
    this.#followed.set(nameOf(row), heard);
    return () => void this.#followed.delete(nameOf(row));
  }

  /** The journal as an uplink sees it, with a trail. `isUp`: what is taken now goes out at once; otherwise it was but a look. */
  outbox(uplink: string, outbox: Outbox, isUp: () => boolean): Outbox {
    return {
      outrank: outbox.outrank.bind(outbox),
      newerSettled: outbox.newerSettled.bind(outbox),
      newest: outbox.newest.bind(outbox),
      wait: outbox.wait.bind(outbox),
      take: async (lane, ...order) => {
        const taken = await outbox.take(lane, ...order);
        if (this.#followed.size > 0 && isUp())
          for (const { number } of taken.rows) this.#tell({ lane, epoch: taken.epoch, number }, { what: 'sent', uplink });
        return taken;
      },
      settle: async (receipt, untold) => {
        const settled = await outbox.settle(receipt, untold);
        const { lane, epoch, accepted, rejected } = receipt;
        const taken: Footstep = untold === undefined ? { what: 'accepted', uplink } : { what: 'untold', uplink, reason: untold };
        for (const { number, reason } of rejected) this.#reject({ lane, epoch, number }, uplink, reason);
        if (this.#followed.size > 0) for (const number of accepted) this.#tell({ lane, epoch, number }, taken);
        return settled;
      },
    };
  }

  #reject(row: RowName, uplink: string, reason: string): void {
    this.#tell(row, { what: 'rejected', uplink, reason });
    this.rejected.push({ ...row, uplink, reason, atMs: Math.round(this.#clock.wallMs()) });
    if (this.rejected.length > REJECTED_KEPT) this.rejected.shift();
  }

  #tell(row: RowName, step: Footstep): void {
    this.#followed.get(nameOf(row))?.(step);
  }
}
