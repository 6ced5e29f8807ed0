import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Ground } from './needs.ts';
import type { Stream } from './stream.ts';

const DESCRIPTION = `Server-sent events. First comes \`hello\` {position, resumed, nowMs, zoneMinutes, operator, heartbeatMs}: fetch the lists then.
After it, as they are committed, \`incidents\` {incidents, gone}, \`devices\` {devices} and \`entry\` (one of /api/events, its position the id of
the message), and every heartbeatMs \`heartbeat\` {nowMs, position}. Last-Event-ID resumes behind that position unless it is too far back
(\`resumed\` says). A reader who reads too slowly is closed and may resume.`;

const FULL = { error: 'too many readers', message: 'too many open streams, try again in a moment' };

export function streamRoute({ onTrouble }: Ground, stream: Stream): FastifyPluginAsyncTypebox {
  return async (app) => {
    const schema = { summary: 'what happens, as it is committed', description: DESCRIPTION, produces: ['text/event-stream'] };
    app.get('/api/stream', { schema }, async (request, reply) => {
      if (!stream.hasRoom) return reply.code(503).header('retry-after', '10').send(FULL);
      const [lastId] = /^\d{1,15}$/.exec(String(request.headers['last-event-id'] ?? '')) ?? [];
      reply.hijack();
      const headers = Object.entries(reply.getHeaders()).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
      const own = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };
      reply.raw.writeHead(200, { ...Object.fromEntries(headers), ...own });
      stream.attach(reply.raw, lastId === undefined ? null : Number(lastId)).catch((error: unknown) => {
        onTrouble(error);
        reply.raw.destroy();
      });
      return reply;
    });
  };
}
