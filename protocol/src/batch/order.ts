import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import * as Value from 'typebox/value';
import type { Words } from '../words.ts';
import { fengsui } from './batch.generated.js';
import { checked, type Malformed, wholeOf } from './batch.ts';

/** Longest order and longest receipt in bytes: a site's configuration fits the first, an MQTT packet of the intake the second. */
export const ORDER_BYTES_MAX = 256 * 1024;
export const ORDER_RECEIPT_BYTES_MAX = 15 * 1024;
/** Longest configuration text an order carries. */
const CONFIGURATION_CHARACTERS_MAX = 60_000;

const closed = { additionalProperties: false };

/** Reading unit → the unit that answers it (GB/T 26875.3-2011 table 3). */
export const READ_UNITS = new Map([
  [61, 1],
  [62, 2],
  [63, 3],
  [64, 4],
  [65, 5],
  [66, 6],
  [67, 7],
  [68, 8],
  [81, 21],
  [84, 24],
  [85, 25],
  [86, 26],
  [88, 28],
] as const);
export type ReadUnit = Parameters<(typeof READ_UNITS)['get']>[0];

const u8 = { minimum: 0, maximum: 255 };
/** One thing a reading unit asks for; each takes the fields its figure has (§8.3.2.1–8.3.2.13). */
const ReadObject = Type.Object(
  {
    systemType: Type.Optional(Type.Integer(u8)),
    systemAddress: Type.Optional(Type.Integer(u8)),
    componentAddress: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff })),
    /** Records wanted at most. */
    recordCount: Type.Optional(Type.Integer({ minimum: 1, maximum: 102 })),
    /** Records from this time on, `YYYY-MM-DDTHH:mm:ss` in the zone of the site. */
    startTime: Type.Optional(Type.String({ pattern: '^20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d$' })),
  },
  closed,
);
export type ReadObject = Static<typeof ReadObject>;

/** Path of LwM2M: object, instance, resource. Not that of objects 0 and 21, which hold the device's keys (OMA-TS-LightweightM2M E.1). */
const READABLE = '^/(?!(0|21)(/|$))\\d{1,5}(/\\d{1,5}){0,2}$';

/** What may be asked of a gateway. None of it reaches a fire alarm panel: the gateway reads from equipment and writes nothing to it. */
export const ORDER_KINDS = {
  /** 查岗: somebody on site says that somebody is there (GB/T 26875.3-2011 8.3.2.16). */
  'duty-check': {
    en: 'duty check',
    zh: '查岗',
    parameters: Type.Object({ timeoutMinutes: Type.Integer({ minimum: 1, maximum: 255, default: 10 }) }, closed),
  },
  /** Compares the box's clock with the issuer's; sets it where the box is told how. Never a panel's clock. */
  clock: {
    en: 'compare or set the clock of the box',
    zh: '网关对时',
    parameters: Type.Object({ set: Type.Boolean({ default: false }) }, closed),
  },
  read: {
    en: 'read state, configuration or version of the gateway and of facilities',
    zh: '读取网关与建筑消防设施的状态、配置或版本',
    parameters: Type.Object(
      {
        what: Type.Unsafe<'state' | 'configuration' | 'version' | 'unit'>(
          Type.Enum(['state', 'configuration', 'version', 'unit'], { default: 'state' }),
        ),
        /** With `unit`: a reading unit of GB/T 26875.3-2011 table 3, 61–68 about facilities, 81–88 about the gateway. */
        unit: Type.Optional(Type.Unsafe<ReadUnit>(Type.Enum([...READ_UNITS.keys()]))),
        /** What that unit asks for; none: everything there is. */
        objects: Type.Optional(Type.Array(ReadObject, { maxItems: 102 })),
        /** Of one device alone; absent: of all. */
        source: Type.Optional(Type.String({ maxLength: 64 })),
      },
      closed,
    ),
  },
  /** Asks a device that sleeps, when it next speaks. A read (GET) alone: no order writes to a device, or makes it act. */
  'device-read': {
    en: 'read an object of a device that sleeps (LwM2M)',
    zh: '读取休眠设备的对象(LwM2M)',
    parameters: Type.Object(
      {
        /** Its name in the configuration, or its IMEI. */
        device: Type.String({ minLength: 1, maxLength: 64 }),
        path: Type.String({
          pattern: READABLE,
          description: 'must be /object/instance/resource, /object/instance or /object; 0 and 21 hold keys',
        }),
        /** How long it may take until the device speaks: a day and an hour, for most speak once a day. */
        waitMinutes: Type.Integer({ minimum: 1, maximum: 2_880, default: 1_500 }),
      },
      closed,
    ),
  },
  configuration: {
    en: 'take another configuration',
    zh: '下发配置',
    parameters: Type.Object(
      {
        /** Rises with every configuration of this gateway. */
        version: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        text: Type.String({ minLength: 1, maxLength: CONFIGURATION_CHARACTERS_MAX }),
        /** Ed25519 over `configurationBytes`, Base64. */
        signature: Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$' }),
      },
      closed,
    ),
  },
  capture: {
    en: 'record the bytes of a line',
    zh: '线路抓包',
    parameters: Type.Object(
      { line: Type.String({ minLength: 1, maxLength: 64 }), seconds: Type.Integer({ minimum: 1, maximum: 300, default: 10 }) },
      closed,
    ),
  },
  restart: { en: 'restart the gateway', zh: '重启网关', parameters: Type.Object({}, closed) },
} as const satisfies Record<string, Words & { parameters: TSchema }>;
export type OrderKind = keyof typeof ORDER_KINDS;
export type OrderParameters<K extends OrderKind> = Static<(typeof ORDER_KINDS)[K]['parameters']>;

/** What became of an order. `delivered`: on the gateway's durable record; the others are final. */
export const ORDER_STATES = {
  delivered: { code: 1, en: 'delivered', zh: '已送达' },
  done: { code: 2, en: 'done', zh: '已执行' },
  refused: { code: 3, en: 'refused', zh: '已拒绝' },
  expired: { code: 4, en: 'expired', zh: '已过期' },
  unanswered: { code: 5, en: 'unanswered', zh: '无人应答' },
} as const satisfies Record<string, Words & { code: number }>;
export type OrderState = keyof typeof ORDER_STATES;

export interface Order {
  readonly gateway: string;
  /** 32 lower-case hex digits. */
  readonly id: string;
  /** A word of `ORDER_KINDS`, or one that only a newer Fengsui knows. */
  readonly kind: string;
  /** As they came: `orderParameters` checks them. */
  readonly parameters: unknown;
  /** Milliseconds since 1970-01-01 UTC by the issuer's clock, like the next two. */
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly sentMs: number;
}

export interface OrderReceipt {
  readonly gateway: string;
  readonly id: string;
  readonly state: OrderState;
  /** Milliseconds since 1970-01-01 UTC by the gateway's clock. */
  readonly atMs: number;
  /** Any JSON value; null where there is nothing to say. */
  readonly result: unknown;
}

const ID = /^[0-9a-f]{32}$/;

export function encodeOrder({ parameters, ...order }: Order): Uint8Array {
  return fengsui.Order.encode({ ...order, parameters: JSON.stringify(parameters) }).finish();
}

export function encodeOrderReceipt({ state, result, ...receipt }: OrderReceipt): Uint8Array {
  const written = JSON.stringify(result ?? null);
  return fengsui.OrderReceipt.encode({ ...receipt, state: ORDER_STATES[state].code, result: written }).finish();
}

/** Reads an order from bytes of unknown honesty. Never throws. */
export function decodeOrder(bytes: Uint8Array): Order | Malformed {
  if (bytes.length > ORDER_BYTES_MAX) return { malformed: `${bytes.length} bytes` };
  return checked(() => {
    const { gateway, id, kind, parameters, ...times } = fengsui.Order.decode(bytes);
    const [issuedMs, expiresMs, sentMs] = [times.issuedMs, times.expiresMs, times.sentMs].map(wholeOf) as [number, number, number];
    if (!gateway || !ID.test(id) || !kind) return { malformed: 'gateway, id or kind is missing' };
    if (![issuedMs, expiresMs, sentMs].every((ms) => Number.isSafeInteger(ms) && ms >= 0)) return { malformed: 'a time is missing' };
    return { gateway, id, kind, parameters: JSON.parse(parameters || '{}') as unknown, issuedMs, expiresMs, sentMs };
  });
}

/** Reads a receipt of an order from bytes of unknown honesty. Never throws. */
export function decodeOrderReceipt(bytes: Uint8Array): OrderReceipt | Malformed {
  return checked(() => {
    const { gateway, id, state: code, atMs, result } = fengsui.OrderReceipt.decode(bytes);
    const state = (Object.keys(ORDER_STATES) as OrderState[]).find((name) => ORDER_STATES[name].code === code);
    const ms = wholeOf(atMs);
    if (!gateway || !ID.test(id) || !state || !Number.isSafeInteger(ms)) return { malformed: 'gateway, id, state or time is missing' };
    return { gateway, id, state, atMs: ms, result: JSON.parse(result || 'null') as unknown };
  });
}

export const isOrderKind = (kind: string): kind is OrderKind => Object.hasOwn(ORDER_KINDS, kind);

/** The parameters of an order of that kind with defaults filled in, or what is wrong with them. */
export function orderParameters<K extends OrderKind>(kind: K, given: unknown): OrderParameters<K> | { readonly wrong: string } {
  const schema: TSchema = ORDER_KINDS[kind].parameters;
  const filled = Value.Default(schema, structuredClone(given ?? {}));
  if (Value.Check(schema, filled)) return filled as OrderParameters<K>;
  const [first] = Value.Errors(schema, filled);
  const where = first?.instancePath.replaceAll('/', '.') ?? '';
  const { properties } = schema as { properties?: Readonly<Record<string, { readonly description?: string }>> };
  return { wrong: `parameters${where}: ${properties?.[where.slice(1)]?.description ?? first?.message ?? 'do not fit'}` };
}

/** What is signed when a configuration is pushed: bound to one gateway and one version, so that neither an older one nor a neighbour's fits. */
export function configurationBytes(gateway: string, version: number, text: string): Uint8Array {
  return new TextEncoder().encode(`fengsui configuration\n${gateway}\n${version}\n${text}`);
}
