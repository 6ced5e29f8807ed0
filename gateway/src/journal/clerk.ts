import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Answers, FromWorker, Opened, Question, ToWorker, WorkerStart } from './messages.ts';

interface Outstanding {
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: Failure) => void;
  timer: NodeJS.Timeout;
}

/**
 * The main thread's end of the worker. A worker that answers nobody for so long hangs (one that goes on answering others is slow, as its disk
 * is, and gets more time): what it does not answer fails, and a new worker takes its place once the
 * old one is gone: two writers never have the files open at once. What was asked of the old one is never asked again by us,
 * since whether it happened is not known; the device or the collector repeats it.
 */
export class Clerk {
  #start: WorkerStart;
  readonly #positions: () => WorkerStart['positions'];
  readonly #answerTimeoutMs: number;
  readonly #outstanding = new Map<number, Outstanding>();
  #worker: Promise<Worker> | null = null;
  #current: Worker | null = null;
  /** Settles when the last worker is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  /** Monotonic time of the worker's last answer, whoever had asked. */
  #heardMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** `positions` tells what the rest of the process knows when a worker is replaced. */
  constructor(start: Omit<WorkerStart, 'positions'>, positions: () => WorkerStart['positions'], answerTimeoutMs: number) {
    this.#start = { ...start, positions: positions() };
    this.#positions = positions;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** Starts the first worker. */
  async open(): Promise<Opened> {
    const { worker, opened } = await this.#launch();
    this.#worker = Promise.resolve(worker);
    this.#start = { ...this.#start, boot: opened.boot };
    return opened;
  }

  async ask<A extends keyof Answers>(question: Question & { readonly ask: A }): Promise<Answers[A]> {
    if (this.#isClosed) throw fail('journal-closed', question.ask);
    return this.#post<A>(await this.#running(), question);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const worker = await this.#running();
    await this.#post<'close'>(worker, { ask: 'close' });
    await within(this.#gone, limits.JOURNAL_GONE_WITHIN_MS).catch(() => leaveBehind(worker));
  }

  #post<A extends keyof Answers>(worker: Worker, question: Question): Promise<Answers[A]> {
    const id = this.#nextId++;
    const askedMs = performance.now();
    return new Promise((resolve, reject) => {
      const late = () => {
        const silentMs = performance.now() - Math.max(askedMs, this.#heardMs);
        const isSlow = silentMs < this.#answerTimeoutMs && performance.now() - askedMs < this.#answerTimeoutMs * limits.JOURNAL_SLOW_FACTOR;
        if (isSlow) outstanding.timer = setTimeout(late, this.#answerTimeoutMs - silentMs);
        else this.#replace(worker, fail('journal-hung', `${question.ask} after ${Math.round(performance.now() - askedMs)} ms`));
      };
      const timer = setTimeout(late, this.#answerTimeoutMs);
      const outstanding: Outstanding = { resolve: resolve as (value: unknown) => void, reject, timer };
      this.#outstanding.set(id, outstanding);
      worker.postMessage({ ...question, id } satisfies ToWorker);
    });
  }

  #running(): Promise<Worker> {
    this.#worker ??= this.#launch().then(
      ({ worker }) => worker,
      (failure: unknown) => {
        this.#worker = null;
        throw failure;
      },
    );
    return this.#worker;
  }

  async #launch(): Promise<{ worker: Worker; opened: Opened }> {
    await within(this.#gone, this.#answerTimeoutMs);
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { ...this.#start, positions: this.#positions() },
      name: 'journal',
    });
    // An error ends the worker too: `gone` never fails, or no worker could ever follow it.
    this.#gone = new Promise((resolve) => worker.once('exit', resolve));
    const opened = await firstWord(worker, limits.JOURNAL_OPEN_TIMEOUT_MS);
    this.#current = worker;
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', (error) => this.#replace(worker, fail('journal-lost', error.message, error)));
    worker.on('exit', () => this.#replace(worker, fail('journal-lost', 'it ended')));
    return { worker, opened };
  }

  #hear(message: FromWorker): void {
    if (!('answers' in message)) return;
    this.#heardMs = performance.now();
    for (const answer of message.answers) {
      const waiting = this.#outstanding.get(answer.id);
      if (!waiting) continue;
      this.#outstanding.delete(answer.id);
      clearTimeout(waiting.timer);
      if ('failure' in answer) waiting.reject(fail(answer.failure.code, answer.failure.detail));
      else waiting.resolve(answer.value);
    }
  }

  /** Ends a worker that hung or died; the next question starts another. */
  #replace(worker: Worker, failure: Failure): void {
    if (this.#current !== worker) return;
    const outstanding = [...this.#outstanding.values()];
    this.#outstanding.clear();
    this.#current = null;
    this.#worker = null;
    void worker.terminate();
    for (const { timer, reject } of outstanding) {
      clearTimeout(timer);
      reject(failure);
    }
  }
}

/** A thread that hangs in a call of the disk cannot be ended: as long as it is there, no other may open the files. */
async function within(gone: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(fail('journal-hung', 'the worker before still hangs in the disk')), timeoutMs);
  });
  await Promise.race([gone, late]).finally(() => clearTimeout(timer));
}

/**
 * Its files are closed, and another may open them; a sector that is still being read for it, of a file that was moved aside, keeps its thread.
 * The runtime ends no process before all its threads have: as long as that one is there, only the system can.
 */
function leaveBehind(worker: Worker): void {
  const kill = () => process.kill(process.pid, 'SIGKILL');
  process.once('exit', kill);
  worker.once('exit', () => process.off('exit', kill));
}

/** Whether the worker could open the journal. */
async function firstWord(worker: Worker, withinMs: number): Promise<Opened> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const [message] = (await Promise.race([
      once(worker, 'message', { signal }),
      once(worker, 'exit', { signal }).then(() => Promise.reject(new Error('it ended at once'))),
    ])) as [FromWorker];
    if ('opened' in message) return message.opened;
    if ('refused' in message) throw fail(message.refused.code, message.refused.detail);
    throw new Error('it answered before it was asked');
  } catch (error) {
    void worker.terminate();
    if (error instanceof Error && error.name === 'Failure') throw error;
    throw fail(signal.aborted ? 'journal-hung' : 'journal-lost', (error as Error).message, error);
  }
}
