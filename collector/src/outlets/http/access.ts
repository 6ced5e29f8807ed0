import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { LOCKED_LOOK_MS, WRONG_TOKEN_MS } from '../../limits.ts';
import type { Guesses } from './guesses.ts';

/** One working day and a bit: nobody logs in twice in a shift. */
const SESSION_MS = 12 * 3_600_000;
/** Sessions kept; beyond it the oldest end. */
const SESSIONS_MAX = 1_000;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether a write comes from our own page, or from no page at all. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export const FOREIGN = { error: 'foreign origin', message: 'this request was made by another site' };

/** What a token comes to; `lockedMs`: it was not looked at, for its address is locked for so long. */
export type Judgement = 'right' | 'wrong' | { readonly lockedMs: number };

/** What somebody is told whose address is locked. */
export function lockedOut(reply: FastifyReply, lockedMs: number) {
  const seconds = Math.ceil(lockedMs / 1000);
  const message = `too many wrong tokens from this address: for ${seconds} s one a second is looked at, so try again; the same wrong one never is`;
  return reply
    .code(429)
    .header('retry-after', String(LOCKED_LOOK_MS / 1000))
    .send({ error: 'too many requests', message });
}

/** Whose requests are answered: whoever brings the token, or a session opened with it. */
export class Access {
  readonly #token: Buffer | null;
  readonly #cookie: string;
  readonly #attributes: string;
  readonly #nowMs: () => number;
  /** Digest of the session's name → when it ends. In the order of their beginning. */
  readonly #sessions = new Map<string, number>();
  readonly #guesses: Guesses;

  constructor(token: string | undefined, isSecure: boolean, guesses: Guesses, nowMs: () => number) {
    this.#guesses = guesses;
    this.#token = token === undefined ? null : digest(token);
    this.#cookie = isSecure ? '__Host-fengsui' : 'fengsui';
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    this.#nowMs = nowMs;
  }

  /** Whether anybody on this machine may read. */
  get isOpen(): boolean {
    return this.#token === null;
  }

  /** Looks at a token from an address. Of a wrong one it is known at once and said late: that is what a guess costs. */
  async judge(text: string, address: string): Promise<Judgement> {
    if (this.#token === null) return 'right';
    const token = digest(text);
    const name = token.toString('base64');
    const lockedMs = this.#guesses.barredMs(address, name);
    if (lockedMs > 0) return { lockedMs };
    if (timingSafeEqual(token, this.#token)) return 'right';
    this.#guesses.wrong(address, name);
    await wait(WRONG_TOKEN_MS);
    return 'wrong';
  }

  /** Whether a request may be answered, by its Authorization and Cookie headers. A session is no guess: a lock does not end it. */
  async ask(authorization: string | undefined, cookies: string | undefined, address: string): Promise<Judgement> {
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (bearer !== undefined) return this.judge(bearer, address);
    return this.#isSession(cookies) ? 'right' : 'wrong';
  }

  /** Opens a session; returns the Set-Cookie header. */
  open(): string {
    const name = randomBytes(32).toString('base64url');
    this.#sessions.set(digest(name).toString('base64'), this.#nowMs() + SESSION_MS);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    return `${this.#cookie}=${name}; Max-Age=${SESSION_MS / 1000}; ${this.#attributes}`;
  }

  /** Ends the session of a request; returns the Set-Cookie header that forgets it. */
  close(cookies: string | undefined): string {
    const name = this.#nameIn(cookies);
    if (name !== null) this.#sessions.delete(digest(name).toString('base64'));
    return `${this.#cookie}=; Max-Age=0; ${this.#attributes}`;
  }

  #nameIn(cookies = ''): string | null {
    const pairs = cookies.split(';').map((pair) => pair.trim());
    const own = pairs.find((pair) => pair.startsWith(`${this.#cookie}=`));
    return own?.slice(this.#cookie.length + 1) ?? null;
  }

  #isSession(cookies: string | undefined): boolean {
    const name = this.#nameIn(cookies);
    if (name === null) return false;
    const id = digest(name).toString('base64');
    const endsMs = this.#sessions.get(id);
    if (endsMs !== undefined && endsMs <= this.#nowMs()) this.#sessions.delete(id);
    return endsMs !== undefined && endsMs > this.#nowMs();
  }
}
