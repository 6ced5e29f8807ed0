import type { ServerResponse } from 'node:http';
import * as limits from './limits.ts';
import { LiveBytes } from './live-bytes.ts';
import type { PageNeeds } from './needs.ts';
import type { Sessions } from './sessions.ts';
import { viewOf } from './view.ts';

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

interface Listener {
  readonly response: ServerResponse;
  readonly session: string;
  readonly stop: () => void;
}

/** What pages hear by themselves: how everything stands, and the bytes of a wire. Nobody listening, nothing is looked up. */
export class Streams {
  readonly #needs: PageNeeds;
  readonly #sessions: Sessions;
  readonly #listeners = new Set<Listener>();
  readonly #ofStatus = new Set<Listener>();
  #telling = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(needs: PageNeeds, sessions: Sessions) {
    this.#needs = needs;
    this.#sessions = sessions;
  }

  get hasRoom(): boolean {
    return this.#listeners.size < limits.STREAMS_MAX;
  }

  /** How everything stands, again and again. */
  status(response: ServerResponse, session: string): void {
    const listener = this.#attach(response, session, () => this.#ofStatus.delete(listener));
    this.#ofStatus.add(listener);
    this.#timer ??= setInterval(() => void this.#tellAll(), limits.STATUS_EVERY_MS);
    void this.#tellAll();
  }

  /** What crosses the wire of a line; false: there is no such line. */
  bytes(response: ServerResponse, session: string, line: string): boolean {
    const { watch, clock } = this.#needs;
    const live = new LiveBytes(() => clock.wallMs());
    const unwatch = watch(line, live);
    if (!unwatch) return false;
    const timer = setInterval(() => {
      const { pieces, left } = live.take();
      if (pieces.length + left > 0) this.#say(listener, message('bytes', { pieces, left }));
      else if (!this.#sessions.isOpen(session)) this.#end(listener);
    }, limits.LIVE_EVERY_MS);
    const listener = this.#attach(response, session, () => {
      unwatch();
      clearInterval(timer);
    });
    this.#say(listener, message('watching', { line }));
    return true;
  }

  close(): void {
    for (const listener of [...this.#listeners]) this.#end(listener);
  }

  #attach(response: ServerResponse, session: string, stop: () => void): Listener {
    const listener: Listener = { response, session, stop };
    this.#listeners.add(listener);
    response.on('close', () => this.#forget(listener));
    response.on('error', () => this.#forget(listener));
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.write('retry: 1000\n\n');
    return listener;
  }

  #forget(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    listener.stop();
    if (this.#ofStatus.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One look for all who listen; a look that takes longer than the pause is not begun twice. */
  async #tellAll(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      const text = message('status', await viewOf(this.#needs));
      for (const listener of [...this.#ofStatus]) this.#say(listener, text);
    } catch (error) {
      const text = message('trouble', { message: (error as Error).message });
      for (const listener of [...this.#ofStatus]) this.#say(listener, text);
    } finally {
      this.#telling = false;
    }
  }

  #say(listener: Listener, text: string): void {
    const { response, session } = listener;
    if (!this.#sessions.isOpen(session)) this.#end(listener);
    else if (response.writableLength + text.length > limits.UNREAD_BYTES_MAX) response.destroy();
    else response.write(text);
  }

  #end(listener: Listener): void {
    listener.response.end(message('over', {}));
    this.#forget(listener);
  }
}
