import { type Clock, Failure } from '@fengsui/protocol';
import { Bell } from '../bell.ts';
import { fail } from '../failures.ts';
import type { Exchanges } from './gb26875-exchanges.ts';
import { CentreRows, type Told } from './gb26875-rows.ts';
import type { Station } from './gb26875-station.ts';
import type { UplinkNumbers } from './numbers.ts';
import type { Outbox } from './outbox.ts';

export interface CentreSessionOptions {
  readonly gateway: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly station: Station;
  readonly exchanges: Exchanges;
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
 * settles a row as accepted, a denial as rejected, what it is not to be told as untold; no word after all re-sends ends the session, and the row waits for the next.
 */
export class CentreSession {
  readonly #options: CentreSessionOptions;
  readonly #rows: CentreRows;
  readonly #bell = new Bell();
  readonly #over = new AbortController();
  #ended: Failure | null = null;
  #inFlight = 0;
  #beating = false;
  /** Monotonic; never yet, so that where no row waits the first word is a sign of life: many centres know a device only by that. */
  #spokeMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(options: CentreSessionOptions) {
    this.#options = options;
    this.#rows = new CentreRows(options.outbox);
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
    if (this.#inFlight >= this.#options.inFlightMax) return false;
    const told = await this.#rows.next();
    if (!told) return false;
    this.#inFlight += 1;
    void this.#carry(told);
    return true;
  }

  async #carry(told: Told): Promise<void> {
    try {
      await this.#settle(told, await this.#outcomeOf(told));
    } catch (error) {
      this.#endBy(error);
    } finally {
      this.#inFlight -= 1;
      this.#bell.ring();
    }
  }

  async #outcomeOf({ unit }: Told): Promise<Outcome> {
    if (unit instanceof Uint8Array) return this.#tell(unit);
    return 'untold' in unit ? unit : { rejected: unit.unreadable };
  }

  async #tell(unit: Uint8Array): Promise<Outcome> {
    const { station, exchanges, numbers, clock } = this.#options;
    numbers.batchesSent += 1;
    numbers.rowsSent += 1;
    const reply = await exchanges.carry(station.frame(unit), this.#over.signal);
    this.#spokeMs = clock.monotonicMs();
    return reply === 'confirmed' ? {} : { rejected: DENIED };
  }

  async #settle({ lane, epoch, number }: Told, { rejected: reason, untold }: Outcome): Promise<void> {
    const { outbox, gateway, numbers } = this.#options;
    const verdict = reason === undefined ? { accepted: [number], rejected: [] } : { accepted: [], rejected: [{ number, reason }] };
    const settled = await outbox.settle({ gateway, epoch, lane, ...verdict }, untold).catch((error: unknown) => {
      throw error instanceof Failure ? error : fail('journal-lost', (error as Error).message, error);
    });
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
    const { clock, heartbeatMs, inFlightMax } = this.#options;
    const dueInMs = this.#spokeMs + heartbeatMs - clock.monotonicMs();
    if (dueInMs <= 0 && this.#inFlight === 0) this.#beat();
    const over = new AbortController();
    const waits: Promise<unknown>[] = [this.#bell.rung()];
    if (this.#inFlight < inFlightMax) waits.push(this.#rows.wait(over.signal));
    if (!this.#beating && this.#inFlight === 0) waits.push(clock.sleep(Math.max(0, dueInMs), over.signal));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
    }
  }
}
