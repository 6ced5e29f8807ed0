import type { LimitRecord } from './points.ts';

/** How one limit stands: whether it counts as crossed, and since when the value has been beyond it. */
export interface LimitState {
  readonly crossed: boolean;
  /** Monotonic milliseconds; null while the value is within. */
  readonly beyondSinceMs: number | null;
}
export const WITHIN: LimitState = { crossed: false, beyondSinceMs: null };

/**
 * One more value against a limit. `sign` is −1 for a low limit, 1 for a high one. Crossing takes the delay, coming back takes
 * the hysteresis: a value that trembles at the limit is one crossing.
 */
export function judge(
  state: LimitState,
  { limit, hysteresis = 0, delayMs = 0 }: LimitRecord,
  sign: -1 | 1,
  value: number,
  nowMs: number,
): LimitState {
  const beyond = (value - limit) * sign > 0;
  if (state.crossed) {
    const back = (value - limit) * sign <= -hysteresis;
    return back ? WITHIN : state;
  }
  if (!beyond) return WITHIN;
  const beyondSinceMs = state.beyondSinceMs ?? nowMs;
  return { crossed: nowMs - beyondSinceMs >= delayMs, beyondSinceMs };
}
