import type { Links } from '@fengsui/protocol';
import { cutAll, Failure } from '@fengsui/protocol';
import { CALLER_SILENCES, CALLER_SILENT_MS } from '../limits.ts';
import type { Datagram, DatagramWire, Wire, WireServer } from '../line.ts';
import { Conversation, type Write } from './conversation.ts';
import type { Correspondents } from './correspondents.ts';
import type { Driver, Surroundings } from './driver.ts';
import { Inbox } from './inbox.ts';
import { Packets } from './packets.ts';
import { Rates } from './rates.ts';
import { sideBySide } from './side-by-side.ts';

/** Devices that come to us and name themselves in their packets, and what of them outlives a driver. */
export interface ServedDevices extends Surroundings {
  readonly correspondents: Correspondents;
  readonly links: Links;
  /** Zone of the site, minutes east of UTC. */
  readonly zoneMinutes: number;
}

/** Devices that connect to us. */
export interface ServedByTcp extends ServedDevices {
  readonly server: Pick<WireServer, 'connections'>;
  /** How long a connection may bring no byte, milliseconds. */
  readonly patienceMs: number;
}

/** How long a connection may bring no byte where its devices may be silent for so long: one that speaks on events alone is let be. */
export function patienceWith(silenceMs: number): number {
  return Math.max(CALLER_SILENT_MS, CALLER_SILENCES * silenceMs);
}

/** Datagrams heard side by side: one device's keep their order, and a burst of many devices shares the disk's time. */
const DATAGRAMS_AT_ONCE = 64;

/** Serves devices that connect to us: every connection is a conversation of its own, and none keeps another waiting. */
export async function* driveServer(line: ServedByTcp): Driver {
  async function* conversations(signal: AbortSignal): AsyncGenerator<Driver> {
    for await (const wire of line.server.connections) yield converse(line, wire, signal);
  }
  yield* served(line, (signal) => sideBySide(conversations, signal));
}

/** Serves devices that send datagrams, each with one packet or several. Answers go to where the datagram came from. */
export async function* driveDatagrams(line: ServedDevices & { readonly wire: Pick<DatagramWire, 'datagrams' | 'send'> }): Driver {
  const conversation = conversationOf(line);
  const rates = new Rates();
  async function* datagrams(): AsyncGenerator<Driver> {
    for await (const datagram of line.wire.datagrams) {
      if (rates.allows(datagram.from.address, line.clock.monotonicMs())) yield hearDatagram(line, conversation, datagram);
      else line.counters.count('too-fast', line.clock.wallMs());
    }
  }
  yield* served(line, (signal) => sideBySide(datagrams, signal, DATAGRAMS_AT_ONCE));
}

async function* served(line: ServedDevices, start: (signal: AbortSignal) => Driver): Driver {
  const { clock, links, signal } = line;
  const stop = new AbortController();
  const crowd = start(AbortSignal.any([signal, stop.signal]));
  try {
    await using inbox = new Inbox(crowd, clock, signal);
    while (true) {
      const arrival = await inbox.take(links.dueInMs());
      if (arrival === 'end') return;
      const heard = [...(arrival === 'silence' ? [] : arrival.item), ...links.overdue()];
      if (heard.length === 0) continue;
      yield heard;
      links.settle(heard);
    }
  } finally {
    stop.abort();
    await crowd.return();
  }
}

/**
 * One connection until it ends; how it ends concerns nobody else. Any byte shows that somebody is there: a data terminal keeps its
 * line alive with bytes of its own. Who brought no packet yet is sent away by the door, when that needs the room.
 */
async function* converse(line: ServedByTcp, wire: Wire, signal: AbortSignal): Driver {
  const { correspondents, clock, counters } = line;
  const conversation = conversationOf(line);
  const write: Write = (bytes) => wire.write(bytes);
  const hangUp = () => void wire[Symbol.asyncDispose]();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    await using packets = new Packets(wire, correspondents.cut, correspondents.gapMs, { ...line, signal }, wire.name);
    while (true) {
      const heard = await packets.take(packets.bytesMs + line.patienceMs - clock.monotonicMs());
      if (heard === 'end') return;
      for (const packet of heard) yield* conversation.hear(packet, write);
      if (heard.length > 0) wire.prove?.();
      else if (clock.monotonicMs() - packets.bytesMs >= line.patienceMs) return counters.count('mute', clock.wallMs());
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    counters.count('lost', clock.wallMs());
  } finally {
    signal.removeEventListener('abort', hangUp);
    await wire[Symbol.asyncDispose]();
  }
}

async function* hearDatagram(
  { correspondents, clock, counters, wire }: ServedDevices & { readonly wire: Pick<DatagramWire, 'send'> },
  conversation: Conversation,
  { bytes, from }: Datagram,
): Driver {
  for (const cut of cutAll(correspondents.cut, bytes)) {
    if (cut.kind === 'noise') counters.count(cut.why, clock.wallMs(), cut.bytes);
    else yield* conversation.hear(cut.bytes, (answer) => wire.send(answer, from));
  }
}

function conversationOf(line: ServedDevices): Conversation {
  return new Conversation({ ...line, correspondentOf: (packet) => line.correspondents.of(packet) });
}
