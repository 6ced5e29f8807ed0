import { randomBytes, randomInt } from 'node:crypto';
import { toHex } from '@fengsui/protocol';
import { type Datagram, isSignOfLife, type PeerAddress } from '../line.ts';
import { acknowledgementOf, blockOption, type CoapMessage, type CoapSaying, readCoap, resetOf, writeCoap } from './coap-message.ts';
import { isOpaque, OBSERVES_MAX, observedOf } from './observed.ts';
import { Outbound } from './outbound.ts';
import { hashOf, Publications, type Standing } from './publications.ts';
import type { Batch, PublishingLine, Reaction } from './publishing-line.ts';
import { Rates } from './rates.ts';
import type { Registration } from './registrations.ts';

/** A message on its way through the server. */
interface Arrived {
  readonly message: CoapMessage;
  readonly from: PeerAddress;
  readonly batch: Batch;
}

const ENDPOINT = /^[A-Za-z0-9._:-]{1,64}$/;
const utf8 = new TextDecoder();

/** IMEI of an endpoint name in one of the forms of the field: bare, `urn:imei:…`, `IMEI;IMSI`. null: it is no name. */
export function endpointOf(name: string | undefined): string | null {
  const endpoint = (name ?? '').replace(/^urn:imei:/i, '').split(';')[0]!;
  return ENDPOINT.test(endpoint) ? endpoint : null;
}

/** The server's half of the conversation: reactions to datagrams, no sending and no waiting. */
export class CoapServer {
  readonly #line: PublishingLine;
  readonly #publications: Publications;
  readonly #outbound: Outbound;
  readonly #rates = new Rates();
  #lastId = randomInt(0x10000);

  constructor(line: PublishingLine) {
    this.#line = line;
    this.#publications = new Publications(line.devices, line.families, line.counters);
    this.#outbound = new Outbound(line.clock, line.downlinks, () => this.#newId());
  }

  nextQuestionInMs(): number {
    return this.#outbound.nextInMs();
  }

  dueQuestions(): ReadonlyArray<{ readonly bytes: Uint8Array; readonly to: PeerAddress }> {
    return this.#outbound.due();
  }

  /** Adds the reaction to the batch. A copy of a message in it shares its reaction: heard once, answered to each. */
  react({ bytes, from }: Datagram, batch: Batch): void {
    const isAllowed = this.#rates.allows(from.address, this.#line.clock.monotonicMs());
    const message = isAllowed ? readCoap(bytes) : null;
    if (!isAllowed) this.#count('too-fast');
    else if (message) this.#reactOnce(message, from, batch);
    else this.#count('unparsable', bytes);
  }

  #reactOnce(message: CoapMessage, from: PeerAddress, batch: Batch): void {
    const key = this.#keyOf(message, from);
    const pending = batch.get(key);
    const before = this.#line.exchanges.answered(key, this.#line.clock.monotonicMs());
    if (pending || before) this.#count('repeat');
    if (pending) pending.to.push(from);
    else if (before) batch.set(key, { to: [from], reply: before.reply, afterCommit: false });
    else {
      const reaction = this.#reactionTo({ message, from, batch });
      if (reaction) batch.set(key, reaction);
    }
  }

  /** Everything the reactions wanted is durable: copies are known from now on, and observations may begin. */
  durable(batch: Batch): void {
    const { clock, counters, exchanges, uploads } = this.#line;
    for (const [key, { reply, said, observe, awake, upload }] of batch) {
      exchanges.remember(key, reply, clock.monotonicMs());
      if (said) exchanges.rememberSaid(...said);
      if (upload !== undefined) uploads.forget(upload);
      if (observe) this.#outbound.observe(observe.registration, observe.indexes);
      if (awake) this.#outbound.heardFrom(awake.endpoint, awake.at);
      if (reply) counters.answers += 1;
    }
  }

  #reactionTo(arrived: Arrived): Reaction | null {
    const { message, from } = arrived;
    const isAnswer = this.#outbound.hear(message);
    if (isAnswer) return message.type === 'CON' ? { to: [from], reply: acknowledgementOf(message), afterCommit: false } : null;
    if (message.code === '0.00') return message.type === 'CON' ? { to: [from], reply: resetOf(message), afterCommit: false } : null;
    this.#line.counters.packets += 1;
    if (!message.code.startsWith('0.')) return this.#notification(arrived);
    return message.type === 'CON' || message.type === 'NON' ? this.#request(arrived) : null;
  }

  #request(arrived: Arrived): Reaction {
    const { asksTooMuch, block1 } = arrived.message;
    if (asksTooMuch) return this.#refusal(arrived, '4.02');
    return block1 ? this.#part(arrived) : this.#whole(arrived);
  }

  /** One block of a larger payload: the last one is answered as the whole is. */
  #part(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    const key = `${message.query.get('ep') ?? `${from.address}:${from.port}`} ${message.code} ${message.path}`;
    const upload = this.#line.uploads.take(key, message.block1!, message.payload, this.#line.clock.monotonicMs());
    if (upload === 'continue') return { to: [from], reply: this.#reply(message, '2.31'), afterCommit: false };
    if (upload === 'incomplete') return this.#refusal(arrived, '4.08');
    if (upload === 'too-large') return this.#refusal(arrived, '4.13');
    return { ...this.#whole({ ...arrived, message: { ...message, payload: upload.payload } }), upload: key };
  }

  #whole(arrived: Arrived): Reaction {
    const { path } = arrived.message;
    if (path === '/t/r' || path === '/rd') return this.#registration(arrived);
    if (path === '/t/d') return this.#telemetry(arrived);
    if (path === '/dp') return this.#sent(arrived);
    const token = /^\/rd\/([0-9a-f]{16})$/.exec(path)?.[1];
    if (token) return this.#registered(arrived, token);
    this.#count('unknown-path');
    return this.#refusal(arrived, '4.04');
  }

  #registration(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#refusal(arrived, '4.05');
    const endpoint = endpointOf(message.query.get('ep'));
    if (endpoint === null) return this.#refusal(arrived, '4.00');
    const { registrations, clock } = this.#line;
    const style = message.path === '/rd' ? 'lwm2m' : 'telemetry';
    const now = clock.wallMs();
    const observes = observedOf(style, utf8.decode(message.payload));
    const before = registrations.byEndpoint(endpoint);
    const token = before && before.observes.join() === observes.join() ? before.token : toHex(randomBytes(8));
    const registration: Registration = { endpoint, style, token, observes, from, registeredMs: now, heardMs: now };
    registrations.put(registration);
    const location = ['rd', token].map((value) => ({ name: 'Location-Path' as const, value }));
    const reply = style === 'lwm2m' ? this.#reply(message, '2.01', location) : this.#reply(message, '2.04');
    const awake = { endpoint, at: from };
    return {
      to: [from],
      reply,
      afterCommit: true,
      registers: true,
      observe: { registration, indexes: observes.map((_, index) => index) },
      awake,
    };
  }

  /** Update (POST or PUT) and de-registration of an LwM2M device. An update may bring another list of objects. */
  #registered(arrived: Arrived, token: string): Reaction {
    const { message, from } = arrived;
    const { registrations, clock } = this.#line;
    const registration = registrations.byToken(token);
    if (!registration) return this.#refusal(arrived, '4.04');
    const changed = { to: [from], afterCommit: true, registers: true };
    if (message.code === '0.04') {
      registrations.remove(registration.endpoint);
      return { ...changed, reply: this.#reply(message, '2.02') };
    }
    if (message.code !== '0.02' && message.code !== '0.03') return this.#refusal(arrived, '4.05');
    // What is observed keeps its place, and so its token.
    const listed = message.payload.length > 0 ? observedOf('lwm2m', utf8.decode(message.payload)) : [];
    const observes = [...new Set([...registration.observes, ...listed])].slice(0, OBSERVES_MAX);
    const updated = { ...registration, observes, from, heardMs: clock.wallMs() };
    registrations.put(updated);
    const fresh = observes.flatMap((_, index) => (index < registration.observes.length ? [] : [index]));
    const observe = fresh.length > 0 ? { observe: { registration: updated, indexes: fresh } } : {};
    return { ...changed, ...observe, reply: this.#reply(message, '2.04'), awake: { endpoint: registration.endpoint, at: from } };
  }

  /** A device that posts its payload straight to us, without registration. */
  #telemetry(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#refusal(arrived, '4.05');
    const named = message.query.get('ep');
    const endpoint = endpointOf(named);
    if (named !== undefined && endpoint === null) return this.#refusal(arrived, '4.00');
    return this.#published(arrived, endpoint, from.address, this.#reply(message, '2.04'), null) ?? this.#refusal(arrived, '5.03');
  }

  /** What a registered device sends by itself (LwM2M 1.1 Send): only its address tells who it is. */
  #sent(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#refusal(arrived, '4.05');
    const endpoint = endpointOf(message.query.get('ep')) ?? this.#line.registrations.at(from)?.endpoint ?? null;
    const standing = { path: '', format: message.format };
    return this.#published(arrived, endpoint, from.address, this.#reply(message, '2.04'), standing) ?? this.#refusal(arrived, '5.03');
  }

  /** A notification of an observation, or the first answer to the question that began it. */
  #notification(arrived: Arrived): Reaction | null {
    const { message, from } = arrived;
    const { registrations, clock } = this.#line;
    const token = toHex(message.token);
    const { registration, path = '' } = registrations.observation(token) ?? {};
    const acknowledgement = message.type === 'CON' ? acknowledgementOf(message) : null;
    if (registration) registrations.put({ ...registration, from, heardMs: clock.wallMs() });
    if (!message.code.startsWith('2.')) return { to: [from], reply: acknowledgement, afterCommit: false };
    const standing = isOpaque(path) ? null : { path, format: message.format };
    if (registration) return this.#published(arrived, registration.endpoint, token, acknowledgement, standing);
    // Nobody holds this token: its payload is kept, and the reset makes the device forget its binding and register again.
    this.#count('unknown-token');
    return this.#published(arrived, null, `token-${token}`, message.type === 'ACK' ? null : resetOf(message), null);
  }

  /** What a payload makes us do. `name` is what an unknown sender is called when nothing better tells. null: one stranger too many. */
  #published(
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
      this.#count('too-many');
      return null;
    }
    const { heard, packet } = publication;
    const said = packet === null ? null : ([heard.device, packet] as const);
    if (said && (exchanges.said(...said) || isIn(batch, said))) {
      this.#count('repeat');
      return { to: [from], reply, afterCommit: true, ...awake };
    }
    const back = links.spoke(heard.device);
    const observations = back ? [back, ...heard.observations] : heard.observations;
    return {
      to: [from],
      reply,
      afterCommit: !heard.observations.every(isSignOfLife),
      ...(observations.length > 0 ? { heard: { ...heard, observations } } : {}),
      ...(said ? { said } : {}),
      ...awake,
    };
  }

  /** Who sent it and what it says; the address stands in only where nothing else tells the sender, for behind an operator's NAT it changes. */
  #keyOf(message: CoapMessage, from: PeerAddress): string {
    const token = toHex(message.token);
    const named = message.query.get('ep') ?? this.#line.registrations.observation(token)?.registration.endpoint;
    const sender = named ?? (message.code.startsWith('2.') ? token : `${from.address}:${from.port}`);
    return `${sender} ${message.type} ${message.id} ${message.code} ${message.path} ${token} ${hashOf(message.payload)}`;
  }

  #reply(message: CoapMessage, code: string, options: CoapSaying['options'] = []): Uint8Array {
    const { type, id } = message.type === 'CON' ? { type: 'ACK' as const, id: message.id } : { type: 'NON' as const, id: this.#newId() };
    const part = message.block1 ? [{ name: 'Block1' as const, value: blockOption(message.block1) }] : [];
    return writeCoap({ type, id, code, token: message.token, options: [...options, ...part] });
  }

  /** Refusals are small and go to confirmable requests only: we are no amplifier. */
  #refusal({ message, from }: Arrived, code: string): Reaction {
    return { to: [from], reply: message.type === 'CON' ? this.#reply(message, code) : null, afterCommit: false };
  }

  #count(why: Parameters<PublishingLine['counters']['count']>[0], bytes?: Uint8Array): void {
    this.#line.counters.count(why, this.#line.clock.wallMs(), bytes);
  }

  #newId(): number {
    this.#lastId = (this.#lastId + 1) & 0xffff;
    return this.#lastId;
  }
}

function isIn(batch: Batch, [device, packet]: readonly [string, string]): boolean {
  return [...batch.values()].some(({ said }) => said?.[0] === device && said[1] === packet);
}
