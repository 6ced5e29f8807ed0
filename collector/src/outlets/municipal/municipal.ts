import type { Clock } from '@fengsui/protocol';
import type { Cursor, Entry, Ledger } from '../../ledger/ledger.ts';
import type { Outlet, OutletReport, OutletTrouble } from '../outlet.ts';
import { bodyOf, isDue, type Operator } from './mapper.ts';
import type { Outcome } from './outcome.ts';
import { PushClient, type PushConfiguration } from './push-client.ts';
import { type Refusal, Refusals } from './refusals.ts';

/** Entries read from the ledger at once. */
const PAGE_ENTRIES_MAX = 100;
const RETRY_MIN_MS = 200;
/** A far side that is back gets its alarms within 3 s (P3), so nobody sleeps longer than 2 s unless told to by Retry-After. */
const RETRY_MAX_MS = 2_000;
/** Answers of success that deny themselves before an event is set aside: some minutes of a confused far side. */
const DENIALS_MAX = 200;

export interface MunicipalConfiguration extends PushConfiguration, Operator {
  /** Path of the file in which refused events are kept, as JSON lines. */
  readonly refusalsFile: string;
}

/**
 * Pushes every live event to the municipal platform, one after another in the order of the ledger: at least once each, always
 * under the event's id and with the same bytes, so that a far side that knows ids takes each once. Usage:
 *
 *     const municipal = municipalOutlet({ url, tokenFile, allowPrivateAddress, timeoutMs, operatorCode, refusalsFile }, { clock });
 *     await municipal.run(ledger, ledger.cursor(municipal.name), signal);   // under supervise
 */
export function municipalOutlet(configuration: MunicipalConfiguration, { clock }: { readonly clock: Clock }): MunicipalOutlet {
  return new MunicipalOutlet(configuration, clock);
}

export class MunicipalOutlet implements Outlet {
  readonly name = 'municipal';
  readonly #configuration: MunicipalConfiguration;
  readonly #clock: Clock;
  #refusals: Refusals | null = null;
  #position = 0;
  #confirmed = 0;
  #trouble: OutletTrouble | null = null;

  constructor(configuration: MunicipalConfiguration, clock: Clock) {
    this.#configuration = configuration;
    this.#clock = clock;
  }

  report(): OutletReport {
    const { name } = this;
    return { name, position: this.#position, trouble: this.#trouble, confirmed: this.#confirmed, refused: this.#refusals?.count ?? 0 };
  }

  /** Events the platform refused, the latest first. */
  refusals(): readonly Refusal[] {
    return this.#refusals?.shown ?? [];
  }

  async run(ledger: Ledger, cursor: Cursor, signal: AbortSignal): Promise<void> {
    await using client = new PushClient(this.#configuration);
    this.#refusals ??= await Refusals.open(this.#configuration.refusalsFile);
    this.#position = await cursor.read();
    try {
      while (!signal.aborted) await this.#page(ledger, cursor, client, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #page(ledger: Ledger, cursor: Cursor, client: PushClient, signal: AbortSignal): Promise<void> {
    const entries = await ledger.after(this.#position, PAGE_ENTRIES_MAX);
    for (const entry of entries) {
      const due = isDue(entry.event);
      if (due) await this.#deliver(entry, client, signal);
      // What is not due is passed over in memory: passing it over again after a crash harms nobody.
      if (due || entry === entries.at(-1)) await cursor.move(entry.position);
      this.#position = entry.position;
    }
    if (entries.length === 0) await ledger.wait(this.#position, signal);
  }

  /** Ends when the far side has the event or will never take it. */
  async #deliver(entry: Entry, client: PushClient, signal: AbortSignal): Promise<void> {
    const body = bodyOf(entry, this.#configuration);
    let denials = 0;
    for (let tries = 1; ; tries += 1) {
      const outcome = await client.push(entry.event.id, body, signal);
      if (outcome.is === 'confirmed') {
        this.#confirmed += 1;
        break;
      }
      if (outcome.is === 'again' && outcome.answered) denials += 1;
      const refusal = outcome.is === 'refused' ? outcome : denials >= DENIALS_MAX ? outcome.answered : undefined;
      if (refusal) {
        const { status, answer } = refusal;
        await this.#refusals?.add({
          eventId: entry.event.id,
          position: entry.position,
          status,
          answer,
          refusedMs: this.#clock.wallMs(),
          body,
        });
        break;
      }
      if (outcome.is === 'again') await this.#holdUp(outcome, tries, signal);
    }
    this.#trouble = null;
  }

  async #holdUp(outcome: Extract<Outcome, { is: 'again' }>, tries: number, signal: AbortSignal): Promise<void> {
    this.#trouble = { why: outcome.why, sinceMs: this.#trouble?.sinceMs ?? this.#clock.wallMs(), tries };
    const backOffMs = Math.min(RETRY_MIN_MS * 2 ** (tries - 1), RETRY_MAX_MS);
    // Jitter keeps many collectors of one city from coming back in step.
    await this.#clock.sleep(outcome.afterMs ?? backOffMs * (0.5 + Math.random() / 2), signal);
  }
}
