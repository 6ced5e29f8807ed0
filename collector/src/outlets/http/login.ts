import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Access, FOREIGN, isOwnOrigin, WRONG_TOKEN_MS } from './access.ts';
import { Problem } from './schemas.ts';

const Login = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) }, { additionalProperties: false });

const WRONG = { error: 'unauthorized', message: 'the token is wrong' };
const BUSY = { error: 'too many requests', message: 'too many wrong tokens, try again in a moment' };

/** A session for the page, which cannot send an Authorization header with its stream. */
export function loginRoutes(access: Access): FastifyPluginAsyncTypebox {
  return async (app) => {
    const response = { 204: Type.Null(), '4xx': Problem, '5xx': Problem };

    app.post(
      '/login',
      { schema: { summary: 'opens a session: sets a cookie', body: Login, response } },
      async ({ body, headers }, reply) => {
        if (!isOwnOrigin(headers.origin, headers.host)) return reply.code(403).send(FOREIGN);
        if (access.isToken(body.token)) return reply.code(204).header('set-cookie', access.open()).send(null);
        if (!access.beginWrong()) return reply.code(429).header('retry-after', '2').send(BUSY);
        try {
          await wait(WRONG_TOKEN_MS);
        } finally {
          access.endWrong();
        }
        return reply.code(401).send(WRONG);
      },
    );

    app.post('/logout', { schema: { summary: 'ends the session', response } }, async ({ headers }, reply) => {
      if (!isOwnOrigin(headers.origin, headers.host)) return reply.code(403).send(FOREIGN);
      return reply.code(204).header('set-cookie', access.close(headers.cookie)).send(null);
    });
  };
}
