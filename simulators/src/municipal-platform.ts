import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import Type from 'typebox';
import { failure } from './failures.ts';
import { MODE_NAMES, MODES, type Mode, type ModeRow } from './municipal-modes.ts';
import { problemsOf } from './problems.ts';

/** What the platform wants of an event. The published interface of DB36/T 1296 is not known: the fields are our reading of it. */
const EventBody = Type.Object(
  {
    eventId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    operatorCode: Type.String({ minLength: 1 }),
    sourceType: Type.Union([Type.String({ minLength: 1 }), Type.Number()]),
    sourceCode: Type.String({ minLength: 1 }),
    eventTime: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' }),
    kind: Type.String({ minLength: 1 }),
    edge: Type.String({ minLength: 1 }),
  },
  { additionalProperties: true },
);
const Control = Type.Object(
  { mode: Type.Enum([...MODE_NAMES]), delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })) },
  { additionalProperties: false },
);
const BODY_BYTES_MAX = 256 * 1024;

/** One request, as it came and as it was answered. */
export interface MunicipalLine {
  readonly atMs: number;
  /** The Idempotency-Key, or the event id of the body; null where there is neither. */
  readonly id: string | null;
  /** The body as it came, byte for byte. */
  readonly body: string;
  /** Status of the answer; null: none was given. */
  readonly answer: number | null;
  readonly mode: Mode;
  /** Whether the event has its effect: it was new, and the platform took it. */
  readonly effect: boolean;
}

export interface MunicipalOptions {
  readonly host: string;
  readonly port: number;
  readonly log: string | null;
  /** Bearer token that senders must show; null: no authentication. */
  readonly token: string | null;
}

/** A municipal platform that behaves like a real one: authenticates, checks, takes an event once, and has bad days on request. */
export class MunicipalPlatform {
  readonly #options: MunicipalOptions;
  readonly #server: FastifyInstance;
  readonly #log: number | null;
  /** Hash of the body under each id that was taken. */
  readonly #taken = new Map<string, string>();
  readonly #hanging = new Set<FastifyReply>();
  #mode: Mode = 'normal';
  #delayMs: number | undefined;

  constructor(options: MunicipalOptions) {
    this.#options = options;
    const earlier = options.log && existsSync(options.log) ? readFileSync(options.log, 'utf8') : '';
    for (const { id, body, effect } of linesOf(earlier)) if (id && effect) this.#taken.set(id, hashOf(body));
    try {
      this.#log = options.log ? openSync(options.log, 'a', 0o644) : null;
    } catch (error) {
      throw failure('SIM_FILE_UNUSABLE', `log ${options.log}`, error);
    }
    this.#server = Fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true });
    this.#server.removeAllContentTypeParsers();
    this.#server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    this.#server.post('/events', (request, reply) => this.#event(request, reply));
    this.#server.post('/control', (request, reply) => this.#control(request, reply));
    this.#server.get('/control', async () => ({ mode: this.#mode, taken: this.#taken.size, modes: MODES }));
  }

  /** Listens; returns the root address. */
  async start(): Promise<string> {
    try {
      await this.#server.listen({ host: this.#options.host, port: this.#options.port });
    } catch (error) {
      throw failure('SIM_ADDRESS_TAKEN', `${this.#options.host}:${this.#options.port}`, error);
    }
    return `http://${this.#options.host}:${(this.#server.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reply of this.#hanging) reply.raw.destroy();
    await this.#server.close();
    if (this.#log !== null) closeSync(this.#log);
  }

  async #control(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const order = parsed(textOf(request)) as { mode: Mode; delayMs?: number };
    const problems = problemsOf(Control, order);
    if (problems.length > 0) return reply.code(400).send({ problems });
    this.#mode = order.mode;
    this.#delayMs = order.delayMs;
    return { mode: this.#mode };
  }

  async #event(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const atMs = Date.now();
    const mode = this.#mode;
    const row: ModeRow = MODES[mode];
    const body = textOf(request);
    const id = idOf(request, body);
    const refused = this.#refusal(request, id, body);
    const effect = !refused && row.taken && id !== null && !this.#taken.has(id);
    if (effect) this.#taken.set(id, hashOf(body));
    const answer = refused ?? row.answer;
    // The line is on the file before anything goes back: an answer that the sender saw is never missing here.
    this.#write({ atMs, id, body, answer: answer?.status ?? null, mode, effect });
    const delayMs = this.#delayMs ?? row.delayMs ?? 0;
    if (delayMs > 0 && mode === 'slow') await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (row.breaks && !refused) reply.raw.destroy();
    if (!answer) return this.#hang(reply);
    return reply
      .code(answer.status)
      .headers({ 'content-type': 'application/json; charset=utf-8', ...answer.headers })
      .send(JSON.stringify(answer.body));
  }

  #hang(reply: FastifyReply): FastifyReply {
    reply.hijack();
    this.#hanging.add(reply);
    reply.raw.on('close', () => this.#hanging.delete(reply));
    return reply;
  }

  /** Why the platform will not have this request; null when it will. */
  #refusal(request: FastifyRequest, id: string | null, body: string): NonNullable<ModeRow['answer']> | null {
    if (!authorised(request.headers.authorization, this.#options.token)) return refusal(401, '未授权');
    const event = parsed(body);
    const problems = problemsOf(EventBody, event);
    if (problems.length > 0) return refusal(400, '参数错误', problems);
    if ((event as { eventId: string }).eventId !== id) return refusal(400, '参数错误', ['Idempotency-Key: is not the eventId']);
    const known = this.#taken.get(id);
    if (known !== undefined && known !== hashOf(body)) return refusal(409, '事件编号重复,内容不一致');
    return null;
  }

  #write(line: MunicipalLine): void {
    if (this.#log !== null) writeSync(this.#log, `${JSON.stringify(line)}\n`);
  }
}

function refusal(status: number, message: string, problems: readonly string[] = []): NonNullable<ModeRow['answer']> {
  return { status, body: { code: status, message, problems } };
}

function textOf(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}

/** JSON or null: what does not parse is refused by its shape. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function idOf(request: FastifyRequest, body: string): string | null {
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string' && key !== '') return key;
  const id = (parsed(body) as { eventId?: unknown } | null)?.eventId;
  return typeof id === 'string' ? id : null;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function authorised(header: string | undefined, token: string | null): boolean {
  if (token === null) return true;
  const shown = createHash('sha256')
    .update(header ?? '')
    .digest();
  return timingSafeEqual(shown, createHash('sha256').update(`Bearer ${token}`).digest());
}

function linesOf(text: string): MunicipalLine[] {
  return text.split('\n').flatMap((line) => {
    const read = parsed(line) as MunicipalLine | null;
    return read ? [read] : [];
  });
}
