import { randomBytes } from 'node:crypto';
import { type Clock, fromHex, toHex } from '@fengsui/protocol';
import type { PeerAddress } from '../line.ts';
import { type Block, blockOption, type CoapMessage, type CoapSaying, writeCoap } from './coap-message.ts';
import type { Fetch } from './fetch.ts';
import { type Question, Questions } from './questions.ts';
import { type Registration, tokenOf } from './registrations.ts';
import type { WaitingRead, WaitingReads } from './waiting-reads.ts';

/** The one method there is for us: safe by definition, it changes nothing (RFC 7252 §5.1). */
const GET = '0.01';

/** An answer to a read is taken up to this; an order's receipt has room for no more. */
const ANSWER_BYTES_MAX = 4_096;

/** A read with what of its answer has come (RFC 7959 §2.4). */
interface Reading {
  readonly read: WaitingRead;
  readonly bytes: Uint8Array;
  /** The block that is asked for; null: the first. */
  readonly next: Block | null;
}

type About = { readonly kind: 'observe' } | { readonly kind: 'fetch'; readonly fetch: Fetch } | ({ readonly kind: 'read' } & Reading);

/** What a message is to what we asked: nothing, its whole answer, or one block of a fetch. */
export type Answered = 'no' | 'yes' | Fetch;

/** What a device was heard to do: the moment to ask it something. */
interface Awake {
  at: PeerAddress;
  /** Observations to be asked for, each by registration and index. */
  readonly observes: Array<readonly [Registration, number]>;
  /** Payloads that go on, by path. */
  readonly fetches: Map<string, Fetch>;
}

/**
 * What we ask of devices, in the seconds after they spoke: observations first, then the reads that wait for them, one at a
 * time. Every question is a GET: nothing here can write to a device or make it act.
 */
export class Outbound {
  readonly #questions: Questions<About>;
  readonly #reads: WaitingReads;
  readonly #newId: () => number;
  readonly #awake = new Map<string, Awake>();

  constructor(clock: Clock, reads: WaitingReads, newId: () => number) {
    this.#questions = new Questions(clock);
    this.#reads = reads;
    this.#newId = newId;
  }

  nextInMs(): number {
    return this.#questions.nextInMs();
  }

  due(): ReadonlyArray<{ readonly bytes: Uint8Array; readonly to: PeerAddress }> {
    return this.#questions.due();
  }

  observe(registration: Registration, indexes: readonly number[]): void {
    const observes = indexes.map((index) => [registration, index] as const);
    this.#questions.settle(registration);
    this.#awake.set(registration.endpoint, { at: registration.from, observes, fetches: new Map() });
    this.#next(registration.endpoint);
  }

  /** The device spoke: its radio is on for some seconds. */
  heardFrom(endpoint: string, at: PeerAddress): void {
    const awake = this.#awake.get(endpoint);
    if (awake) awake.at = at;
    else if (this.#reads.next(endpoint)) this.#awake.set(endpoint, { at, observes: [], fetches: new Map() });
    this.#next(endpoint);
  }

  /** Asks for the next block of a payload that goes on. A newer one of the same path takes the place of an older. */
  fetch(fetch: Fetch, at: PeerAddress): void {
    const awake = this.#awake.get(fetch.endpoint) ?? { at, observes: [], fetches: new Map() };
    this.#awake.set(fetch.endpoint, awake);
    awake.fetches.set(fetch.path, fetch);
    this.#next(fetch.endpoint);
  }

  /** Fetches that got no answer any more. */
  takeBroken(): Fetch[] {
    const about = this.#questions.takeGivenUp().map((question) => question.about);
    return about.flatMap((each) => (each.kind === 'fetch' ? [each.fetch] : []));
  }

  /** Takes a message that answers one of our questions. */
  hear(message: CoapMessage): Answered {
    const question = this.#questions.answeredBy({ type: message.type, id: message.id, token: toHex(message.token) });
    if (!question) return 'no';
    const { about } = question;
    if (about.kind !== 'observe' && message.type === 'ACK' && message.code === '0.00') {
      this.#questions.arrived(question);
      return 'yes';
    }
    this.#questions.settle(question);
    if (about.kind === 'fetch') return about.fetch;
    if (about.kind === 'read') this.#took(about, message, question);
    else this.#next(question.endpoint);
    return about.kind === 'read' ? 'yes' : 'no';
  }

  /** The answer to a read, or a block of it. */
  #took({ read, bytes, next }: Reading, { code, format, payload, block2 }: CoapMessage, { endpoint, to }: Question<About>): void {
    const whole = Buffer.concat([bytes, payload]);
    const isNext = code === '2.05' && block2?.more === true && block2.number === (next?.number ?? 0);
    if (isNext && whole.length + block2.size <= ANSWER_BYTES_MAX) {
      const reading = { read, bytes: whole, next: { number: block2.number + 1, more: false, size: block2.size } };
      this.#questions.ask(this.#reading(endpoint, reading, to));
    } else {
      this.#reads.settle(endpoint, read.id, { code, format, payload: whole, isCut: block2?.more === true });
      this.#next(endpoint);
    }
  }

  /** A fetch is over: what waited behind it is asked now. */
  goOn(endpoint: string): void {
    this.#next(endpoint);
  }

  #next(endpoint: string): void {
    const awake = this.#awake.get(endpoint);
    if (!awake || this.#questions.isOpen(endpoint)) return;
    const [fetch] = awake.fetches.values();
    const observe = fetch ? undefined : awake.observes.shift();
    const read = fetch || observe ? undefined : this.#reads.next(endpoint);
    if (fetch) {
      awake.fetches.delete(fetch.path);
      this.#questions.ask(this.#part(fetch, awake.at));
    } else if (observe) this.#questions.ask(this.#observation(...observe, awake.at));
    else if (read) {
      read.tries += 1;
      this.#questions.ask(this.#reading(endpoint, { read, bytes: Uint8Array.of(), next: null }, awake.at));
    } else this.#awake.delete(endpoint);
  }

  #observation(registration: Registration, index: number, to: PeerAddress): Question<About> {
    const token = tokenOf(registration, index);
    const options = [{ name: 'Observe' as const, value: Uint8Array.of() }, ...pathOptions(registration.observes[index]!)];
    return this.#question(registration.endpoint, token, to, { kind: 'observe' }, options);
  }

  #part(fetch: Fetch, to: PeerAddress): Question<About> {
    const options = [...pathOptions(fetch.path), { name: 'Block2' as const, value: blockOption(fetch.next) }];
    return this.#question(fetch.endpoint, toHex(randomBytes(4)), to, { kind: 'fetch', fetch }, options);
  }

  #reading(endpoint: string, reading: Reading, to: PeerAddress): Question<About> {
    const part = reading.next ? [{ name: 'Block2' as const, value: blockOption(reading.next) }] : [];
    const options = [...pathOptions(reading.read.path), ...part];
    return this.#question(endpoint, toHex(randomBytes(4)), to, { kind: 'read', ...reading }, options);
  }

  #question(endpoint: string, token: string, to: PeerAddress, about: About, options: CoapSaying['options']): Question<About> {
    const id = this.#newId();
    const bytes = writeCoap({ type: 'CON', code: GET, id, token: fromHex(token)!, ...(options ? { options } : {}) });
    return { endpoint, id, token, to, about, bytes };
  }
}

function pathOptions(path: string) {
  return path
    .split('/')
    .slice(1)
    .map((value) => ({ name: 'Uri-Path' as const, value }));
}
