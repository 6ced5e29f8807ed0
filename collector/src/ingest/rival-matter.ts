import type { SiteEvent } from '@fengsui/protocol';
import { RIVAL_STANDS_MS } from '../limits.ts';
import { eventOfGateway, type Matter, type MatterNeeds } from './matter.ts';
import { tellsOfProof, wordsOf } from './rival-words.ts';
import type { Rival } from './rivals.ts';

export interface RivalMatterNeeds extends MatterNeeds {
  /** Gateways whose sessions end each other. */
  readonly rivals: () => ReadonlyMap<string, Rival>;
}

/** Tells of gateways whose sessions end each other. */
export class RivalMatter implements Matter {
  readonly #needs: RivalMatterNeeds;
  readonly #startedMs: number;
  /** Of whom it was said, and whether as a proof. */
  #standing = new Map<string, boolean>();

  constructor(needs: RivalMatterNeeds) {
    this.#needs = needs;
    this.#startedMs = needs.clock.monotonicMs();
  }

  async recall(): Promise<void> {
    const said = await this.#needs.said();
    this.#standing = new Map([...said].map(([gateway, { words }]) => [gateway, tellsOfProof(words)]));
  }

  look(): readonly SiteEvent[] {
    const now = this.#needs.rivals();
    const over = [...this.#standing].filter(([gateway, isProven]) => this.#isOver(isProven, now.get(gateway)));
    for (const [gateway] of over) this.#standing.delete(gateway);
    const fresh = [...now].filter(([gateway]) => !this.#standing.has(gateway));
    for (const [gateway, { isProven }] of fresh) this.#standing.set(gateway, isProven);
    const ended = over.map(([gateway, isProven]) => this.#event(gateway, isProven, { edge: 'ended' }));
    const began = fresh.map(([gateway, rival]) => this.#event(gateway, rival.isProven, { edge: 'began', text: wordsOf(rival) }));
    return [...ended, ...began];
  }

  /**
   * Whether what was said holds no more: there is nothing of it now, or it is a proof where it was a suspicion, or the other way round.
   * A collector that was just started has seen nobody come in yet, so for as long as a rival stands that nothing is seen says nothing.
   */
  #isOver(wasProven: boolean, rival: Rival | undefined): boolean {
    if (rival?.isProven === wasProven) return false;
    return rival?.isProven === true || this.#needs.clock.monotonicMs() - this.#startedMs >= RIVAL_STANDS_MS;
  }

  #event(source: string, isProven: boolean, more: Pick<SiteEvent, 'edge'> & Pick<Partial<SiteEvent>, 'text'>): SiteEvent {
    return eventOfGateway(this.#needs, { kind: 'fault', source, ...(isProven ? { note: 'identity-shared' as const } : {}), ...more });
  }
}
