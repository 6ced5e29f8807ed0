import type { ServerResponse } from 'node:http';
import { diagnosticsOf } from './diagnostics.ts';
import * as limits from './limits.ts';
import type { PageNeeds } from './needs.ts';
import { type PointQuery, pageOf } from './points.ts';
import type { Sessions } from './sessions.ts';
import type { Streams } from './streams.ts';
import { wordsOf } from './view.ts';

/** A request of somebody who is logged in. */
export interface Asked {
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly session: string;
  /** Of a write: the JSON value that was said. */
  readonly said?: unknown;
}

/** Code and JSON; or nothing, where the route answers by itself. */
export type Answer = readonly [code: number, body: object] | undefined;
export type Route = (asked: Asked) => Answer | Promise<Answer>;

const NO_LINE = [404, { error: 'unknown line' }] as const;
const FULL = [503, { error: 'too many open pages, close one 打开的页面过多,请关闭一个' }] as const;

const TEST_ALARM_ANSWERS = {
  begun: [202, { begun: true }],
  stands: [409, { error: 'a test alarm stands 试报警正在进行' }],
  'too soon': [429, { error: 'wait ten seconds between test alarms 两次试报警须间隔 10 秒' }],
} as const;

/** What may be read and said, by method and path. */
export function routesOf(needs: PageNeeds, streams: Streams, sessions: Sessions): Readonly<Record<string, Route>> {
  const { configuration, points, noise, answerDuty, seenUnwatched, alarm, clock } = needs;
  const { id, zoneMinutes } = configuration.gateway;
  return {
    'GET /api/hello': () => [200, { id, zoneMinutes, nowMs: Math.round(clock.wallMs()), words: wordsOf() }],
    'GET /api/stream': ({ response, session }) => (streams.hasRoom ? void streams.status(response, session) : FULL),
    'GET /api/bytes': ({ response, session, query }) => {
      if (!streams.hasRoom) return FULL;
      return streams.bytes(response, session, query.get('line') ?? '') ? undefined : NO_LINE;
    },
    'GET /api/noise': ({ query }) => {
      const line = configuration.lines.find(({ name }) => name === query.get('line'));
      return line ? [200, { noise: noise(line.name) }] : NO_LINE;
    },
    'GET /api/points': async ({ query }) => [200, pageOf(await points(), queryIn(query))],
    'GET /api/diagnostics': async ({ response }) => {
      const text = await diagnosticsOf(needs);
      const day = new Date(clock.wallMs()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
      response.setHeader('content-disposition', `attachment; filename="fengsui-${id}-${day}.json"`);
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end(text);
      return undefined;
    },
    'POST /api/active': () => [200, {}],
    'POST /api/duty-answer': ({ said }) => answerDuty(said),
    'POST /api/unwatched-seen': async () => {
      await seenUnwatched();
      return [200, {}];
    },
    'POST /api/test-alarm': async ({ said }) => {
      const about = aboutIn(said);
      if (about === null) return [400, { error: `about: text of at most ${ABOUT_CHARACTERS_MAX} characters` }];
      return TEST_ALARM_ANSWERS[await alarm.begin(about)];
    },
    'POST /api/test-alarm/end': async () => {
      await alarm.end();
      return [200, {}];
    },
    'POST /api/logout': ({ response, session }) => {
      response.setHeader('set-cookie', sessions.close(session));
      return [200, {}];
    },
  };
}

/** As long as a place in a point table. */
const ABOUT_CHARACTERS_MAX = 80;

function aboutIn(said: unknown): string | null {
  const { about = '' } = (said ?? {}) as { about?: unknown };
  if (typeof about !== 'string' || [...about].length > ABOUT_CHARACTERS_MAX) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return about.replace(/[\u0000-\u001f\u007f]/g, ' ').trim();
}

function queryIn(query: URLSearchParams): PointQuery {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise);
    return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
  };
  const show = query.get('show');
  return {
    search: (query.get('search') ?? '').slice(0, 200),
    show: show === 'abnormal' || show === 'silent' ? show : 'all',
    offset: number('offset', 0),
    max: number('max', limits.POINTS_PER_PAGE_MAX),
  };
}
