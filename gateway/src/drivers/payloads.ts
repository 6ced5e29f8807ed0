import { toHex } from '@fengsui/protocol';
import { isSignOfLife, type PeerAddress } from '../line.ts';
import type { CoapMessage } from './coap-message.ts';
import { idsFor, idsOfExchange } from './event-ids.ts';
import { hashOf, Publications, type Standing } from './publications.ts';
import type { Batch, PublishingLine, Reaction } from './publishing-line.ts';
import type { Arrived } from './replies.ts';

/** What devices say in the payloads of their messages: each is heard once, however often and from wherever it comes. */
export class Payloads {
  readonly #line: PublishingLine;
  readonly #publications: Publications;

  constructor(line: PublishingLine) {
    this.#line = line;
    this.#publications = new Publications(line.devices, line.families, line.counters);
  }

  /** What a payload makes us do. `name` is what an unknown sender is called when nothing better tells. null: one stranger too many. */
  taken(
    { message, from, batch }: Arrived,
    endpoint: string | null,
    name: string,
    reply: Uint8Array | null,
    standing: Standing | null,
  ): Reaction | null {
    const { clock, exchanges, links } = this.#line;
    const awake = endpoint === null ? {} : { awake: { endpoint, at: from } };
    if (message.payload.length === 0) return { to: [from], reply, afterCommit: false, ...awake };
    const publication = this.#publications.read(message.payload, endpoint, name, clock.wallMs(), standing);
    if (!publication) {
      this.#line.counters.count('too-many', clock.wallMs());
      return null;
    }
    const { heard, packet } = publication;
    const said = packet === null ? null : ([heard.device, packet] as const);
    if (said && (exchanges.said(...said) || isIn(batch, said))) {
      this.#line.counters.count('repeat', clock.wallMs());
      return { to: [from], reply, afterCommit: true, ...awake };
    }
    const eventIdOf = said ? idsFor(said.join(' ')) : idsOfExchange(this.keyOf(message, from), clock.wallMs(), this.#line.wroteSince);
    const back = isBackIn(batch, heard.device) ? null : links.spoke(heard.device);
    const observations = back ? [back, ...heard.observations] : heard.observations;
    return {
      to: [from],
      reply,
      afterCommit: !heard.observations.every(isSignOfLife),
      ...(observations.length > 0 ? { heard: { ...heard, observations, eventIdOf } } : {}),
      ...(said ? { said } : {}),
      ...awake,
    };
  }

  /** Who sent it and what it says; the address stands in only where nothing else tells the sender, for behind an operator's NAT it changes. */
  keyOf(message: CoapMessage, from: PeerAddress): string {
    const token = toHex(message.token);
    const named = message.query.get('ep') ?? this.#line.registrations.observation(token)?.registration.endpoint;
    const sender = named ?? (message.code.startsWith('2.') ? token : `${from.address}:${from.port}`);
    return `${sender} ${message.type} ${message.id} ${message.code} ${message.path} ${token} ${hashOf(message.payload)}`;
  }
}

/** Whether another message that shares the commit says already that the device is back. */
function isBackIn(batch: Batch, device: string): boolean {
  return [...batch.values()].some(({ heard }) => heard?.device === device && heard.observations.some(({ what }) => what === 'link'));
}

function isIn(batch: Batch, [device, packet]: readonly [string, string]): boolean {
  return [...batch.values()].some(({ said }) => said?.[0] === device && said[1] === packet);
}
