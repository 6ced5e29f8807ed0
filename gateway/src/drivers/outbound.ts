import { randomBytes } from 'node:crypto';
import { type Clock, fromHex, toHex } from '@fengsui/protocol';
import type { PeerAddress } from '../line.ts';
import { blockOption, type CoapMessage, type CoapSaying, writeCoap } from './coap-message.ts';
import type { Downlinks, WaitingDownlink } from './downlinks.ts';
import type { Fetch } from './fetch.ts';
import { type Question, Questions } from './questions.ts';
import { type Registration, tokenOf } from './registrations.ts';

/** application/octet-stream. */
const OPAQUE = 42;

type About =
  | { readonly kind: 'observe' }
  | { readonly kind: 'fetch'; readonly fetch: Fetch }
  | { readonly kind: 'downlink'; readonly downlink: WaitingDownlink };

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

/** What we ask of devices, in the seconds after they spoke: observations first, then what waits for them, one at a time. */
export class Outbound {
  readonly #questions: Questions<About>;
  readonly #downlinks: Downlinks;
  readonly #newId: () => number;
  readonly #awake = new Map<string, Awake>();

  constructor(clock: Clock, downlinks: Downlinks, newId: () => number) {
    this.#questions = new Questions(clock);
    this.#downlinks = downlinks;
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
    else if (this.#downlinks.next(endpoint)) this.#awake.set(endpoint, { at, observes: [], fetches: new Map() });
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
    if (about.kind === 'downlink')
      this.#downlinks.settle(question.endpoint, about.downlink.id, message.code.startsWith('2.') ? 'delivered' : 'refused');
    if (about.kind === 'fetch') return about.fetch;
    this.#next(question.endpoint);
    return about.kind === 'downlink' ? 'yes' : 'no';
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
    const downlink = fetch || observe ? undefined : this.#downlinks.next(endpoint);
    if (fetch) {
      awake.fetches.delete(fetch.path);
      this.#questions.ask(this.#part(fetch, awake.at));
    } else if (observe) this.#questions.ask(this.#observation(...observe, awake.at));
    else if (downlink) this.#questions.ask(this.#order(endpoint, downlink, awake.at));
    else this.#awake.delete(endpoint);
  }

  #observation(registration: Registration, index: number, to: PeerAddress): Question<About> {
    const token = tokenOf(registration, index);
    const options = [{ name: 'Observe' as const, value: Uint8Array.of() }, ...pathOptions(registration.observes[index]!)];
    return this.#question(registration.endpoint, '0.01', token, to, { kind: 'observe' }, { options });
  }

  #part(fetch: Fetch, to: PeerAddress): Question<About> {
    const options = [...pathOptions(fetch.path), { name: 'Block2' as const, value: blockOption(fetch.next) }];
    return this.#question(fetch.endpoint, '0.01', toHex(randomBytes(4)), to, { kind: 'fetch', fetch }, { options });
  }

  #order(endpoint: string, downlink: WaitingDownlink, to: PeerAddress): Question<About> {
    downlink.tries += 1;
    const { path, payload, format = OPAQUE } = downlink;
    const isObject = /^\/\d/.test(path);
    const options = [
      ...pathOptions(path),
      ...(isObject ? [{ name: 'Content-Format' as const, value: Uint8Array.of(format >> 8, format & 0xff) }] : []),
    ];
    const token = toHex(randomBytes(4));
    return this.#question(endpoint, isObject ? '0.03' : '0.02', token, to, { kind: 'downlink', downlink }, { options, payload });
  }

  #question(
    endpoint: string,
    code: string,
    token: string,
    to: PeerAddress,
    about: About,
    more: Pick<CoapSaying, 'options' | 'payload'>,
  ): Question<About> {
    const id = this.#newId();
    return { endpoint, id, token, to, about, bytes: writeCoap({ type: 'CON', code, id, token: fromHex(token)!, ...more }) };
  }
}

function pathOptions(path: string) {
  return path
    .split('/')
    .slice(1)
    .map((value) => ({ name: 'Uri-Path' as const, value }));
}
