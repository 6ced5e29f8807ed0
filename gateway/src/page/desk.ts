import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guard } from './guard.ts';
import * as limits from './limits.ts';
import type { PageNeeds } from './needs.ts';
import { isPin } from './pin.ts';
import { readPinFile } from './pin-file.ts';
import type { Answer } from './routes.ts';
import type { Sessions } from './sessions.ts';

const WRONG = [401, { error: 'wrong' }] as const;

/** Looks at PINs, one after the other, and opens sessions. */
export class LoginDesk {
  readonly #needs: Pick<PageNeeds, 'page' | 'log'>;
  readonly #sessions: Sessions;
  readonly #guard: Guard;
  #looking: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #line: string;
  wrongGuesses = 0;

  /** `line`: the text of the PIN file as it is now. */
  constructor(needs: Pick<PageNeeds, 'page' | 'log' | 'clock' | 'tellLocked'>, sessions: Sessions, line: string) {
    this.#needs = needs;
    this.#sessions = sessions;
    this.#line = line;
    this.#guard = new Guard(needs.clock, (whom, forMs) => {
      const text = `installer's page: too many wrong PINs, ${whom} locked for ${Math.round(forMs / 60_000)} min 维护页面 PIN 连续错误已锁定`;
      needs.log.warn({ code: 'page-locked', whom, forMs }, text);
      needs.tellLocked(text).catch((error: Error) => needs.log.warn({ code: 'page-locked' }, error.message));
    });
  }

  /** Takes one guess. What is wrong takes a while, and too much of it is not listened to. */
  async logIn(request: IncomingMessage, response: ServerResponse, said: unknown): Promise<Answer> {
    const { pin } = (said ?? {}) as { pin?: unknown };
    const address = request.socket.remoteAddress ?? '';
    if (typeof pin !== 'string' || pin === '') return [400, { error: 'pin: is missing' }];
    if (this.#waiting >= limits.PINS_WAITING_MAX) return this.#later(response, limits.WRONG_PIN_MS);
    const verdict = this.#guard.begin(address);
    if (verdict !== 'go') return this.#later(response, verdict.waitMs);
    this.#waiting += 1;
    try {
      if (await this.#isRight(pin, address)) {
        this.#guard.right(address);
        response.setHeader('set-cookie', this.#sessions.open());
        this.#needs.log.info({ address }, "somebody logged in to the installer's page");
        return [200, {}];
      }
      this.wrongGuesses += 1;
      this.#needs.log.warn({ code: 'page-wrong-pin', address, wrongGuesses: this.wrongGuesses }, "a wrong PIN at the installer's page");
      this.#guard.wrong(address);
      await sleep(limits.WRONG_PIN_MS);
      return WRONG;
    } finally {
      this.#waiting -= 1;
    }
  }

  #later(response: ServerResponse, waitMs: number): Answer {
    const seconds = Math.ceil(waitMs / 1000);
    response.setHeader('retry-after', String(seconds));
    return [429, { error: 'later', seconds }];
  }

  /** Looks whether the PIN was changed or taken away while somebody is logged in. */
  async look(): Promise<void> {
    if (!this.#sessions.isEmpty) await this.#lineNow().catch(() => {});
  }

  /** A PIN that could not be read was not guessed. */
  #isRight(pin: string, address: string): Promise<boolean> {
    const looked = this.#looking.then(async () => isPin(await this.#lineNow(), pin));
    this.#looking = looked.catch(() => this.#guard.unseen(address));
    return looked;
  }

  /** A PIN that was changed ends what the old one opened; so does one that is gone, or that others can read. Rejects with Failure `page-pin`. */
  async #lineNow(): Promise<string> {
    try {
      const line = await readPinFile(this.#needs.page.pinFile);
      if (line !== this.#line) this.#logAllOut('the PIN was changed');
      this.#line = line;
      return line;
    } catch (error) {
      this.#logAllOut((error as Error).message);
      throw error;
    }
  }

  #logAllOut(why: string): void {
    if (this.#sessions.isEmpty) return;
    this.#sessions.clear();
    this.#needs.log.warn({ code: 'page-pin' }, `installer's page: everybody is logged out: ${why} 维护页面已全部退出登录`);
  }
}
