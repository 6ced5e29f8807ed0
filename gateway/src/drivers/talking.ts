import { type Clock, fits, PacketCutter } from '@fengsui/protocol';
import { familyLabel, type Heard, isSignOfLife, type Wire } from '../line.ts';
import type { Driver, Surroundings, TalkingDevice } from './driver.ts';
import { Inbox } from './inbox.ts';
import type { Links } from './links.ts';
import type { Repeats } from './repeats.ts';

/** A panel, its wire, and what outlives a driver of it. */
export interface TalkingLine extends Surroundings {
  readonly wire: Pick<Wire, 'bytes' | 'write'>;
  readonly device: TalkingDevice;
  readonly links: Links;
  readonly repeats: Repeats;
  /** Zone of the site, minutes east of UTC: some answers carry the time, and devices set their clock by it. */
  readonly zoneMinutes: number;
}

/**
 * Listens to one panel, polls it where it must be polled, and answers it. Packets keep their order and are dealt with one at
 * a time: what one said is durable before its answer leaves and before the next is read. A packet with nothing to keep is
 * answered at once, so that a patrol with a deadline of 100 ms never waits for a disk.
 */
export async function* driveTalking(line: TalkingLine): Driver {
  const { wire, clock, signal, links, counters } = line;
  const { family } = line.device;
  const cutter = new PacketCutter(family.cut);
  const conversation = new Conversation(line);
  await using inbox = new Inbox(wire.bytes, clock, signal);
  while (true) {
    const gap = cutter.pendingBytes > 0;
    const waitMs = Math.min(gap ? family.gapMs : conversation.pollInMs(), links.dueInMs());
    const startedMs = clock.monotonicMs();
    const arrival = await inbox.take(waitMs);
    if (arrival === 'end') return;
    const silent = gap && arrival === 'silence' && clock.monotonicMs() - startedMs >= family.gapMs;
    for (const cut of arrival === 'silence' ? (silent ? cutter.idle() : []) : cutter.feed(arrival.item)) {
      if (cut.kind === 'noise') counters.count(cut.why, clock.wallMs(), cut.bytes);
      else yield* conversation.hear(cut.bytes);
    }
    const lost = links.overdue();
    if (lost.length > 0) {
      yield lost;
      links.settle(lost);
    }
    // Never into the middle of a packet: on a two-wire line that would destroy it.
    if (cutter.pendingBytes === 0 && conversation.pollInMs() <= 0) await conversation.poll();
  }
}

class Conversation {
  readonly #line: TalkingLine;
  readonly #family: string;
  #turn = 0;
  #nextPollMs: number;
  #first = true;

  constructor(line: TalkingLine) {
    this.#line = line;
    this.#family = familyLabel(line.device.family);
    this.#nextPollMs = line.clock.monotonicMs();
  }

  pollInMs(): number {
    if (!this.#line.device.family.poll) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#nextPollMs - this.#line.clock.monotonicMs());
  }

  async poll(): Promise<void> {
    const { device, clock, counters } = this.#line;
    const { poll } = device.family;
    if (!poll) return;
    await this.#write(poll.packet(this.#turn++));
    counters.polls += 1;
    this.#nextPollMs = clock.monotonicMs() + poll.everyMs;
  }

  async *hear(packet: Uint8Array): Driver {
    const { clock, counters, device, links, repeats } = this.#line;
    counters.packets += 1;
    const { observations, fromHost } = device.family.decode(packet);
    if (fromHost) return counters.count('echo', clock.wallMs());
    const back = links.spoke(device.name);
    const repeated = repeats.has(packet, clock.monotonicMs());
    if (repeated) counters.count('repeat', clock.wallMs());
    const said = repeated ? [] : observations;
    const heard: Heard = {
      device: device.name,
      family: this.#family,
      observations: back ? [back, ...said] : said,
      packet,
      heardMs: clock.wallMs(),
    };
    const atOnce = said.every(isSignOfLife);
    if (atOnce) await this.#answer(packet);
    if (heard.observations.length > 0) {
      yield [heard];
      links.settle([heard]);
      repeats.remember(packet, clock.monotonicMs());
    }
    if (!atOnce) await this.#answer(packet);
  }

  async #answer(packet: Uint8Array): Promise<void> {
    const { clock, counters, device, zoneMinutes } = this.#line;
    const answer = device.family.answer?.(packet, this.#first, localTime(clock, zoneMinutes));
    if (!answer) return;
    await this.#write(answer);
    counters.answers += 1;
    this.#first = false;
  }

  /** The last gate before the wire: a family's own table says all it may ever send, and no command is in it. */
  async #write(packet: Uint8Array): Promise<void> {
    const { family } = this.#line.device;
    if (!family.emits.some(({ bytes }) => fits(packet, bytes)))
      throw new Error(`${family.name} would send ${Buffer.from(packet).toString('hex')}, which its table does not allow`);
    await this.#line.wire.write(packet);
  }
}

/** `YYYY-MM-DDTHH:mm:ss` in the zone of the site. */
function localTime(clock: Clock, zoneMinutes: number): string {
  return new Date(clock.wallMs() + zoneMinutes * 60_000).toISOString().slice(0, 19);
}
