import { Failure, LANES, laneOf, type SiteEvent } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import { appending } from './pulse.ts';
import type { Supervision } from './supervision.ts';

/** Makes durable what was heard. */
export async function commit(options: Supervision, heard: readonly Heard[]): Promise<void> {
  const { numbers, normalizer, refused } = options;
  for (const { device, packet, heardMs } of heard) if (packet !== null) numbers.heardMs.set(device, heardMs);
  const offers: Offer[] = [];
  try {
    for (const one of heard) offers.push(offerOf(one, options));
    const events = offers.flatMap((offer) => offer.events);
    if (events.length > 0) await appendSurely(options, offers);
    normalizer.settle(heard);
    for (const one of heard) refused.forget(one);
    numbers.events += events.length;
  } catch (error) {
    normalizer.revert(heard);
    for (const { one, events } of offers) if (events.length > 0) refused.note(one, events);
    throw error;
  }
}

/** Something heard and the events it is offered as. */
interface Offer {
  readonly one: Heard;
  readonly events: readonly SiteEvent[];
  readonly isAgain: boolean;
}

function offerOf(one: Heard, { normalizer, refused }: Supervision): Offer {
  const events = normalizer.normalize(one);
  const again = refused.again(one, events);
  return { one, events: again ?? events, isAgain: again !== null };
}

/** Offers events to the journal: once where the device repeats what got no answer, otherwise until the journal takes them or we stop. */
async function appendSurely(options: Supervision, offers: readonly Offer[]): Promise<void> {
  const { line, clock, random, log, signal } = options;
  const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
  for (let again = offers.some(({ isAgain }) => isAgain); ; again = true) {
    try {
      await appendOrHold(options, offers, again);
      return;
    } catch (error) {
      const isLast = !line.saidOnce || signal.aborted || !(error instanceof Failure) || error.retry === 'never';
      if (isLast) throw error;
      log.error({ line: line.name, code: error.code }, `offered again, the device says it once: ${error.message}`);
    }
    await clock.sleep(backoff.nextMs(), signal).catch(() => {});
  }
}

/**
 * Resolves when the events are durable, or held where nobody repeats them. A fire does not wait for what is held of the other lane: each lane
 * has its turn by itself then.
 */
async function appendOrHold(options: Supervision, offers: readonly Offer[], again: boolean): Promise<void> {
  const { append, held } = options;
  const all = offers.flatMap((offer) => offer.events);
  const byLane = LANES.map((lane) => all.filter((event) => laneOf(event) === lane)).filter((events) => events.length > 0);
  try {
    for (const events of held.isHolding() ? byLane : [all])
      await appending(options, async () => {
        await held.bring(laneOf(events[0]!));
        await append(events, again);
      });
  } catch (error) {
    if (!isOfLane(error) || !(await appendByLane(options, offers))) throw error;
  }
}

/** A failure that may be one lane's alone. */
function isOfLane(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'journal-unopened' || error.code === 'journal-io');
}

/**
 * Offers the events of each lane by themselves, behind what is held of it: where the file of one cannot be opened, the other must not wait
 * for it. What nobody repeats (`nobodyRepeats`, or our own word of a link) is held until it can; false where a device is to repeat something.
 */
async function appendByLane(options: Supervision, offers: readonly Offer[]): Promise<boolean> {
  const { line, append, held } = options;
  const isRepeated = ({ one }: Offer) => !line.nobodyRepeats && one.packet !== null;
  const lanes = new Set(offers.flatMap(({ events }) => events.map(laneOf)));
  if (lanes.size === 1 && offers.every(isRepeated)) return false;
  const refused: Offer[] = [];
  for (const lane of LANES) {
    const ours = offers.map((offer) => ({ ...offer, events: offer.events.filter((event) => laneOf(event) === lane) }));
    const events = ours.flatMap((offer) => offer.events);
    if (events.length === 0) continue;
    try {
      await appending(options, async () => {
        await held.bring(lane);
        await append(events, true);
      });
    } catch (error) {
      if (!isOfLane(error)) throw error;
      refused.push(...ours.filter((offer) => offer.events.length > 0));
    }
  }
  return !refused.some(isRepeated) && held.take(refused.flatMap((offer) => offer.events));
}
