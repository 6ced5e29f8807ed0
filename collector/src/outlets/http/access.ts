import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** One working day and a bit: nobody logs in twice in a shift. */
const SESSION_MS = 12 * 3_600_000;
/** Sessions kept; beyond it the oldest end. */
const SESSIONS_MAX = 1_000;
/** A wrong token costs a second, and no more than a few may be tried at once. */
export const WRONG_TOKEN_MS = 1_000;
const WRONG_AT_ONCE_MAX = 4;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether a write comes from our own page, or from no page at all. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export const FOREIGN = { error: 'foreign origin', message: 'this request was made by another site' };

/** Whose requests are answered: whoever brings the token, or a session opened with it. */
export class Access {
  readonly #token: Buffer | null;
  readonly #cookie: string;
  readonly #attributes: string;
  readonly #nowMs: () => number;
  /** Digest of the session's name → when it ends. In the order of their beginning. */
  readonly #sessions = new Map<string, number>();
  #wrong = 0;

  constructor(token: string | undefined, isSecure: boolean, nowMs: () => number) {
    this.#token = token === undefined ? null : digest(token);
    this.#cookie = isSecure ? '__Host-fengsui' : 'fengsui';
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    this.#nowMs = nowMs;
  }

  /** Whether anybody on this machine may read. */
  get isOpen(): boolean {
    return this.#token === null;
  }

  isToken(text: string): boolean {
    return this.#token === null || timingSafeEqual(digest(text), this.#token);
  }

  /** Whether a request may be answered, by its Authorization and Cookie headers. */
  allows(authorization: string | undefined, cookies: string | undefined): boolean {
    if (this.isOpen) return true;
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return bearer === undefined ? this.#isSession(cookies) : this.isToken(bearer);
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

  /** Takes the place of one wrong guess; false when too many are being made. */
  beginWrong(): boolean {
    if (this.#wrong >= WRONG_AT_ONCE_MAX) return false;
    this.#wrong += 1;
    return true;
  }

  endWrong(): void {
    this.#wrong -= 1;
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
