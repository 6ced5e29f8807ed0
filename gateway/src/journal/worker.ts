import { parentPort, workerData } from 'node:worker_threads';
import { giveBackMemory } from '../give-back.ts';
import * as limits from '../limits.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { Scribe } from './scribe.ts';
import { toldOf } from './trouble.ts';

/**
 * The only thread that opens the journal's files. Questions that arrive while a commit runs are answered together by the
 * next one, so a slow disk makes larger groups and never a longer queue of commits.
 */
function run(start: WorkerStart): void {
  const port = parentPort!;
  const tell = (message: FromWorker) => port.postMessage(message);
  let scribe: Scribe;
  try {
    scribe = new Scribe(start);
  } catch (error) {
    tell({ refused: toldOf(error) });
    port.close();
    return;
  }
  const pending: ToWorker[] = [];
  let due = false;
  const answer = () => {
    due = false;
    for (const answers of scribe.answer(pending)) tell({ answers });
    if (scribe.isClosed) {
      clearTimeout(tending);
      port.close();
    } else if (pending.length > 0) schedule();
  };
  const schedule = () => {
    if (due) return;
    due = true;
    setImmediate(answer);
  };
  let tending: NodeJS.Timeout;
  const tend = (restMs: number) => {
    tending = setTimeout(() => tend(due ? limits.CHORE_REST_MIN_MS : scribe.tend()), restMs);
  };
  port.on('message', (question: ToWorker) => {
    pending.push(question);
    schedule();
  });
  tell({ opened: scribe.opened() });
  giveBackMemory();
  tend(limits.CHORE_IDLE_MS);
}

run(workerData as WorkerStart);
