/** Time, handed in so that a drill can replay it. `wallMs` may step; `monotonicMs` never does (P11: durations and order use it). */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, never stepping back. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
