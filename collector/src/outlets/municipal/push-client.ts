import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { checkLiteral, guardedLookup } from './address-guard.ts';
import { type Answer, type Outcome, outcomeOf } from './outcome.ts';

/** Bytes read of an answer: an answer to one event is a line or two. What is longer is not waited for, and not believed. */
const ANSWER_BYTES_MAX = 65_536;
/** A far side that accepts no connection in this time is as good as down. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface PushConfiguration {
  readonly url: string;
  /** Path of the file with the bearer token; read on every try, so that a new one needs no restart. */
  readonly tokenFile?: string;
  /** Whether private and loopback addresses may be pushed to. */
  readonly allowPrivateAddress: boolean;
  /** For a whole try, from the connection to the last byte of the answer. */
  readonly timeoutMs: number;
}

/** Pushes bodies to one URL, one at a time. */
export class PushClient implements AsyncDisposable {
  readonly #configuration: PushConfiguration;
  readonly #agent: Agent;

  constructor(configuration: PushConfiguration) {
    const { timeoutMs, allowPrivateAddress } = configuration;
    this.#configuration = configuration;
    this.#agent = new Agent({
      connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs), ...(!allowPrivateAddress && { lookup: guardedLookup }) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      allowH2: false,
      connections: 1,
      pipelining: 1,
    });
  }

  /** One try. Trouble of any kind is an outcome; rejects only with the reason of `signal`. */
  async push(id: string, body: string, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#try(id, body, AbortSignal.any([signal, AbortSignal.timeout(this.#configuration.timeoutMs)]));
    } catch (error) {
      signal.throwIfAborted();
      return { is: 'again', why: reasonOf(error) };
    }
  }

  async #try(id: string, body: string, signal: AbortSignal): Promise<Outcome> {
    const { url, allowPrivateAddress } = this.#configuration;
    if (!allowPrivateAddress) checkLiteral(new URL(url));
    const headers = { 'content-type': 'application/json; charset=utf-8', 'idempotency-key': id, ...(await this.#authorization()) };
    const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher: this.#agent });
    const retryAfter = answer.headers['retry-after'];
    const read = await beginningOf(answer.body);
    return outcomeOf({ status: answer.statusCode, retryAfter: [retryAfter].flat()[0], ...read }, Date.now());
  }

  async #authorization(): Promise<Record<string, string>> {
    const { tokenFile } = this.#configuration;
    return tokenFile === undefined ? {} : { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

/** What there is of a body up to the limit; the rest is not waited for. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<Pick<Answer, 'body' | 'isWhole'>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) break;
  }
  const text = new TextDecoder().decode(Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX));
  return { body: text, isWhole: bytes <= ANSWER_BYTES_MAX };
}

/** In few words; a refused address stands behind the error of the connection. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return error.name === 'TimeoutError' ? 'no whole answer in time' : `${code}${error.message}`;
}
