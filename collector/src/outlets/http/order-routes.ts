import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { ORDER_BODY_BYTES_MAX, ORDER_EXPIRES_MS } from '../../limits.ts';
import { FOREIGN, isOwnOrigin } from './access.ts';
import type { Ground } from './needs.ts';
import { checked, OrderQuery } from './queries.ts';
import { frozen, Order, OrderRequest, Problem } from './schemas.ts';

const ORDERS_DEFAULT = 100;

/** What people ask of gateways. A write: the guard has seen the token or the machine's own name, and no other site may have made it. */
export function orderRoutes({ shown, orders }: Ground): FastifyPluginAsyncTypebox {
  return async (app) => {
    const problems = { '4xx': Problem, '5xx': Problem };
    app.post(
      '/api/orders',
      {
        bodyLimit: ORDER_BODY_BYTES_MAX,
        schema: {
          summary: 'gives an order to a gateway; it is durable when this answers',
          body: OrderRequest,
          response: { 202: frozen(Order), ...problems },
        },
      },
      async ({ body, headers, ip }, reply) => {
        if (!isOwnOrigin(headers.origin, headers.host)) return reply.code(403).send(FOREIGN);
        const { gateway, kind, parameters = {}, expiresMs = ORDER_EXPIRES_MS } = checked(OrderRequest, body);
        if (!shown.gateways().some((known) => known.gateway === gateway))
          return reply.code(404).send({ error: 'unknown gateway', message: `nothing was ever heard of ${gateway}` });
        const issued = await orders.issue({ gateway, kind, parameters, expiresMs, issuer: ip });
        if ('wrong' in issued) return reply.code(400).send({ error: 'parameters', message: issued.wrong });
        return reply.code(202).send(issued);
      },
    );

    const response = { 200: frozen(Type.Object({ orders: Type.Array(Order) })), ...problems };
    const summary = 'orders and what became of them, newest first';
    app.get('/api/orders', { schema: { summary, querystring: OrderQuery, response } }, async ({ query }) => {
      const { gateway, max = ORDERS_DEFAULT } = checked(OrderQuery, query);
      return { orders: await orders.list({ max, ...(gateway === undefined ? {} : { gateway }) }) };
    });
  };
}
