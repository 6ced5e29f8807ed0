import { PUSH_REFUSALS, type PushRefusal } from './cloud.ts';
import { PUSH_UNTAKEN, type PushAnswer } from './desk.ts';
import type { PushRequest } from './round.ts';

/** The longest body: OneNET may put several messages in one, each of a few kilobytes. */
const BODY_BYTES_MAX = 64 * 1024;

/** Requests whose answer waits for a commit; more are sent back, for the cloud repeats them. */
const WAITING_MAX = 256;

/**
 * Settings of the HTTP server behind a door (reliability T23: the defaults of libraries are off or long). A cloud keeps a few
 * connections; heads of more than 8 KiB, silence and dribble are no cloud.
 */
export const PUSH_SERVER = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
} as const;
/** Connections at once: a cloud that pushes from many machines opens one each; with full bodies they hold 16 MiB. */
export const PUSH_CONNECTIONS_MAX = 256;

/** As much of an HTTP request as a door needs. */
export interface DoorRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  resume(): unknown;
}

/** As much of an HTTP response as a door needs. */
export interface DoorResponse {
  readonly headersSent: boolean;
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  end(body: Uint8Array): unknown;
}

/** A request that was let in. */
export interface Posted extends PushRequest {
  /** Ends it, once; a caller that is gone hears nothing. */
  answer(answer: PushAnswer): void;
}

export interface DoorRules {
  /** Whether an address may come at all. */
  readonly allows: (address: string) => boolean;
  /** Looks at a request before its body is read; null: let it in. */
  readonly refuses: (method: string, target: string) => { readonly refused: PushRefusal; readonly answer: PushAnswer } | null;
  readonly count: (why: PushRefusal, bytes?: Uint8Array) => void;
}

/** What stands between an HTTP server and who hears its pushes: turns away, reads bodies within bounds, holds what waits. */
export class PushDoor {
  readonly counters = { bytesIn: 0, bytesOut: 0, requestsIn: 0, dropped: 0 };
  readonly #rules: DoorRules;
  readonly #waiting: Posted[] = [];
  /** Let in and not answered yet, whether it waits or is being heard. */
  readonly #unanswered = new Set<Posted>();
  #failure: Error | undefined;
  #isShut = false;
  #wake: () => void = () => {};

  constructor(rules: DoorRules) {
    this.#rules = rules;
  }

  /** The listener for requests. */
  admit(request: DoorRequest, response: DoorResponse): void {
    this.counters.requestsIn += 1;
    const { method = '', url = '' } = request;
    const refused = this.#refusal(request, method, url);
    if (refused) {
      this.#turnAway(request, response, refused, new TextEncoder().encode(`${method} ${url}`));
      return;
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    request.on('data', (chunk) => {
      length += chunk.length;
      this.counters.bytesIn += chunk.length;
      if (length <= BODY_BYTES_MAX) chunks.push(chunk);
      else if (!response.headersSent) this.#turnAway(request, response, 'too-large', chunks[0]);
    });
    request.on('end', () => {
      if (!response.headersSent) this.#hold({ method, target: url, body: joined(chunks) }, response);
    });
  }

  /** What waits, at most so much, oldest first. */
  take(max: number): Posted[] {
    return this.#waiting.splice(0, max);
  }

  /** Resolves when something waits or the door is shut; rejects when it failed. */
  async arrival(): Promise<void> {
    while (this.#waiting.length === 0 && !this.#isShut) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Requests one by one, until the door is shut. */
  async *requests(): AsyncGenerator<Posted> {
    while (true) {
      await this.arrival();
      const [posted] = this.take(1);
      if (!posted) return;
      yield posted;
    }
  }

  /** Nobody comes in any more; who waits is to come again. */
  shut(failure?: Error): void {
    this.#failure ??= failure;
    this.#isShut ||= failure === undefined;
    for (const { answer } of this.take(WAITING_MAX)) answer(PUSH_UNTAKEN);
    this.#wake();
  }

  /** Whoever heard is gone: what has no answer yet never gets another. To be called when no answer can come any more. */
  release(): void {
    this.shut();
    for (const posted of [...this.#unanswered]) posted.answer(PUSH_UNTAKEN);
  }

  #refusal({ socket, headers }: DoorRequest, method: string, url: string): PushRefusal | null {
    if (!this.#rules.allows(socket.remoteAddress ?? '')) return 'wrong-source';
    const refused = this.#rules.refuses(method, url)?.refused;
    if (refused) return refused;
    if (Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX) return 'too-large';
    return null;
  }

  #hold(request: PushRequest, response: DoorResponse): void {
    const posted: Posted = {
      ...request,
      answer: (answer) => {
        this.#unanswered.delete(posted);
        this.#answer(response, answer);
      },
    };
    if (this.#isShut || this.#failure) posted.answer(PUSH_UNTAKEN);
    else if (this.#waiting.length >= WAITING_MAX) {
      this.counters.dropped += 1;
      this.#rules.count('too-many');
      posted.answer(PUSH_UNTAKEN);
    } else {
      this.#unanswered.add(posted);
      this.#waiting.push(posted);
      this.#wake();
    }
  }

  /** Whoever is turned away is not let go on talking: what of the body comes is not kept, and the connection ends. */
  #turnAway(request: DoorRequest, response: DoorResponse, refused: PushRefusal, bytes: Uint8Array | undefined): void {
    this.#rules.count(refused, bytes);
    this.#answer(response, { status: PUSH_REFUSALS[refused].status, text: '' }, { connection: 'close' });
    request.resume();
  }

  #answer(response: DoorResponse, { status, text }: PushAnswer, more: Readonly<Record<string, string>> = {}): void {
    if (response.headersSent) return;
    const body = new TextEncoder().encode(text);
    this.counters.bytesOut += body.length;
    response.writeHead(status, { ...HEADERS, 'content-length': body.length, ...more, ...(this.#isShut ? { connection: 'close' } : {}) });
    response.end(body);
  }
}

/** The trial of an address gives back what it was given: as plain text, and as nothing else. */
const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
