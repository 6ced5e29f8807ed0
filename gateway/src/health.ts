import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
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
  /** Hears of what goes wrong with the page once it is open. */
  readonly trouble: (error: Error) => void;
  /** What somebody at the box may say, by path: takes a JSON value, answers code and JSON. */
  readonly told: Readonly<Record<string, (said: unknown) => readonly [code: number, answer: object]>>;
}

/** In the data folder: where the status of the gateway that runs is, for a command beside it. */
export const STATUS_ADDRESS = 'status.url';

/** The longest thing a person says here. */
const BODY_BYTES_MAX = 4_096;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Serves `GET /status` (JSON), `GET /metrics` (Prometheus text) and what may be told by `POST`. Throws Failure `status-listen`.
 */
export async function openStatusPage({ host, port, status, metrics, trouble, told }: StatusOptions): Promise<StatusPage> {
  const pages: Readonly<Record<string, () => Promise<readonly [type: string, body: string]>>> = {
    '/status': async () => ['application/json; charset=utf-8', JSON.stringify(await status())],
    '/metrics': async () => ['text/plain; version=0.0.4; charset=utf-8', prometheusText(await metrics())],
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (!isOwnName(request)) return end(response, 403, 'text/plain', 'ask under a name of this machine: 127.0.0.1, [::1] or localhost\n');
    const page = Object.hasOwn(pages, request.url ?? '') ? pages[request.url!] : undefined;
    const tell = Object.hasOwn(told, request.url ?? '') ? told[request.url!] : undefined;
    if (request.method === 'POST' && tell) return void hear(request, response, tell);
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
  // A page that nobody can reach for a while (no descriptors left) must not end the way of an alarm.
  server.removeAllListeners('error').on('error', (error) => trouble(error));
  const { address, port: bound, family } = server.address() as { address: string; port: number; family: string };
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Another name is one that somebody made to lead here: a page of his would read us with the browser of this machine. */
function isOwnName({ headers: { host = '' } }: IncomingMessage): boolean {
  return LOOPBACK.has(host.replace(/:\d+$/, ''));
}

/** Takes what somebody says from this machine: JSON, under the machine's own name, from no page of another site. */
async function hear(request: IncomingMessage, response: ServerResponse, tell: StatusOptions['told'][string]): Promise<void> {
  const { host = '', origin, 'content-type': type } = request.headers;
  const answer = (code: number, body: object) => end(response, code, 'application/json; charset=utf-8', JSON.stringify(body));
  const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
  if (!isOwn) return answer(403, { error: 'foreign' });
  if (!/^application\/json\b/.test(type ?? '')) return answer(415, { error: 'must be application/json' });
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > BODY_BYTES_MAX) return answer(413, { error: 'too long' });
      pieces.push(piece);
    }
    return answer(...tell(JSON.parse(Buffer.concat(pieces).toString('utf8'))));
  } catch (error) {
    return answer(400, { error: (error as Error).message });
  }
}

function end(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(body);
}

/** What the process itself has to show. */
export function processNumbers() {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { residentBytes: rss, heapBytes: heapUsed, cpuSeconds: (user + system) / 1e6 };
}
