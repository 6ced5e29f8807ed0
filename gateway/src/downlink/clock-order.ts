import type { Clock, OrderParameters } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { runCommand } from './command.ts';
import { type CarryOut, done, type Outcome, refused } from './downlink.ts';
import type { KeptOrder } from './record.ts';

export interface ClockOrderOptions {
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  /** Sets the clock of the box; `{time}` in it becomes `2027-03-05T06:30:00Z`, `{seconds}` the seconds since 1970. Absent: never set. */
  readonly command: readonly string[] | undefined;
}

/** Says how far the box's clock is off, and sets it where the site said how. No panel's clock is ever touched. */
export class ClockOrder implements CarryOut<'clock'> {
  readonly #options: ClockOrderOptions;

  constructor(options: ClockOrderOptions) {
    this.#options = options;
  }

  async begin({ aheadMs, takenMs }: KeptOrder, { set }: OrderParameters<'clock'>): Promise<Outcome> {
    const { clock, clockSynchronised, command } = this.#options;
    const compared = { aheadMs, clockSynchronised: clockSynchronised() };
    if (!set) return done(compared);
    if (!command) return refused('no command is configured to set the clock (orders.clockCommand)');
    if (compared.clockSynchronised) return refused('the clock is set from the network; nothing else sets it');
    const rightMs = clock.wallMs() - aheadMs;
    const time = `${new Date(rightMs).toISOString().slice(0, 19)}Z`;
    const seconds = String(Math.round(rightMs / 1000));
    const trouble = await runCommand(
      command.map((word) => word.replaceAll('{time}', time).replaceAll('{seconds}', seconds)),
      limits.COMMAND_WITHIN_MS,
    );
    return trouble === null ? done({ ...compared, setAtMs: takenMs }) : refused(trouble);
  }
}
