import type { Links } from '@fengsui/protocol';
import { type Clock, fits, type TalkingFamily, toHex } from '@fengsui/protocol';
import { familyLabel, type Heard, isSignOfLife, type Said } from '../line.ts';
import type { Correspondent } from './correspondents.ts';
import type { Driver, Surroundings } from './driver.ts';

/** Where packets of devices come from, whoever they are. */
export interface Talk extends Surroundings {
  readonly links: Links;
  /** Zone of the site, minutes east of UTC: some answers carry the time, and devices set their clock by it. */
  readonly zoneMinutes: number;
  /** Who sent a packet; null: nobody we can listen to. */
  readonly correspondentOf: (packet: Uint8Array) => Correspondent | null;
}

export type Write = (bytes: Uint8Array) => Promise<void>;

/** Bytes of an unreadable packet that travel as text; the whole of it goes as evidence. */
const UNREAD_BYTES_MAX = 128;

/** Hears packets and answers them: what one said is durable before its answer leaves. One for each time the wire is opened. */
export class Conversation {
  readonly #talk: Talk;
  readonly #answered = new Set<Correspondent>();

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  async *hear(packet: Uint8Array, write: Write): Driver {
    const { clock, counters, correspondentOf } = this.#talk;
    counters.packets += 1;
    const from = correspondentOf(packet);
    if (!from) return counters.count('too-many', clock.wallMs(), packet);
    const { observations, fromHost, remarks = [] } = from.family.decode(packet);
    if (fromHost) return counters.count('echo', clock.wallMs());
    if (from.stranger) counters.count('unknown-device', clock.wallMs(), packet);
    const isUnread = observations.length === 0 && remarks.length > 0;
    if (isUnread) counters.count('undecodable', clock.wallMs(), packet);
    yield* this.#heard(packet, isUnread ? unread(packet, from.family) : observations, from, write);
  }

  /** A packet with nothing to keep is answered at once, so that a patrol with a deadline of 100 ms never waits for a disk. */
  async *#heard(packet: Uint8Array, observations: readonly Said[], from: Correspondent, write: Write): Driver {
    const { clock, counters, links } = this.#talk;
    const { name, family, repeats, turn } = from;
    const end = await turn.take();
    let atOnce = false;
    try {
      const back = links.spoke(name);
      const repeated = repeats.has(packet, clock.monotonicMs());
      if (repeated) counters.count('repeat', clock.wallMs());
      const said = repeated ? [] : observations;
      const heardMs = clock.wallMs();
      const heard: Heard = { device: name, family: familyLabel(family), observations: back ? [back, ...said] : said, packet, heardMs };
      atOnce = said.every(isSignOfLife);
      if (atOnce) await this.#answer(packet, from, write);
      if (heard.observations.length > 0) {
        yield [heard];
        links.settle([heard]);
        repeats.remember(packet, clock.monotonicMs());
      }
    } finally {
      end();
    }
    if (!atOnce) await this.#answer(packet, from, write);
  }

  async #answer(packet: Uint8Array, from: Correspondent, write: Write): Promise<void> {
    const { clock, counters, zoneMinutes } = this.#talk;
    const answer = from.family.answer?.(packet, !this.#answered.has(from), localTime(clock, zoneMinutes));
    if (!answer) return;
    await guarded(from.family, write)(answer);
    counters.answers += 1;
    this.#answered.add(from);
  }
}

/** The last gate before the wire: a family's own table says all it may ever send, and no command is in it. */
export function guarded(family: TalkingFamily, write: Write): Write {
  return async (packet) => {
    if (!family.emits.some(({ bytes }) => fits(packet, bytes)))
      throw new Error(`${family.name} would send ${toHex(packet)}, which its table does not allow`);
    await write(packet);
  };
}

/** A device that names itself is confirmed whatever it says, and forgets it then: what we cannot read is kept as it is. */
function unread(packet: Uint8Array, { sender }: TalkingFamily): Said[] {
  if (!sender) return [];
  const textHex = toHex(packet.subarray(0, UNREAD_BYTES_MAX));
  return [{ what: 'text', address: { device: sender(packet) }, detail: 'undecodable', textHex }];
}

/** `YYYY-MM-DDTHH:mm:ss` in the zone of the site. */
function localTime(clock: Clock, zoneMinutes: number): string {
  return new Date(clock.wallMs() + zoneMinutes * 60_000).toISOString().slice(0, 19);
}
