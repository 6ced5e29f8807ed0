import type { Clock, Links, TalkingFamily } from '@fengsui/protocol';
import type { Wire } from '../line.ts';
import { Ahead } from './ahead.ts';
import { Conversation, guarded, type Write } from './conversation.ts';
import type { Correspondent } from './correspondents.ts';
import type { Driver, Surroundings } from './driver.ts';
import { Packets } from './packets.ts';

/** A panel, its wire, and what outlives a driver of it. */
export interface TalkingLine extends Surroundings {
  readonly wire: Pick<Wire, 'bytes' | 'write' | 'expect'>;
  readonly panel: Correspondent;
  readonly links: Links;
  /** Zone of the site, minutes east of UTC. */
  readonly zoneMinutes: number;
}

/**
 * Listens to one panel, polls it where it must be polled, and answers it. Packets keep their order and are dealt with one at
 * a time: what one said is durable before its answer leaves and before the next is read.
 */
export async function* driveTalking(line: TalkingLine): Driver {
  const { wire, panel, links } = line;
  const { family } = panel;
  const write: Write = (bytes) => wire.write(bytes);
  const conversation = new Conversation({ ...line, correspondentOf: () => panel });
  const polls = new Polls(panel, line.clock, write);
  await using packets = new Packets(wire, family.cut, family.gapMs, line);
  await using source = family.meanwhile ? new Ahead(packets, (packet) => conversation.overtake(packet, write), line) : packets;
  while (true) {
    const heard = await source.take(Math.min(packets.underway ? Number.POSITIVE_INFINITY : polls.dueInMs(), links.dueInMs()));
    if (heard === 'end') return;
    for (const packet of heard) yield* conversation.hear(packet, write);
    const lost = links.overdue();
    if (lost.length > 0) {
      yield lost;
      links.settle(lost);
    }
    // Never into the middle of a packet: on a two-wire line that would destroy it.
    if (!packets.underway && polls.dueInMs() <= 0) {
      await polls.ask();
      line.counters.polls += 1;
    }
  }
}

/** The rhythm of a panel that must be asked. */
class Polls {
  readonly #poll: TalkingFamily['poll'];
  readonly #clock: Clock;
  readonly #write: Write;
  readonly #unit: number | undefined;
  #turn = 0;
  #nextMs: number;

  constructor({ family, unit }: Correspondent, clock: Clock, write: Write) {
    this.#poll = family.poll;
    this.#unit = unit;
    this.#clock = clock;
    this.#write = guarded(family, write);
    this.#nextMs = clock.monotonicMs();
  }

  dueInMs(): number {
    return this.#poll ? Math.max(0, this.#nextMs - this.#clock.monotonicMs()) : Number.POSITIVE_INFINITY;
  }

  async ask(): Promise<void> {
    if (!this.#poll) return;
    await this.#write(this.#poll.packet(this.#turn++, this.#unit));
    this.#nextMs = this.#clock.monotonicMs() + this.#poll.everyMs;
  }
}
