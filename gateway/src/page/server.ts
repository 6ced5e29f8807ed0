import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import type { Identity } from './certificate.ts';
import type { LoginDesk } from './desk.ts';
import { pageFiles } from './files.ts';
import { isLoopback, networkOf } from './guard.ts';
import * as limits from './limits.ts';
import type { Log } from './needs.ts';
import type { Answer, Route } from './routes.ts';
import type { Sessions } from './sessions.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const LOOK_IN_LOG = 'the log of the gateway says why';
const NOT_FOUND = [404, { error: 'not found' }] as const;
const FOREIGN = [403, { error: 'this request was made by another site, or under a name this box does not have' }] as const;

export interface ServerNeeds {
  readonly host: string;
  readonly port: number;
  readonly identity: Identity;
  readonly routes: Readonly<Record<string, Route>>;
  readonly desk: LoginDesk;
  readonly sessions: Sessions;
  readonly log: Log;
}

/** Sets the page's server going. Rejects with Failure `page-listen` or `page-certificate`. */
export async function openServer(needs: ServerNeeds): Promise<Server> {
  const { host, port, identity, log, sessions } = needs;
  const files = pageFiles();
  const server = newServer(identity, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    response.on('error', () => {}); // whoever asked has gone
    answer(needs, files, request, response).then(
      (answered) => answered && send(response, ...answered),
      (error: unknown) => sendError(response, error, log, sessions.of(request.headers.cookie, false) !== null),
    );
  });
  server.maxConnections = limits.CONNECTIONS_MAX;
  shareOut(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(fail('page-listen', `${host}:${port} ${error.message}`, error)));
    server.listen(port, host, resolve);
  });
  // A page that nobody can reach for a while (no descriptors left) must not end the way of an alarm.
  server.removeAllListeners('error').on('error', (error) => log.warn({ code: 'page-listen' }, error.message));
  return server;
}

function newServer({ certificate, key }: Identity, listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const timeouts = { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 30_000, handshakeTimeout: 10_000 };
  try {
    return createServer({ cert: certificate, key, minVersion: 'TLSv1.2', ...timeouts }, listener);
  } catch (error) {
    throw fail('page-certificate', (error as Error).message, error);
  }
}

/** Nobody takes the places of all others, and nobody on the network those of the box itself. */
function shareOut(server: Server): void {
  const open = new Map<string, number>();
  let ofNetwork = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (isLoopback(address)) return;
    const from = networkOf(address);
    const mine = open.get(from) ?? 0;
    if (mine >= limits.CONNECTIONS_OF_ONE_MAX || ofNetwork >= limits.CONNECTIONS_OF_NETWORK_MAX) return void socket.destroy();
    open.set(from, mine + 1);
    ofNetwork += 1;
    socket.once('close', () => {
      ofNetwork -= 1;
      const left = open.get(from)! - 1;
      if (left > 0) open.set(from, left);
      else open.delete(from);
    });
  });
}

type Files = ReturnType<typeof pageFiles>;

async function answer(needs: ServerNeeds, files: Files, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const { routes, desk, sessions, identity } = needs;
  const { method = '', headers, url = '' } = request;
  if (!isOwnName(headers.host ?? '', identity)) return FOREIGN;
  const [path = '', search = ''] = url.split('?', 2);
  const file = method === 'GET' || method === 'HEAD' ? files.get(path) : undefined;
  if (file) return void sendFile(response, file, method);
  const isWrite = method === 'POST';
  if (isWrite && !isOwnOrigin(headers.origin, headers.host)) return FOREIGN;
  const isLogin = isWrite && path === '/api/login';
  const route = Object.hasOwn(routes, `${method} ${path}`) ? routes[`${method} ${path}`] : undefined;
  if (!route && !isLogin) return NOT_FOUND;
  // A stream that goes on by itself, and lists that refresh, are no use of the page by a person.
  const session = sessions.of(headers.cookie, isWrite);
  if (!isLogin && session === null) return [401, { error: 'log in' }];
  const said = isWrite ? await bodyOf(request) : undefined;
  if (said instanceof BadBody) return [said.code, { error: said.why }];
  if (isLogin) return desk.logIn(request, response, said);
  return route!({ response, query: new URLSearchParams(search), session: session!, said });
}

/** A foreign name in Host is a page that had its own name resolve to this box. */
function isOwnName(host: string, { certificate }: Identity): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || name === 'localhost' || (name !== '' && new X509Certificate(certificate).checkHost(name) !== undefined);
}

/** A browser names the origin of every write; who names none is no browser of ours. */
function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && host !== undefined && origin === `https://${host}`;
}

class BadBody {
  readonly code: number;
  readonly why: string;

  constructor(code: number, why: string) {
    this.code = code;
    this.why = why;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return new BadBody(415, 'must be application/json');
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > limits.BODY_BYTES_MAX) return new BadBody(413, 'too long');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    return new BadBody(400, 'is no JSON');
  }
}

function sendFile(response: ServerResponse, { type, bytes }: { type: string; bytes: Buffer }, method: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
  response.end(method === 'HEAD' ? undefined : bytes);
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/**
 * What a caller may know of an error: our own words, never those of the inside. They name files and commands of the box, so a stranger
 * is told where to look and nothing else.
 */
function sendError(response: ServerResponse, error: unknown, log: Log, isKnown: boolean): void {
  log.warn({ code: 'page-answer', error: error instanceof Failure ? error.message : (error as Error)?.stack }, 'the page could not answer');
  if (response.headersSent) return void response.destroy();
  const code = error instanceof Failure ? 503 : 500;
  if (!isKnown) send(response, code, { error: 'not now', message: LOOK_IN_LOG });
  else if (error instanceof Failure) send(response, code, { error: error.code, message: error.message });
  else send(response, code, { error: 'internal', message: LOOK_IN_LOG });
}
