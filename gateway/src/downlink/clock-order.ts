import type { Clock, OrderParameters } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import { MADE_MS } from '../version.ts';
import { runCommand } from './command.ts';
import { type CarryOut, done, type Outcome, refused } from './downlink.ts';
import type { KeptOrder } from './record.ts';

export interface ClockOrderOptions {
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  /** No time is set that is later, milliseconds since 1970-01-01 UTC. */
  readonly latestMs: () => number;
  /** Sets the clock of the box; `{time}` in it becomes `2027-03-05 06:30:00 UTC`, `{seconds}` the seconds since 1970. Absent: never set. */
  readonly command: readonly string[] | undefined;
}

/** Says how far the box's clock is off, and sets it where the site said how. No panel's clock is ever touched. */
export class ClockOrder implements CarryOut<'clock'> {
  readonly #options: ClockOrderOptions;

  constructor(options: ClockOrderOptions) {
    this.#options = options;
  }

  async begin({ aheadMs, takenMs }: KeptOrder, { set }: OrderParameters<'clock'>): Promise<Outcome> {
    const { clock, clockSynchronised, latestMs, command } = this.#options;
    const compared = { aheadMs, clockSynchronised: clockSynchronised() };
    if (!set) return done(compared);
    if (!command) return refused('no command is configured to set the clock (orders.clockCommand)');
    if (compared.clockSynchronised) return refused('the clock is set from the network; nothing else sets it');
    const rightMs = clock.wallMs() - aheadMs;
    const against = againstTime(rightMs, latestMs());
    if (against) return refused(`${new Date(rightMs).toISOString()} is ${against}: the clock of whoever gave the order is wrong`);
    // A form that systemd reads of every age (systemd.time(7)); 257 is the first that takes ISO 8601 with its T.
    const time = `${new Date(rightMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
    const seconds = String(Math.round(rightMs / 1000));
    const trouble = await runCommand(
      command.map((word) => word.replaceAll('{time}', time).replaceAll('{seconds}', seconds)),
      limits.COMMAND_WITHIN_MS,
    );
    return trouble === null ? done({ ...compared, setAtMs: takenMs }) : refused(trouble);
  }
}

/** Nobody's time is set that cannot be right: whoever gives it may have a wrong clock, and a centre of GB/T 26875.3 proves nothing. */
function againstTime(rightMs: number, latestMs: number): string | null {
  if (rightMs < MADE_MS) return 'before this version was made';
  if (rightMs <= latestMs) return null;
  return `after ${new Date(latestMs).toISOString()}, when a certificate of this gateway ends or the life of this version does`;
}
