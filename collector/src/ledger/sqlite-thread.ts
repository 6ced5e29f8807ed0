import { Worker } from 'node:worker_threads';
import { fail } from '../failures.ts';
import type { Ask, Desk, Reply } from './sqlite-worker.ts';

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly late: NodeJS.Timeout;
}

/** The first question, asked by starting the worker. */
const OPENING = 0;

export interface Patience {
  readonly openMs: number;
  readonly answerMs: number;
}

/**
 * The main thread's end of a worker that holds one connection. The main thread itself never opens the file: a slow disk must
 * not stop it (one thread: loop delay p99 306 ms under a 300 ms disk; a worker: 6 ms). A worker that fails or falls silent is
 * given up with everything it had been asked; the next question opens a new one.
 */
export class SqliteThread {
  readonly #desk: Desk;
  readonly #patience: Patience;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #opening: Promise<number> | null = null;
  #asked = 0;

  constructor(desk: Desk, patience: Patience) {
    this.#desk = desk;
    this.#patience = patience;
  }

  /** Opens the file if it is not open; resolves with the last position a writer found. */
  open(): Promise<number> {
    this.#opening ??= this.#start();
    return this.#opening;
  }

  /** Answers in the order of the questions. */
  async ask<Answer>(method: string, given: unknown): Promise<Answer> {
    await this.open();
    const worker = this.#worker;
    if (!worker) throw fail('ledger-unwritten', 'the worker ended');
    const id = (this.#asked += 1);
    const answer = this.#expect<Answer>(worker, id, method, this.#patience.answerMs);
    worker.postMessage({ id, method, given } satisfies Ask);
    return answer;
  }

  /** Closes the connection in order, where there is one. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    await this.ask('close', null);
    await ended;
  }

  #start(): Promise<number> {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: this.#desk });
    this.#worker = worker;
    worker.on('message', (reply: Reply) => this.#hear(worker, reply));
    worker.on('error', (error) => this.#giveUp(worker, fail('ledger-unwritten', error.message, error)));
    worker.on('exit', () => this.#giveUp(worker, fail('ledger-unwritten', 'the worker ended')));
    return this.#expect<number>(worker, OPENING, 'opening', this.#patience.openMs);
  }

  #expect<Answer>(worker: Worker, id: number, what: string, patienceMs: number): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const late = setTimeout(() => this.#giveUp(worker, fail('ledger-silent', what)), patienceMs);
      this.#pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, late });
    });
  }

  #hear(worker: Worker, reply: Reply): void {
    if (worker !== this.#worker) return;
    if ('ready' in reply) this.#settle(OPENING)?.resolve(reply.ready);
    else if ('answer' in reply) this.#settle(reply.id)?.resolve(reply.answer);
    else {
      const failure = fail(reply.trouble.code, reply.trouble.detail);
      this.#settle(reply.id)?.reject(failure);
      this.#giveUp(worker, failure);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.late);
    this.#pending.delete(id);
    return pending;
  }

  #giveUp(worker: Worker, failure: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    this.#opening = null;
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(failure);
    void worker.terminate();
  }
}
