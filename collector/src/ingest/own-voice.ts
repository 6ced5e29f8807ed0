import { randomUUID } from 'node:crypto';
import type { Clock, Failure, SiteEvent } from '@fengsui/protocol';
import type { Ledger } from '../ledger/ledger.ts';
import { RIVAL_STANDS_MS, RIVALS_LOOK_MS } from '../limits.ts';
import { OwnSeries } from './own-series.ts';
import { tellsOfProof, wordsOf } from './rival-words.ts';
import type { Rival } from './rivals.ts';

/** Under this name the collector says in the ledger what no gateway can: no certificate and no cloud has it. */
export const COLLECTOR_ITSELF = 'cloud-collector';

export interface OwnVoiceNeeds {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'numbering'>;
  readonly clock: Clock;
  readonly zoneMinutes: number;
  /** Gateways whose sessions end each other. */
  readonly rivals: () => ReadonlyMap<string, Rival>;
  /** Gateways of which that was said and not taken back, by this run or one before, with the words. */
  readonly said: () => Promise<ReadonlyMap<string, string>>;
  readonly failed: (failure: Failure) => void;
}

/** What the collector itself has to say of its gateways, as events of the ledger like everything else: people see them, outlets carry them. */
export class OwnVoice {
  readonly #needs: OwnVoiceNeeds;
  readonly #series: OwnSeries;
  readonly #startedMs: number;

  constructor(needs: OwnVoiceNeeds) {
    const { zoneMinutes } = needs;
    this.#needs = needs;
    this.#startedMs = needs.clock.monotonicMs();
    this.#series = new OwnSeries({ gateway: COLLECTOR_ITSELF, profile: 'db36-t1297-2020', address: 0, centre: 0, zoneMinutes }, needs);
  }

  /** Looks until the signal aborts. Rejects with the Failure of the ledger: then what was not said is said by the next run. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, rivals, said } = this.#needs;
    const standing = new Map([...(await said())].map(([gateway, words]) => [gateway, tellsOfProof(words)]));
    while (!signal.aborted) {
      const now = rivals();
      const over = [...standing].filter(([gateway, isProven]) => this.#isOver(isProven, now.get(gateway)));
      for (const [gateway] of over) standing.delete(gateway);
      const fresh = [...now].filter(([gateway]) => !standing.has(gateway));
      for (const [gateway, { isProven }] of fresh) standing.set(gateway, isProven);
      const ended = over.map(([gateway, isProven]) => this.#event(gateway, isProven, { edge: 'ended' }));
      const began = fresh.map(([gateway, rival]) => this.#event(gateway, rival.isProven, { edge: 'began', text: wordsOf(rival) }));
      if (began.length + ended.length > 0) await this.#series.append([...ended, ...began]);
      await clock.sleep(RIVALS_LOOK_MS, signal).catch(() => {});
    }
  }

  /**
   * Whether what was said holds no more: there is nothing of it now, or it is a proof where it was a suspicion, or the other way round.
   * A collector that was just started has seen nobody come in yet, so for as long as a rival stands that nothing is seen says nothing.
   */
  #isOver(wasProven: boolean, rival: Rival | undefined): boolean {
    if (rival?.isProven === wasProven) return false;
    return rival?.isProven === true || this.#needs.clock.monotonicMs() - this.#startedMs >= RIVAL_STANDS_MS;
  }

  #event(gateway: string, isProven: boolean, more: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>): SiteEvent {
    const nowMs = Math.round(this.#needs.clock.wallMs());
    return {
      id: randomUUID().replaceAll('-', ''),
      kind: 'fault',
      time: { ms: nowMs, zoneMinutes: this.#needs.zoneMinutes, source: 'gateway' },
      receivedMs: nowMs,
      part: { systemType: 0, systemAddress: 0 },
      source: gateway,
      ...(isProven ? { note: 'identity-shared' as const } : {}),
      ...more,
    };
  }
}
