import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@fengsui/protocol';
import * as limits from './limits.ts';

const COOKIE = '__Host-fengsui-page';

interface Session {
  usedMs: number;
  readonly bornMs: number;
}

/** Who is logged in: opaque names, known here by their digests only. */
export class Sessions {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  /** Opens a session; returns the Set-Cookie header. */
  open(): string {
    const name = randomBytes(32).toString('base64url');
    const nowMs = this.#clock.monotonicMs();
    this.#sessions.set(digest(name), { usedMs: nowMs, bornMs: nowMs });
    if (this.#sessions.size > limits.SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value!);
    return `${COOKIE}=${name}; Path=/; Secure; HttpOnly; SameSite=Strict`;
  }

  /** The session of a request's Cookie header, by its digest; null: none that is open. `isUse`: a person did it. */
  of(cookies: string | undefined, isUse: boolean): string | null {
    const own = (cookies ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(`${COOKIE}=`));
    const id = own === undefined ? '' : digest(own.slice(COOKIE.length + 1));
    if (!this.isOpen(id)) return null;
    if (isUse) this.#sessions.get(id)!.usedMs = this.#clock.monotonicMs();
    return id;
  }

  isOpen(id: string): boolean {
    const session = this.#sessions.get(id);
    if (!session) return false;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - session.usedMs < limits.SESSION_IDLE_MS && nowMs - session.bornMs < limits.SESSION_MS) return true;
    this.#sessions.delete(id);
    return false;
  }

  /** Ends a session; returns the Set-Cookie header that forgets it. */
  close(id: string | null): string {
    if (id !== null) this.#sessions.delete(id);
    return `${COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict`;
  }

  /** The PIN was changed: whoever knew the old one is out. */
  clear(): void {
    this.#sessions.clear();
  }
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64');
}
