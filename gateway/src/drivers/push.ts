import type { Links } from '@fengsui/protocol';
import {
  freshOf,
  type Posted,
  PUSH_TAKEN,
  PUSH_UNTAKEN,
  type PushDesk,
  type PushSaid,
  type PushUnheard,
  readRound,
  type Seen,
  withLinks,
} from '@fengsui/protocol/clouds';
import type { Heard, PushWire } from '../line.ts';
import type { Driver, Surroundings } from './driver.ts';
import { idsFor } from './event-ids.ts';
import { Inbox } from './inbox.ts';

/** Pushes dealt with in one commit: a burst of alarms shares the disk's time. */
const ROUND_MAX = 64;

/** A door that a cloud pushes to, and what outlives a driver of it. */
export interface PushedLine extends Surroundings {
  readonly wire: Pick<PushWire, 'requests'>;
  readonly desk: PushDesk;
  readonly seen: Seen;
  readonly links: Links;
}

/**
 * Serves an operator's cloud. It has its 200 only after everything it pushed is durable; when the journal refuses, the line
 * ends this generator and the cloud is told to try again. What nobody can read is heard as a text and answered with 200 all
 * the same: a cloud that is refused too often pauses and drops what comes meanwhile.
 */
export async function* drivePush(line: PushedLine): Driver {
  const { wire, desk, seen, links, clock, signal, counters } = line;
  const count = (why: PushUnheard, bytes?: Uint8Array) => counters.count(why, clock.wallMs(), bytes);
  await using inbox = new Inbox(wire.requests, clock, signal);
  while (true) {
    const posted = await requestsFrom(inbox, links.dueInMs());
    if (posted === 'end') return;
    const { atOnce, held, said } = readRound(posted, desk, clock.wallMs(), count);
    for (const [request, answer] of atOnce) request.answer(answer);
    counters.packets += said.length;
    let answer = PUSH_UNTAKEN;
    try {
      const fresh = freshOf(said, seen, count);
      const heard = [...withLinks(fresh.map(identified), links), ...links.overdue()];
      if (heard.length > 0) {
        yield heard;
        links.settle(heard);
      }
      for (const { key } of fresh) seen.remember(key);
      counters.answers += held.length;
      answer = PUSH_TAKEN;
    } finally {
      for (const request of held) request.answer(answer);
    }
  }
}

/** Beside what else is known of a device the place of an event changes: a copy that comes to another run is known by what it is about. */
function identified({ key, heard }: PushSaid): { readonly heard: Heard } {
  return { heard: key === null ? heard : { ...heard, eventIdOf: idsFor(key) } };
}

async function requestsFrom(inbox: Inbox<Posted>, waitMs: number): Promise<Posted[] | 'end'> {
  const round: Posted[] = [];
  while (round.length < ROUND_MAX) {
    const arrival = await inbox.take(round.length === 0 ? waitMs : 0);
    if (arrival === 'end') {
      for (const posted of round) posted.answer(PUSH_UNTAKEN);
      return 'end';
    }
    if (arrival === 'silence') break;
    round.push(arrival.item);
  }
  return round;
}
