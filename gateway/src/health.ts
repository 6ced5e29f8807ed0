import { createServer, type ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fail } from './failures.ts';
import { type Metric, prometheusText } from './metrics.ts';

/** A page of numbers for the installer's eyes and for Prometheus, on the machine itself only. */
export interface StatusPage {
  readonly url: string;
  close(): Promise<void>;
}

export interface StatusOptions {
  readonly host: string;
  readonly port: number;
  /** Everything there is to show, as plain JSON. */
  readonly status: () => Promise<object>;
  readonly metrics: () => Promise<readonly Metric[]>;
}

/** Serves `GET /status` (JSON) and `GET /metrics` (Prometheus text). Throws Failure `status-listen`. */
export async function openStatusPage({ host, port, status, metrics }: StatusOptions): Promise<StatusPage> {
  const pages: Readonly<Record<string, () => Promise<readonly [type: string, body: string]>>> = {
    '/status': async () => ['application/json; charset=utf-8', JSON.stringify(await status())],
    '/metrics': async () => ['text/plain; version=0.0.4; charset=utf-8', prometheusText(await metrics())],
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const page = Object.hasOwn(pages, request.url ?? '') ? pages[request.url!] : undefined;
    if (request.method !== 'GET' || !page) return end(response, 404, 'text/plain', 'GET /status or GET /metrics\n');
    page().then(
      ([type, body]) => end(response, 200, type, body),
      (error: unknown) => end(response, 503, 'text/plain; charset=utf-8', `${(error as Error).message}\n`),
    );
  });
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(fail('status-listen', `${host}:${port} ${error.message}`, error)));
    server.listen(port, host, resolve);
  });
  const { address, port: bound, family } = server.address() as { address: string; port: number; family: string };
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function end(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(body);
}

/** What the process itself has to show. */
export class ProcessNumbers {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });

  constructor() {
    this.#delay.enable();
  }

  numbers() {
    const { rss, heapUsed } = process.memoryUsage();
    const milliseconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : 0);
    return {
      residentBytes: rss,
      heapBytes: heapUsed,
      cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
      loopDelayP99Ms: milliseconds(this.#delay.percentile(99)),
      loopDelayMaxMs: milliseconds(this.#delay.max),
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
