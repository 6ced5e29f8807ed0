import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { Failure } from '@fengsui/protocol';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Access, lockedOut } from './access.ts';
import { loginRoutes } from './login.ts';
import type { Ground } from './needs.ts';
import { orderRoutes } from './order-routes.ts';
import { readRoutes } from './routes.ts';
import { Stream } from './stream.ts';
import { streamRoute } from './stream-route.ts';

const PAGE = fileURLToPath(new URL('../../../page/', import.meta.url));
/** What the page itself is made of: no data, so anybody may have it, also to log in. */
const PAGE_FILES = readdirSync(PAGE).filter((name) => /\.(html|js|css|svg)$/.test(name));
const OPEN_PATHS: ReadonlySet<string> = new Set(['/', '/login', ...PAGE_FILES.map((name) => `/${name}`)]);

/** The longest body is a token. */
const BODY_BYTES_MAX = 4_096;
/** Fastify's own defaults are no limit at all (reliability T23). */
const REQUEST_TIMEOUT_MS = 30_000;
/** An open stream writes every 2 s, so only the dead are silent for so long. */
const CONNECTION_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 15_000;
const CONNECTIONS_MAX = 500;

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a request without token means us: a foreign name in Host is a page that had its own name resolve to this machine. */
function namesThisMachine(host: string | undefined, configured: string): boolean {
  const name = host?.replace(/:\d+$/, '') ?? '';
  return LOOPBACK.has(name) || name === configured;
}

function guard(app: FastifyInstance, access: Access, configured: string): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (access.isOpen) {
      if (namesThisMachine(request.headers.host, configured)) return;
      return reply.code(403).send({ error: 'foreign host', message: 'this machine has no such name' });
    }
    const [path = ''] = request.url.split('?');
    if (OPEN_PATHS.has(path)) return;
    const judgement = await access.ask(request.headers.authorization, request.headers.cookie, request.ip);
    if (judgement === 'right') return;
    if (judgement !== 'wrong') return lockedOut(reply, judgement.lockedMs);
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'unauthorized', message: 'bring the token, or log in' });
  });
}

/** What a caller may know of an error: our own words, never those of the inside. */
function answerErrors(app: FastifyInstance, onTrouble: Ground['onTrouble']): void {
  app.setErrorHandler((error: FastifyError | Failure, _request, reply) => {
    if (error instanceof Failure) {
      onTrouble(error);
      return reply.code(503).send({ error: error.code, message: error.message });
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: error.code ?? 'bad request', message: error.message });
    onTrouble(error);
    return reply.code(status).send({ error: 'internal', message: 'the collector could not answer; its log says why' });
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found', message: 'there is no such path' }));
}

function newApp({ configuration: { tls } }: Ground): FastifyInstance {
  const limits = {
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    handlerTimeout: ANSWER_TIMEOUT_MS,
    forceCloseConnections: true,
    trustProxy: false,
  };
  const app: FastifyInstance = tls
    ? (fastify({ ...limits, https: { cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance)
    : fastify(limits);
  app.server.maxConnections = CONNECTIONS_MAX;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser('text/plain');
  return app;
}

/** A server with every route, not listening yet. */
export async function buildServer(ground: Ground): Promise<FastifyInstance> {
  const app = newApp(ground);
  const { configuration, guesses, onTrouble } = ground;
  const access = new Access(configuration.token, configuration.tls !== undefined, guesses, Date.now);
  const stream = new Stream(ground);
  app.addHook('preClose', async () => stream.close());
  guard(app, access, configuration.host);
  answerErrors(app, onTrouble);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Fengsui collector',
        version: '1',
        description: 'Incidents, devices and events of the fire-IoT ledger, and orders to its gateways.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...(configuration.token !== undefined && { security: [{ token: [] }] }),
    },
  });
  await app.register(readRoutes(ground, stream));
  await app.register(orderRoutes(ground));
  await app.register(streamRoute(ground, stream));
  await app.register(loginRoutes(access));
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(fastifyStatic, { root: PAGE, globIgnore: ['*.json'], wildcard: false, cacheControl: false, dotfiles: 'deny' });
  return app;
}
