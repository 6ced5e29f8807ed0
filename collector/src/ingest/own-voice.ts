import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock, Failure } from '@fengsui/protocol';
import type { Ledger } from '../ledger/ledger.ts';
import { OWN_VOICE_LOOK_MS } from '../limits.ts';
import type { Matter } from './matter.ts';
import { OwnSeries } from './own-series.ts';

/** Under this name the collector says in the ledger what no gateway can: no certificate and no cloud has it. */
export const COLLECTOR_ITSELF = 'cloud-collector';

export interface OwnVoiceNeeds {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'numbering'>;
  readonly clock: Clock;
  readonly zoneMinutes: number;
  readonly matters: readonly Matter[];
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
    const { clock, matters } = this.#needs;
    for (const matter of matters) await matter.recall();
    while (!signal.aborted) {
      const events = matters.flatMap((matter) => matter.look());
      if (events.length > 0) await this.#series.append(events);
      // There may be more to say: alarms that came meanwhile go first.
      await (events.length > 0 ? immediate() : clock.sleep(OWN_VOICE_LOOK_MS, signal).catch(() => {}));
    }
  }
}
