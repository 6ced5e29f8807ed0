import type { Heard } from '../heard.ts';
import type { Links } from '../links.ts';
import type { PushRefusal } from './cloud.ts';
import type { PushAnswer, PushDesk, PushSaid } from './desk.ts';
import type { Seen } from './seen.ts';

/** A whole request as it came. */
export interface PushRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: Uint8Array;
}

/** Why something of a push became no event, or one that nobody could read. */
export type PushUnheard = PushRefusal | 'repeat' | 'undecodable' | 'sealed' | 'unknown-device';

/** Counts it; the bytes are the evidence. */
export type CountPush = (why: PushUnheard, bytes?: Uint8Array) => void;

/** What requests that share one commit say, and which of them are answered without it. */
export interface PushRound<R> {
  readonly atOnce: ReadonlyArray<readonly [request: R, answer: PushAnswer]>;
  /** To be answered once all that was said is durable. */
  readonly held: readonly R[];
  readonly said: readonly PushSaid[];
}

export function readRound<R extends PushRequest>(requests: readonly R[], desk: PushDesk, heardMs: number, count: CountPush): PushRound<R> {
  const atOnce: Array<readonly [R, PushAnswer]> = [];
  const held: R[] = [];
  const said: PushSaid[] = [];
  for (const request of requests) {
    const reading = desk.read(request.method, request.target, request.body, heardMs);
    if ('refused' in reading) {
      count(reading.refused, request.body);
      atOnce.push([request, reading.answer]);
    } else if ('greeted' in reading) atOnce.push([request, reading.greeted]);
    else {
      held.push(request);
      said.push(...reading.said);
    }
  }
  return { atOnce, held, said };
}

/** The messages of a round that are no copies: neither of what is durable nor of one another. */
export function freshOf(said: readonly PushSaid[], seen: Seen, count: CountPush): PushSaid[] {
  const inRound = new Set<string>();
  return said.filter(({ key, unread, isStranger, heard: { packet } }) => {
    if (seen.has(key) || (key !== null && inRound.has(key))) {
      count('repeat');
      return false;
    }
    if (key !== null) inRound.add(key);
    if (unread !== null) count(unread, packet!);
    if (isStranger) count('unknown-device', packet!);
    return true;
  });
}

/**
 * What messages say, with what they tell of the links of their devices. A cloud reports a device online at every wake-up and
 * offline again and again; only what changes how a link stands is said. A message of the device itself shows that it is there.
 */
export function withLinks(said: ReadonlyArray<{ readonly heard: Heard }>, links: Links): Heard[] {
  const told = new Set<string>();
  const heard = said.map(({ heard }) => {
    if (!links.watches(heard.device)) return heard;
    const others = heard.observations.filter(({ what }) => what !== 'link');
    const isLost = others.length === 0 && heard.observations.some(({ detail }) => detail === 'lost');
    const news = isLost ? links.lose(heard.device)?.observations[0] : links.spoke(heard.device);
    const isNews = news && !told.has(`${heard.device} ${news.detail}`);
    if (isNews) told.add(`${heard.device} ${news.detail}`);
    return { ...heard, observations: isNews ? [news, ...others] : others };
  });
  return heard.filter(({ observations }) => observations.length > 0);
}
