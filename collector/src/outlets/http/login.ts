import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Access, FOREIGN, isOwnOrigin, lockedOut } from './access.ts';
import { Problem } from './schemas.ts';

const Login = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) }, { additionalProperties: false });

const WRONG = { error: 'unauthorized', message: 'the token is wrong' };

/** A session for the page, which cannot send an Authorization header with its stream. */
export function loginRoutes(access: Access): FastifyPluginAsyncTypebox {
  return async (app) => {
    const response = { 204: Type.Null(), '4xx': Problem, '5xx': Problem };

    app.post(
      '/login',
      { schema: { summary: 'opens a session: sets a cookie', body: Login, response } },
      async ({ body, headers, ip }, reply) => {
        if (!isOwnOrigin(headers.origin, headers.host)) return reply.code(403).send(FOREIGN);
        const judgement = await access.judge(body.token, ip);
        if (judgement === 'right') return reply.code(204).header('set-cookie', access.open()).send(null);
        return judgement === 'wrong' ? reply.code(401).send(WRONG) : lockedOut(reply, judgement.lockedMs);
      },
    );

    app.post('/logout', { schema: { summary: 'ends the session', response } }, async ({ headers }, reply) => {
      if (!isOwnOrigin(headers.origin, headers.host)) return reply.code(403).send(FOREIGN);
      return reply.code(204).header('set-cookie', access.close(headers.cookie)).send(null);
    });
  };
}
