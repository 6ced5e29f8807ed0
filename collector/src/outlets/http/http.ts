import { isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { fail } from '../../failures.ts';
import type { Cursor, Ledger } from '../../ledger/ledger.ts';
import type { Outlet, OutletReport } from '../outlet.ts';
import { Guesses } from './guesses.ts';
import type { HttpConfiguration, HttpNeeds } from './needs.ts';
import { buildServer } from './server.ts';

/**
 * The interface and the live page. Usage:
 *
 *     const http = httpOutlet({ host, port, token, tls, operator, zoneMinutes }, { shown: board, reports: () => [municipal.report()], onTrouble });
 *     const serving = http.run(ledger, ledger.cursor(http.name), signal);   // under supervise; after board.run was started
 *     const page = await http.address;                                     // http://127.0.0.1:8080/
 */
export function httpOutlet(configuration: HttpConfiguration, needs: HttpNeeds): HttpOutlet {
  return new HttpOutlet(configuration, needs);
}

export class HttpOutlet implements Outlet {
  readonly name = 'http';
  readonly #configuration: HttpConfiguration;
  readonly #needs: HttpNeeds;
  readonly #listening = Promise.withResolvers<string>();
  /** Outlives the server: a failure must not forget who guesses. */
  readonly #guesses: Guesses;
  #port: number;

  constructor(configuration: HttpConfiguration, needs: HttpNeeds) {
    this.#configuration = configuration;
    this.#needs = needs;
    this.#port = configuration.port;
    const locked = (network: string, forMs: number) => needs.onTrouble(fail('tokens-guessed', `${network} for ${forMs / 1000} s`));
    this.#guesses = new Guesses(() => performance.now(), locked);
  }

  /** Where the page is, once it can be opened. */
  get address(): Promise<string> {
    return this.#listening.promise;
  }

  /** Networks that are locked now, for they brought too many wrong tokens. */
  get locked(): readonly string[] {
    return this.#guesses.lockedNow;
  }

  /** What is shown is folded anew at every start, so its position stands for the cursor, which is not moved. */
  report(): OutletReport {
    return { name: this.name, position: this.#needs.shown.position, trouble: null, confirmed: 0, refused: 0 };
  }

  /** Listens as soon as what is shown is whole: half a board would show fires that are long over. */
  async run(ledger: Ledger, _cursor: Cursor, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#needs.shown.caughtUp, stopped]);
    if (signal.aborted) return;
    const app = await buildServer({ ...this.#needs, configuration: this.#configuration, guesses: this.#guesses, ledger });
    try {
      await this.#listen(app);
      await stopped;
    } finally {
      await app.close();
    }
  }

  async #listen(app: FastifyInstance): Promise<void> {
    const { host, tls } = this.#configuration;
    try {
      await app.listen({ host, port: this.#port });
    } catch (error) {
      throw fail('http-unopened', `${host}:${this.#port}`, error);
    }
    const [bound] = app.addresses();
    if (bound !== undefined && typeof bound !== 'string') this.#port = bound.port; // again after a failure: pages come back to it
    this.#listening.resolve(`${tls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${this.#port}/`);
  }
}
