import { fromHex } from '../codec/hex.ts';
import type { Published, PublishingFamily } from '../family.ts';
import { isObject } from './json-payload.ts';
import { NB_HUAQIANG } from './nb-huaqiang.ts';
import { NB_LIAN } from './nb-lian.ts';
import { NB_MEOKON } from './nb-meokon.ts';
import { NB_SITERWELL, SITERWELL_DIALECTS } from './nb-siterwell.ts';
import { NB_WANLIN } from './nb-wanlin.ts';
import { unknownCode } from './saying.ts';

/** Families whose payloads travel inside an operator's push; the surer ones first. */
const INNER: readonly PublishingFamily[] = [NB_HUAQIANG, NB_MEOKON, NB_LIAN, NB_WANLIN, NB_SITERWELL];

/** How the products inside may be set. */
export const INNER_DIALECTS = SITERWELL_DIALECTS;

export interface Inner {
  readonly family: string;
  readonly published: Published;
}

const utf8 = new TextEncoder();

/** Bytes of base64 text; null where it is none. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length === 0 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The ways a payload may be written inside a push: as it is, in base64, in hex, as an object. */
function writings(value: unknown): Uint8Array[] {
  if (typeof value === 'string')
    return [utf8.encode(value), fromBase64(value), fromHex(value)].filter((bytes) => bytes !== null && bytes.length > 0) as Uint8Array[];
  return isObject(value) ? [utf8.encode(JSON.stringify(value))] : [];
}

/** Reads the payload of a device inside a push; null where it is of no family we know. Objects are searched one level deep. */
export function readInner(value: unknown): Inner | null {
  for (const bytes of writings(value)) {
    for (const family of INNER) {
      const published = family.decode(bytes);
      if (published) return { family: family.name, published };
    }
  }
  if (!isObject(value)) return null;
  for (const part of Object.values(value)) {
    const found = typeof part === 'string' || isObject(part) ? readShallow(part) : null;
    if (found) return found;
  }
  return null;
}

function readShallow(value: unknown): Inner | null {
  for (const bytes of writings(value)) {
    for (const family of INNER) {
      const published = family.decode(bytes);
      if (published) return { family: family.name, published };
    }
  }
  return null;
}

/** Taken apart and not understood. */
function isUnsaid({ observations, remarks = [] }: Published): boolean {
  return observations.length === 0 && remarks.length > 0;
}

/** A push around a payload: what the push itself says, and what the device inside said. */
export function aroundInner(
  inner: Inner | null,
  device: string | null,
  counter: number | null,
  fields: Record<string, unknown>,
): Published {
  const { published } = inner ?? {};
  return {
    device: published?.device ?? device,
    counter: published?.counter ?? counter,
    fields: { ...published?.fields, ...fields, inner: inner?.family ?? null },
    observations: published ? (isUnsaid(published) ? unknownCode(inner!.family) : published.observations) : [],
    remarks: inner ? (published?.remarks ?? []) : ['the payload inside is of no family we know: kept raw'],
  };
}

/** The payload a simulated device of an inner family sends, for the pushes that carry it. */
export const playInner = NB_HUAQIANG.play;
