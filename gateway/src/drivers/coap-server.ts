import { toHex } from '@fengsui/protocol';
import type { Datagram, PeerAddress } from '../line.ts';
import { acknowledgementOf, type CoapMessage, readCoap, resetOf } from './coap-message.ts';
import { type Fetch, fetchedMore, fetchFor } from './fetch.ts';
import { isOpaque } from './observed.ts';
import { Outbound } from './outbound.ts';
import { Payloads } from './payloads.ts';
import type { Batch, PublishingLine, Reaction } from './publishing-line.ts';
import { Rates } from './rates.ts';
import { endpointOf, Registrar } from './registrar.ts';
import { type Arrived, Replies } from './replies.ts';

/** The server's half of the conversation: reactions to datagrams, no sending and no waiting. */
export class CoapServer {
  readonly #line: PublishingLine;
  readonly #payloads: Payloads;
  readonly #outbound: Outbound;
  readonly #rates = new Rates();
  readonly #replies = new Replies();
  readonly #registrar: Registrar;

  constructor(line: PublishingLine) {
    this.#line = line;
    this.#payloads = new Payloads(line);
    this.#outbound = new Outbound(line.clock, line.reads, () => this.#replies.newId());
    this.#registrar = new Registrar(line, this.#replies);
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
    const key = this.#payloads.keyOf(message, from);
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
    const answered = this.#outbound.hear(message);
    if (typeof answered === 'object') return this.#block(arrived, answered);
    if (answered === 'yes') return message.type === 'CON' ? { to: [from], reply: acknowledgementOf(message), afterCommit: false } : null;
    if (message.code === '0.00') return message.type === 'CON' ? { to: [from], reply: resetOf(message), afterCommit: false } : null;
    this.#line.counters.packets += 1;
    if (!message.code.startsWith('0.')) return this.#notification(arrived);
    return message.type === 'CON' || message.type === 'NON' ? this.#request(arrived) : null;
  }

  #request(arrived: Arrived): Reaction {
    const { asksTooMuch, block1 } = arrived.message;
    if (asksTooMuch) return this.#replies.refusal(arrived, '4.02');
    return block1 ? this.#part(arrived) : this.#whole(arrived);
  }

  /** One block of a larger payload: the last one is answered as the whole is. */
  #part(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    const key = `${message.query.get('ep') ?? `${from.address}:${from.port}`} ${message.code} ${message.path}`;
    const upload = this.#line.uploads.take(key, message.block1!, message.payload, this.#line.clock.monotonicMs());
    if (upload === 'continue') return { to: [from], reply: this.#replies.reply(message, '2.31'), afterCommit: false };
    if (upload === 'incomplete') return this.#replies.refusal(arrived, '4.08');
    if (upload === 'too-large') return this.#replies.refusal(arrived, '4.13');
    return { ...this.#whole({ ...arrived, message: { ...message, payload: upload.payload } }), upload: key };
  }

  #whole(arrived: Arrived): Reaction {
    const { path } = arrived.message;
    if (path === '/t/r' || path === '/rd') return this.#registrar.register(arrived);
    if (path === '/t/d') return this.#telemetry(arrived);
    if (path === '/dp') return this.#sent(arrived);
    const token = /^\/rd\/([0-9a-f]{16})$/.exec(path)?.[1];
    if (token) return this.#registrar.change(arrived, token);
    this.#count('unknown-path');
    return this.#replies.refusal(arrived, '4.04');
  }

  /** A device that posts its payload straight to us, without registration. */
  #telemetry(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#replies.refusal(arrived, '4.05');
    const named = message.query.get('ep');
    const endpoint = endpointOf(named);
    if (named !== undefined && endpoint === null) return this.#replies.refusal(arrived, '4.00');
    return (
      this.#payloads.taken(arrived, endpoint, from.address, this.#replies.reply(message, '2.04'), null) ??
      this.#replies.refusal(arrived, '5.03')
    );
  }

  /** What a registered device sends by itself (LwM2M 1.1 Send): only its address tells who it is. */
  #sent(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#replies.refusal(arrived, '4.05');
    const endpoint = endpointOf(message.query.get('ep')) ?? this.#line.registrations.at(from)?.endpoint ?? null;
    const standing = { path: '', format: message.format };
    return (
      this.#payloads.taken(arrived, endpoint, from.address, this.#replies.reply(message, '2.04'), standing) ??
      this.#replies.refusal(arrived, '5.03')
    );
  }

  /** A notification of an observation, or the first answer to the question that began it. */
  #notification(arrived: Arrived): Reaction | null {
    const { message, from } = arrived;
    const { registrations, clock } = this.#line;
    const token = toHex(message.token);
    const { registration, path = '' } = registrations.observation(token) ?? {};
    const acknowledgement = message.type === 'CON' ? acknowledgementOf(message) : null;
    if (registration) registrations.put({ ...registration, from, heardMs: clock.wallMs() });
    const fetch = registration ? fetchFor(arrived, registration.endpoint, path) : null;
    if (fetch) {
      this.#outbound.fetch(fetch, from);
      return null;
    }
    if (!message.code.startsWith('2.')) return { to: [from], reply: acknowledgement, afterCommit: false };
    const standing = isOpaque(path) ? null : { path, format: message.format };
    if (registration) return this.#payloads.taken(arrived, registration.endpoint, token, acknowledgement, standing);
    // Nobody holds this token: its payload is kept, and the reset makes the device forget its binding and register again.
    this.#count('unknown-token');
    return this.#payloads.taken(arrived, null, `token-${token}`, message.type === 'ACK' ? null : resetOf(message), null);
  }

  /** One more block of a notification. Where it breaks off, what there is goes on as it is: it is kept, and its device told. */
  #block(arrived: Arrived, before: Fetch): Reaction | null {
    const { message, from, batch } = arrived;
    const { fetch, state } = fetchedMore(before, arrived);
    if (state === 'more') this.#outbound.fetch(fetch, from);
    else {
      this.#endFetch(fetch, batch);
      this.#outbound.goOn(fetch.endpoint);
    }
    return message.type === 'CON' ? { to: [from], reply: acknowledgementOf(message), afterCommit: false } : null;
  }

  /** Takes a notification as it is now, under the number of its first block: a copy of that gets the same answer. */
  #endFetch({ first, bytes }: Fetch, batch: Batch): void {
    const whole = { ...first, batch, message: { ...first.message, payload: bytes, block2: null } };
    const reaction = this.#notification(whole);
    if (reaction) batch.set(this.#payloads.keyOf(first.message, first.from), reaction);
  }

  /** Notifications whose device went to sleep before all of their blocks had come. */
  giveUpFetches(batch: Batch): void {
    for (const fetch of this.#outbound.takeBroken()) this.#endFetch(fetch, batch);
  }

  #count(why: Parameters<PublishingLine['counters']['count']>[0], bytes?: Uint8Array): void {
    this.#line.counters.count(why, this.#line.clock.wallMs(), bytes);
  }
}
