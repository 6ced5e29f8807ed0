import type { Clock, Failure, SiteEvent } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type OwnGateway, OwnRows, type Unwritten } from './own-rows.ts';

export interface OwnSeriesNeeds {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'numbering'>;
  readonly clock: Clock;
  readonly failed: (failure: Failure) => void;
}

/** Appends events of a gateway that the collector numbers itself. One at a time: a number is given once. */
export class OwnSeries {
  readonly #own: OwnGateway;
  readonly #needs: OwnSeriesNeeds;
  readonly #startedMs: number;
  #rows: OwnRows | null = null;
  #boot: number | null = null;

  constructor(own: OwnGateway, needs: OwnSeriesNeeds) {
    this.#own = own;
    this.#needs = needs;
    this.#startedMs = needs.clock.monotonicMs();
  }

  /** In the ledger when it resolves, or in quarantine where no profile can say it. Rejects with a Failure: then it is not known what of it is. */
  async append(events: readonly SiteEvent[]): Promise<void> {
    const rejected = await this.#append(events);
    if (rejected.length === 0) return;
    // Somebody else wrote under these numbers: numbers from where the ledger stands now are free.
    this.#rows = null;
    const again = await this.#append(rejected);
    if (again.length > 0) this.#needs.failed(fail('push-rejected', `${this.#own.gateway}: ${again.length} rows`));
  }

  /** The events whose rows were rejected. */
  async #append(events: readonly SiteEvent[]): Promise<SiteEvent[]> {
    const { batches, unwritten } = (await this.#numbered()).write(events);
    try {
      if (unwritten.length > 0) await this.#setAside(unwritten);
      const receipts = batches.length > 0 ? await this.#needs.ledger.append(batches.map(({ batch }) => batch)) : [];
      return receipts.flatMap(({ rejected }, index) => {
        const numbers = new Set(rejected.map(({ number }) => number));
        return batches[index]!.written.filter(({ row }) => numbers.has(row.number)).map(({ event }) => event);
      });
    } catch (failure) {
      this.#rows = null; // what was appended is not known: the ledger tells where to go on
      throw failure;
    }
  }

  async #numbered(): Promise<OwnRows> {
    if (this.#rows) return this.#rows;
    const numbering = await this.#needs.ledger.numbering(this.#own.gateway);
    this.#boot ??= numbering.boot + 1;
    this.#rows = new OwnRows(this.#own, numbering, this.#boot, this.#startedMs, this.#needs.clock);
    return this.#rows;
  }

  #setAside(unwritten: readonly Unwritten[]): Promise<void> {
    const { gateway } = this.#own;
    const found = unwritten.map(({ event, why }) => ({
      ...{ gateway, lane: 'alarm' as const, reason: `does not fit the profile: ${why}` },
      bytes: new TextEncoder().encode(JSON.stringify(event)),
    }));
    return this.#needs.ledger.quarantine(found);
  }
}
