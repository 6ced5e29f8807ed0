/** What the supervisor has counted of one line since the gateway started, and how it stands. */
export class LineNumbers {
  state: 'closed' | 'open' | 'isolated' = 'closed';
  /** Wall clock since when the state holds. */
  sinceMs: number;
  /** Wall clock since when nothing can be heard over it, open or not between; null while it is open. */
  deafSinceMs: number | null;
  opened = 0;
  /** Where the wire is or last was: a path or an address; null before the first time. */
  at: string | null = null;
  /** Troubles of the surroundings that ended a run: wire, journal. */
  failures = 0;
  /** Errors of this program that ended a run. */
  crashes = 0;
  /** Why it is not open; null while it is. */
  lastFailure: string | null = null;
  /** Why its driver is left alone for a while; null: it is not. */
  isolatedWhy: string | null = null;
  /** What is not as it should be though the wire is open; null: nothing. */
  doubt: string | null = null;
  /** Times its wire was opened anew because all its devices were silent; neither a failure nor a crash. */
  reopened = 0;
  events = 0;
  /** Monotonic clock of the supervisor's last sign of life; null before the first. */
  beatMs: number | null = null;
  /** It waits for the journal, whose own time-outs end that. */
  isAppending = false;
  /** Datagrams for it that were dropped on this machine. */
  dropped = 0;
  /** Wall clock of the last word of each device. */
  readonly heardMs = new Map<string, number>();
  #bytesInBefore = 0;
  #bytesOutBefore = 0;
  #wire: { readonly bytesIn: number; readonly bytesOut: number } | null = null;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
    this.deafSinceMs = nowMs;
  }

  become(state: LineNumbers['state'], nowMs: number): void {
    if (state === this.state) return;
    this.state = state;
    this.sinceMs = nowMs;
    this.deafSinceMs = state === 'open' ? null : (this.deafSinceMs ?? nowMs);
  }

  /** Follows the counters of a wire that was just opened. */
  follow(at: string, wire: { readonly bytesIn: number; readonly bytesOut: number }): void {
    this.#bytesInBefore = this.bytesIn;
    this.#bytesOutBefore = this.bytesOut;
    this.at = at;
    this.#wire = wire;
    this.opened += 1;
  }

  get bytesIn(): number {
    return this.#bytesInBefore + (this.#wire?.bytesIn ?? 0);
  }

  get bytesOut(): number {
    return this.#bytesOutBefore + (this.#wire?.bytesOut ?? 0);
  }
}
