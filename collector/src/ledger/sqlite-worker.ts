import { parentPort, workerData } from 'node:worker_threads';
import { SqliteReader } from './sqlite-reader.ts';
import { type Trouble, troubleOf } from './sqlite-trouble.ts';
import { SqliteWriter } from './sqlite-writer.ts';

/** Where a worker is to work. */
export interface Desk {
  readonly file: string;
  readonly role: 'writer' | 'reader';
}

/** A question to a worker: the name of a method of its desk and what it takes. */
export interface Ask {
  readonly id: number;
  readonly method: string;
  readonly given: unknown;
}

export type Reply =
  | { readonly ready: number }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly trouble: Trouble };

/**
 * Serves one connection until it closes or fails. After a failure nothing more is done with it: a page that could not be
 * written may count as clean afterwards, so a second try on the same connection could be told a lie.
 */
function serve({ file, role }: Desk, port: NonNullable<typeof parentPort>): void {
  const desk = role === 'writer' ? new SqliteWriter(file) : new SqliteReader(file);
  const methods = desk as unknown as Readonly<Record<string, (given: unknown) => unknown>>;
  port.on('message', ({ id, method, given }: Ask) => {
    try {
      port.postMessage({ id, answer: methods[method]!.call(desk, given) } satisfies Reply);
      if (method === 'close') port.close();
    } catch (error) {
      port.postMessage({ id, trouble: troubleOf(error, 'ledger-unwritten') } satisfies Reply);
      port.close();
    }
  });
  port.postMessage({ ready: desk instanceof SqliteWriter ? desk.position() : 0 } satisfies Reply);
}

if (parentPort) {
  try {
    serve(workerData as Desk, parentPort);
  } catch (error) {
    parentPort.postMessage({ id: 0, trouble: troubleOf(error, 'ledger-unopened') } satisfies Reply);
    parentPort.close();
  }
}
