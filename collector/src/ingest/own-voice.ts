import { randomUUID } from 'node:crypto';
import type { Clock, Failure, SiteEvent } from '@fengsui/protocol';
import type { Ledger } from '../ledger/ledger.ts';
import { RIVALS_LOOK_MS } from '../limits.ts';
import { OwnSeries } from './own-series.ts';

/** Under this name the collector says in the ledger what no gateway can: no certificate and no cloud has it. */
export const COLLECTOR_ITSELF = 'cloud-collector';

export interface OwnVoiceNeeds {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'numbering'>;
  readonly clock: Clock;
  readonly zoneMinutes: number;
  /** Gateways whose name several boxes use, with the addresses these came from. */
  readonly rivals: () => ReadonlyMap<string, readonly string[]>;
  /** Gateways of which that was said and not taken back, by this run or one before. */
  readonly said: () => Promise<readonly string[]>;
  readonly failed: (failure: Failure) => void;
}

/** What the collector itself has to say of its gateways, as events of the ledger like everything else: people see them, outlets carry them. */
export class OwnVoice {
  readonly #needs: OwnVoiceNeeds;
  readonly #series: OwnSeries;

  constructor(needs: OwnVoiceNeeds) {
    const { zoneMinutes } = needs;
    this.#needs = needs;
    this.#series = new OwnSeries({ gateway: COLLECTOR_ITSELF, profile: 'db36-t1297-2020', address: 0, centre: 0, zoneMinutes }, needs);
  }

  /** Looks until the signal aborts. Rejects with the Failure of the ledger: then what was not said is said by the next run. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, rivals, said } = this.#needs;
    const standing = new Set(await said());
    while (!signal.aborted) {
      const now = rivals();
      const fresh = [...now].filter(([gateway]) => !standing.has(gateway));
      const over = [...standing].filter((gateway) => !now.has(gateway));
      const began = fresh.map(([gateway, addresses]) => this.#event(gateway, { edge: 'began', text: textOf(addresses) }));
      const ended = over.map((gateway) => this.#event(gateway, { edge: 'ended' }));
      if (began.length + ended.length > 0) await this.#series.append([...began, ...ended]);
      for (const [gateway] of fresh) standing.add(gateway);
      for (const gateway of over) standing.delete(gateway);
      await clock.sleep(RIVALS_LOOK_MS, signal).catch(() => {});
    }
  }

  #event(gateway: string, more: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>): SiteEvent {
    const nowMs = Math.round(this.#needs.clock.wallMs());
    return {
      id: randomUUID().replaceAll('-', ''),
      kind: 'fault',
      time: { ms: nowMs, zoneMinutes: this.#needs.zoneMinutes, source: 'gateway' },
      receivedMs: nowMs,
      part: { systemType: 0, systemAddress: 0 },
      source: gateway,
      note: 'identity-shared',
      ...more,
    };
  }
}

function textOf(addresses: readonly string[]): string {
  return (
    `several boxes use this gateway's certificate by turns, from ${addresses.join(', ')}: find the copy (a cloned disk, a copied data folder, or two uplinks of one gateway that both lead here), switch it ` +
    'off, enrol it under a name of its own; where it is not yours, revoke this name 多台设备共用同一网关证书:找出克隆设备并停用,另行登记;若非己方设备,吊销此编号'
  );
}
