import type { Lane } from '@fengsui/protocol';
import type { Refusal } from './refusals.ts';

/** What decides about a CONNECT. */
export interface Knock {
  readonly clientId: string;
  readonly clean: boolean;
  readonly will: boolean;
}

/** What decides about a PUBLISH. */
export interface Published {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** How everything travels to a gateway. */
export const DOWN = { cmd: 'publish', qos: 1, retain: false, dup: false } as const;

export const receiptTopic = (gateway: string): string => `down/${gateway}/receipt`;
/** Where a gateway is told, when it begins to listen, how far its numbers have come here. */
export const holdingsTopic = (gateway: string): string => `down/${gateway}/holdings`;
export const orderTopic = (gateway: string): string => `down/${gateway}/order`;

/** What a gateway may publish: frames of a lane, or what became of an order. */
export type Publishing = { readonly lane: Lane } | { readonly order: true };

/** Why the holder of the certificate `gateway` may not come in with this; null: it may. */
export function refusalToEnter(gateway: string, { clientId, clean, will }: Knock, revoked: ReadonlySet<string>): Refusal | null {
  if (revoked.has(gateway)) return 'revoked';
  if (clientId !== gateway) return 'other-name';
  if (will) return 'will';
  return clean ? null : 'not-clean';
}

/**
 * What a gateway publishes with this, or why it may not. By equality with topics made from the certificate: a pattern filled with
 * text of the other side has widened access in other brokers. Nothing under `$SYS/` is ever equal.
 */
export function mayPublish(gateway: string, { topic, qos, retain }: Published): Publishing | { readonly refusal: Refusal } {
  if (retain) return { refusal: 'retain' };
  if (qos !== 1) return { refusal: 'quality-of-service' };
  if (topic === `up/${gateway}/alarm`) return { lane: 'alarm' };
  if (topic === `up/${gateway}/order-receipt`) return { order: true };
  return topic === `up/${gateway}/ordinary` ? { lane: 'ordinary' } : { refusal: 'topic' };
}

export function maySubscribe(gateway: string, topic: string): boolean {
  return [receiptTopic, orderTopic, holdingsTopic].some((topicOf) => topic === topicOf(gateway));
}
