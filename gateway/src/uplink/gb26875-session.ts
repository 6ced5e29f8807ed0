import { type Clock, Failure } from '@fengsui/protocol';
import { Bell } from '../bell.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Outage } from '../outage.ts';
import type { Behind } from './gb26875-behind.ts';
import type { Exchanges } from './gb26875-exchanges.ts';
import { CentreRows, type Told } from './gb26875-rows.ts';
import type { Station } from './gb26875-station.ts';
import { CentreWindow, type Place } from './gb26875-window.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';

export interface CentreSessionOptions {
  readonly gateway: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly station: Station;
  readonly exchanges: Exchanges;
  /** What earlier sessions could not bring to the centre. */
  readonly behind: Behind;
  /** Hears that the centre refused an alarm for good, and that it takes alarms. */
  readonly refusals: Pick<Outage, 'lost' | 'returned'>;
  /** Packets on their way at once, heartbeats not counted. */
  readonly inFlightMax: number;
  readonly heartbeatMs: number;
}

/** What became of a row: the centre has it, or why it refused it, or why it is not told. */
interface Outcome {
  readonly rejected?: string;
  readonly untold?: string;
}

/** Why a centre's denial is kept: the standard gives a denial no reason of its own. */
const DENIED = 'denied by the centre (command 6) 中心否认';

/**
 * Tells a centre over one connection what waits, from the lowest unsettled row: alarms first, in order within a lane. A confirm
 * settles a row as accepted, what it is not to be told is settled as untold. A row without a word after all re-sends, and an alarm that
 * is denied, are set behind the others of their lane and tried again; where nothing at all was heard meanwhile, the session is over.
 * An ordinary row that is denied to the last is rejected, an alarm only when it was denied for half an hour.
 */
export class CentreSession {
  readonly #options: CentreSessionOptions;
  readonly #rows: CentreRows;
  readonly #bell = new Bell();
  readonly #over = new AbortController();
  #ended: Failure | null = null;
  readonly #window: CentreWindow;
  #beating = false;
  /** Monotonic; never yet, so that where no row waits the first word is a sign of life: many centres know a device only by that. */
  #spokeMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(options: CentreSessionOptions) {
    this.#options = options;
    this.#rows = new CentreRows(options.outbox, options.behind);
    this.#window = new CentreWindow(options.inFlightMax);
    options.behind.begin();
  }

  /** Runs until the way ends or the centre is silent; answers why it is over. */
  async run(ended: Promise<Failure>): Promise<Failure> {
    void ended.then((failure) => this.#end(failure));
    while (!this.#ended) {
      try {
        if (!(await this.#sendNext())) await this.#idle();
      } catch (error) {
        this.#endBy(error);
      }
    }
    return this.#ended;
  }

  /** The centre said something, whatever it was. */
  heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
  }

  #end(failure: Failure): void {
    this.#ended ??= failure;
    this.#over.abort();
    this.#bell.ring();
  }

  #endBy(error: unknown): void {
    if (this.#ended) return;
    if (!(error instanceof Failure)) throw error;
    this.#end(error);
  }

  async #sendNext(): Promise<boolean> {
    const next = await this.#rows.next(this.#window);
    if (!next) return false;
    this.#window.take(next.place);
    void this.#carry(next.told, next.place);
    return true;
  }

  async #carry(told: Told, place: Place): Promise<void> {
    try {
      const outcome = await this.#outcomeOf(told, place);
      if (outcome) await this.#settle(told, outcome);
      else this.#rows.setBehind(told);
    } catch (error) {
      this.#endBy(error);
    } finally {
      this.#window.leave(place);
      this.#bell.ring();
    }
  }

  /** null: it is to be tried again. */
  async #outcomeOf(told: Told, place: Place): Promise<Outcome | null> {
    const { unit } = told;
    if (!(unit instanceof Uint8Array)) return 'untold' in unit ? unit : { rejected: unit.unreadable };
    const begunMs = this.#options.clock.monotonicMs();
    try {
      return await this.#tell(told, unit, place);
    } catch (error) {
      if (this.#ended || !(error instanceof Failure) || error.code !== 'uplink-silent') throw error;
      this.#options.behind.silent(told);
      // A row that is tried again is no measure of the link: signs of life go beside it.
      if (!place.isBehind && this.#heardMs < begunMs) throw error;
      return null;
    }
  }

  async #tell(told: Told, unit: Uint8Array, place: Place): Promise<Outcome | null> {
    const { station, exchanges, numbers, clock, behind, refusals } = this.#options;
    numbers.batchesSent += 1;
    numbers.rowsSent += 1;
    const reply = await exchanges.carry(station.frame(unit), this.#over.signal, () => {
      if (told.lane === 'alarm') this.#window.giveWay(place);
      this.#bell.ring();
    });
    this.#spokeMs = clock.monotonicMs();
    if (reply === 'confirmed') {
      if (told.lane === 'alarm') refusals.returned();
      return {};
    }
    if (told.lane === 'alarm' && behind.denied(told) < limits.ALARM_DENIED_FOR_MS) return null;
    if (told.lane === 'alarm') refusals.lost(`alarm ${told.number}: ${DENIED}`);
    return { rejected: DENIED };
  }

  async #settle(told: Told, { rejected: reason, untold }: Outcome): Promise<void> {
    const { outbox, gateway, numbers, behind } = this.#options;
    const { lane, epoch, number } = told;
    const verdict = reason === undefined ? { accepted: [number], rejected: [] } : { accepted: [], rejected: [{ number, reason }] };
    const settled = await outbox.settle({ gateway, epoch, lane, ...verdict }, untold).catch((error: unknown) => {
      throw error instanceof Failure ? error : fail('journal-lost', (error as Error).message, error);
    });
    behind.settled(told);
    if (untold === undefined) numbers.rowsAccepted += settled.accepted;
    else numbers.rowsUntold += settled.accepted;
    numbers.rowsRejected += settled.rejected;
  }

  /** A sign of life, where nothing else was said for a while; where nothing at all is heard meanwhile, the session is over. */
  #beat(): void {
    if (this.#beating) return;
    this.#beating = true;
    const { station, exchanges, clock } = this.#options;
    const begunMs = clock.monotonicMs();
    exchanges
      .carry(station.heartbeat(), this.#over.signal)
      .then(() => {
        this.#spokeMs = clock.monotonicMs();
      })
      .catch((error: unknown) => {
        // A centre that has no word for this sign of life but confirms what it is told is there.
        if (this.#heardMs < begunMs) this.#endBy(error);
        else this.#spokeMs = clock.monotonicMs();
      })
      .finally(() => {
        this.#beating = false;
        this.#bell.ring();
      });
  }

  /** Waits for a row that may be sent, the end of an exchange, the next heartbeat or the end. */
  async #idle(): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    const dueInMs = this.#spokeMs + heartbeatMs - clock.monotonicMs();
    if (dueInMs <= 0 && this.#window.isIdle) this.#beat();
    const over = new AbortController();
    const waits: Promise<unknown>[] = [this.#bell.rung(), this.#rows.wait(this.#window, clock, over.signal)];
    if (!this.#beating && this.#window.isIdle) waits.push(clock.sleep(Math.max(0, dueInMs), over.signal));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
    }
  }
}
