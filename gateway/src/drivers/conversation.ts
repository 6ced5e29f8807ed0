import type { Links } from '@fengsui/protocol';
import { type Clock, fits, type TalkingFamily, toHex } from '@fengsui/protocol';
import { familyLabel, type Heard, isSignOfLife, type Said } from '../line.ts';
import type { Correspondent } from './correspondents.ts';
import type { Driver, Surroundings } from './driver.ts';
import { idsFor } from './event-ids.ts';

/** Where packets of devices come from, whoever they are. */
export interface Talk extends Surroundings {
  readonly links: Links;
  /** Zone of the site, minutes east of UTC: some answers carry the time, and devices set their clock by it. */
  readonly zoneMinutes: number;
  /** Who sent a packet; null: nobody we can listen to. */
  readonly correspondentOf: (packet: Uint8Array) => Correspondent | null;
}

export type Write = (bytes: Uint8Array) => Promise<void>;

/** Hears packets and answers them: what one said is durable before its answer leaves. One for each time the wire is opened. */
export class Conversation {
  readonly #talk: Talk;
  /** How often each was asked for everything again. */
  readonly #asked = new Map<Correspondent, number>();
  /** Packets that have their answer. */
  readonly #answered = new WeakSet<Uint8Array>();

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  async *hear(packet: Uint8Array, write: Write): Driver {
    const { clock, counters, correspondentOf } = this.#talk;
    counters.packets += 1;
    const from = correspondentOf(packet);
    if (!from) return counters.count('too-many', clock.wallMs(), packet);
    const { observations, remarks = [], fromHost, stuck } = from.family.decode(packet);
    if (fromHost) return counters.count('echo', clock.wallMs());
    if (from.stranger) counters.count('unknown-device', clock.wallMs(), packet);
    if (observations.some(isUnread) || (observations.length === 0 && remarks.length > 0))
      counters.count('undecodable', clock.wallMs(), packet);
    if (stuck) yield* this.#stuck(packet, observations, from);
    else yield* this.#heard(packet, observations, from, write);
  }

  /** Answers a bare sign of life while something else is being made durable. True: nothing of it is left to be heard. */
  async overtake(packet: Uint8Array, write: Write): Promise<boolean> {
    const { counters, correspondentOf, links } = this.#talk;
    const from = correspondentOf(packet);
    if (!from?.family.meanwhile) return false;
    const { observations, fromHost, stuck } = from.family.decode(packet);
    if (fromHost || stuck || observations.length === 0 || !observations.every(isSignOfLife)) return false;
    await this.#send(from.family.meanwhile(packet), from, write);
    this.#answered.add(packet);
    if (links.spoke(from.name)) return false;
    counters.packets += 1;
    return true;
  }

  /** A packet with nothing to keep is answered at once, so that a patrol with a deadline of 100 ms never waits for a disk. */
  async *#heard(packet: Uint8Array, observations: readonly Said[], from: Correspondent, write: Write): Driver {
    const { clock, counters, links, zoneMinutes } = this.#talk;
    const { name, family, repeats, unread, identities, lasting, turn } = from;
    const end = await turn.take();
    let atOnce = false;
    try {
      const back = links.spoke(name);
      const key = identities.keyOf(family.identity?.(packet), clock, zoneMinutes);
      // Whom we ask to say everything again says what we know; anybody else who says the same words much later means them.
      const isKnown = family.resync !== undefined && identities.isCopy(key);
      const repeated = isKnown || repeats.has(packet, clock.monotonicMs());
      if (repeated) counters.count('repeat', clock.wallMs());
      const isHeld = !repeated && this.#isHeld(packet, observations, from);
      const said = [...lasting.over(), ...(repeated || isHeld ? [] : observations), ...unread.overflow(clock.monotonicMs())];
      const heard = { ...this.#heardOf(packet, back ? [back, ...said] : said, from), ...idsOf(key, from) };
      atOnce = said.every(isSignOfLife);
      if (atOnce) await this.#answer(packet, from, write);
      if (heard.observations.length > 0) {
        yield [heard];
        links.settle([heard]);
        lasting.settle();
        repeats.remember(packet, clock.monotonicMs());
        if (said.some(({ what }) => what === 'reset')) identities.reset();
        if (key !== null) identities.remember(key);
        unread.settle();
        if (!repeated && !isHeld && said.some(isUnread)) unread.remember(packet, clock.monotonicMs());
      }
    } finally {
      end();
    }
    if (!atOnce) await this.#answer(packet, from, write);
  }

  /** The interface speaks for a panel it does not reach: no sign of life of the panel, and one trouble however often it is said. */
  async *#stuck(packet: Uint8Array, observations: readonly Said[], from: Correspondent): Driver {
    const { clock, counters } = this.#talk;
    counters.count('stuck', clock.wallMs());
    const said = from.lasting.again(observations);
    if (said.length === 0) return;
    yield [this.#heardOf(packet, said, from)];
    from.lasting.settle();
  }

  /** Whether it is only what nobody can read, and people have seen it, or enough of its shape; how many were held is told. A device that names itself forgets what we confirm: all of it is kept. */
  #isHeld(packet: Uint8Array, observations: readonly Said[], { family, unread }: Correspondent): boolean {
    if (family.sender || observations.length === 0 || !observations.every(isUnread)) return false;
    return unread.holds(packet, this.#talk.clock.monotonicMs());
  }

  #heardOf(packet: Uint8Array, observations: readonly Said[], { name, family }: Correspondent): Heard {
    return { device: name, family: familyLabel(family), observations, packet, heardMs: this.#talk.clock.wallMs() };
  }

  async #answer(packet: Uint8Array, from: Correspondent, write: Write): Promise<void> {
    if (this.#answered.has(packet)) return;
    const { clock, zoneMinutes } = this.#talk;
    const { family } = from;
    const asked = this.#asked.get(from) ?? 0;
    const question = family.resync?.(packet, asked);
    const answer = question ?? family.answer?.(packet, localTime(clock, zoneMinutes));
    await this.#send(answer ?? null, from, write);
    if (question) this.#asked.set(from, asked + 1);
  }

  async #send(answer: Uint8Array | null, { family }: Correspondent, write: Write): Promise<void> {
    if (!answer) return;
    await guarded(family, write)(answer);
    this.#talk.counters.answers += 1;
  }
}

/** What a device dates and counts itself makes the same events in every run: a copy of what was heard before a restart is none. */
function idsOf(key: string | null, { name, identities }: Correspondent): Pick<Heard, 'eventIdOf'> {
  if (key === null || !identities.isNew(key)) return {};
  const ids = idsFor(`${name} ${key}`);
  // That a link is up again is news of this run, whatever came with it.
  return { eventIdOf: (ordinal, about) => (about.startsWith('link|') ? undefined : ids(ordinal, about)) };
}

function isUnread({ what, detail }: Said): boolean {
  return what === 'text' && detail === 'undecodable';
}

/** The last gate before the wire: a family's own table says all it may ever send, and no command is in it. */
export function guarded(family: TalkingFamily, write: Write): Write {
  return async (packet) => {
    if (!family.emits.some(({ bytes }) => fits(packet, bytes)))
      throw new Error(`${family.name} would send ${toHex(packet)}, which its table does not allow`);
    await write(packet);
  };
}

/** `YYYY-MM-DDTHH:mm:ss` in the zone of the site. */
function localTime(clock: Clock, zoneMinutes: number): string {
  return new Date(clock.wallMs() + zoneMinutes * 60_000).toISOString().slice(0, 19);
}
