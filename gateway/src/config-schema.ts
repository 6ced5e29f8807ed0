import { EVENT_KINDS, type EventKind, QUANTITIES, type Quantity, WHATS, type What } from '@fengsui/protocol';
import type { Frozen } from '@fengsui/protocol/settings';
import Type, { type Static } from 'typebox';
import * as limits from './limits.ts';

const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] as const;

const closed = { additionalProperties: false };
const u8 = { minimum: 0, maximum: 255 };
const u16 = { minimum: 0, maximum: 0xffff };
const u32 = { minimum: 0, maximum: 0xffffffff };
const u48 = { minimum: 0, maximum: 2 ** 48 - 1 };
const milliseconds = (standard: number, minimum = 0) => Type.Integer({ default: standard, minimum, maximum: 366 * 86_400_000 });
const choice = <T extends string | number>(values: readonly T[], standard?: T) =>
  Type.Unsafe<T>(Type.Enum([...values], standard === undefined ? {} : { default: standard }));
const choices = <T extends string>(words: object) => choice(Object.keys(words) as T[]);
const text = (longest: number) =>
  Type.String({ pattern: `^[^\\u0000-\\u001f\\u007f]{1,${longest}}$`, says: `must be 1 to ${longest} printable characters` });
const name = Type.String({
  pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}$',
  says: 'must begin with a letter or digit and hold at most 64 letters, digits, dots, hyphens and underscores',
});
const host = Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,253}$', says: 'must be a host name or an IP address' });

const Wire = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('serial'),
      path: text(255),
      baudRate: Type.Optional(choice(BAUD_RATES)),
      dataBits: Type.Optional(choice([7, 8])),
      parity: Type.Optional(choice(['none', 'even', 'odd'])),
      stopBits: Type.Optional(choice([1, 2])),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('tcp'),
      host,
      port: Type.Integer({ minimum: 1, maximum: 0xffff }),
      /** The far end is a serial server: Modbus stays RTU on it. Otherwise a polled device on TCP speaks Modbus TCP. */
      serialServer: Type.Boolean({ default: false }),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('udp'), host, port: Type.Integer(u16) }, closed),
  Type.Object(
    {
      /** Devices connect to us: transmission devices of GB/T 26875.3. */
      kind: Type.Literal('tcp-server'),
      host,
      port: Type.Integer(u16),
      connectionsMax: Type.Integer({ default: limits.CONNECTIONS_MAX, minimum: 1, maximum: 10_000 }),
    },
    closed,
  ),
]);

const Address = Type.Object(
  {
    controller: Type.Optional(Type.Integer(u32)),
    loop: Type.Optional(Type.Integer(u32)),
    point: Type.Optional(Type.Integer(u32)),
    zone: Type.Optional(Type.Integer(u32)),
    channel: Type.Optional(Type.Integer(u32)),
    device: Type.Optional(text(64)),
  },
  closed,
);

const Threshold = Type.Object(
  { limit: Type.Number(), hysteresis: Type.Number({ default: 0, minimum: 0 }), delayMs: milliseconds(0) },
  closed,
);

const Report = Type.Object(
  {
    /** Dead band in the unit of the quantity: a value that moved further is reported at once; absent: change is no reason. */
    changeOf: Type.Optional(Type.Number({ minimum: 0 })),
    everyMs: milliseconds(limits.REPORT_EVERY_MS, 1_000),
  },
  { ...closed, default: {} },
);

const Point = Type.Object(
  {
    /** Talking and publishing devices: how the device itself counts. */
    address: Type.Optional(Address),
    /** Polled devices: name of the family's register point. */
    register: Type.Optional(text(64)),
    place: Type.Optional(text(80)),
    /** Where the point belongs to another system than its device. */
    systemType: Type.Optional(Type.Integer(u8)),
    systemAddress: Type.Optional(Type.Integer(u8)),
    /** GB/T 26875.3-2011 table 5. */
    componentType: Type.Optional(Type.Integer(u8)),
    componentAddress: Type.Optional(Type.Integer(u32)),
    means: Type.Optional(
      Type.Unsafe<{ [word in What]?: EventKind }>({
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(WHATS.map((what) => [what, choices(EVENT_KINDS)])),
      }),
    ),
    /** A dry contact: the kind that stands while the contact is closed, or open. */
    contact: Type.Optional(Type.Object({ kind: choices<EventKind>(EVENT_KINDS), when: choice(['closed', 'open'], 'closed') }, closed)),
    quantity: Type.Optional(choices<Quantity>(QUANTITIES)),
    scale: Type.Number({ default: 1 }),
    low: Type.Optional(Threshold),
    high: Type.Optional(Threshold),
    report: Report,
    /** false: what it says is marked as not in service (GB/T 45839-2025 5.8.4). */
    inService: Type.Boolean({ default: true }),
  },
  closed,
);

const Device = Type.Object(
  {
    name,
    family: Type.String(),
    part: Type.Object(
      { systemType: Type.Integer({ ...u8, default: 1 }), systemAddress: Type.Integer({ ...u8, default: 1 }) },
      { ...closed, default: {} },
    ),
    /** Modbus unit; polled devices. */
    unit: Type.Optional(Type.Integer({ minimum: 1, maximum: 247 })),
    /** IMEI or endpoint name of publishing devices; source address (12 hex digits, as on the wire) of those that share a door. */
    device: Type.Optional(text(64)),
    /** Habits of the maker, where the family has dialects (GB/T 26875.3). */
    dialect: Type.Optional(Type.String()),
    /** Overrides the family's silence after which the device counts as lost. */
    silenceMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 366 * 86_400_000 })),
    /** Overrides the family's period between two polls. */
    pollEveryMs: Type.Optional(Type.Integer({ minimum: 50, maximum: 86_400_000 })),
    inService: Type.Boolean({ default: true }),
    points: Type.Array(Point, { default: [] }),
  },
  closed,
);

const Line = Type.Object({ name, wire: Wire, devices: Type.Array(Device, { minItems: 1 }) }, closed);

/** The one schema: type, check, defaults and reference page of a gateway's YAML file. */
export const GATEWAY_SCHEMA = Type.Object(
  {
    gateway: Type.Object(
      {
        id: Type.String({
          pattern: '^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$',
          says: 'must begin with a letter or digit and hold at most 64 letters, digits, dots and hyphens: it is a topic segment and a certificate name',
        }),
        address: Type.Integer(u48),
        centre: Type.Integer(u48),
        zoneMinutes: Type.Integer({ default: 480, minimum: -720, maximum: 840 }),
        clockSynchronisedFile: Type.String({ default: limits.CLOCK_SYNCHRONISED_FILE }),
      },
      closed,
    ),
    data: Type.String({ minLength: 1 }),
    profile: Type.String(),
    uplink: Type.Object(
      {
        url: Type.String({ pattern: '^(mqtts|mqtt)://[^/@]+$', says: 'must be mqtts://host:port' }),
        ca: Type.Optional(Type.String()),
        certificate: Type.Optional(Type.String()),
        key: Type.Optional(Type.String()),
        /** Name the collector's certificate must carry, where it differs from the host of the URL. */
        serverName: Type.Optional(host),
        keepaliveS: Type.Integer({ default: limits.KEEPALIVE_S, minimum: 1, maximum: 40 }),
        reconnectMinMs: Type.Integer({ default: limits.RECONNECT_MIN_MS, minimum: 50, maximum: 60_000 }),
        reconnectMaxMs: Type.Integer({ default: limits.RECONNECT_MAX_MS, minimum: 50, maximum: 60_000 }),
        receiptTimeoutMs: Type.Integer({ default: limits.RECEIPT_TIMEOUT_MS, minimum: 100, maximum: 60_000 }),
      },
      closed,
    ),
    status: Type.Object(
      { host: Type.String({ default: '127.0.0.1' }), port: Type.Integer({ default: 0, ...u16 }) },
      { ...closed, default: {} },
    ),
    log: Type.Object({ level: choice(['error', 'warn', 'info', 'debug'], 'info') }, { ...closed, default: {} }),
    lines: Type.Array(Line, { default: [] }),
  },
  closed,
);

/** A checked configuration: defaults filled in, paths absolute, frozen. */
export type GatewayConfiguration = Frozen<Static<typeof GATEWAY_SCHEMA>>;
export type LineConfiguration = GatewayConfiguration['lines'][number];
export type WireConfiguration = LineConfiguration['wire'];
export type SerialConfiguration = Extract<WireConfiguration, { kind: 'serial' }>;
export type TcpConfiguration = Extract<WireConfiguration, { kind: 'tcp' }>;
export type UdpConfiguration = Extract<WireConfiguration, { kind: 'udp' }>;
export type TcpServerConfiguration = Extract<WireConfiguration, { kind: 'tcp-server' }>;
export type DeviceConfiguration = LineConfiguration['devices'][number];
export type PointConfiguration = DeviceConfiguration['points'][number];
export type ThresholdConfiguration = NonNullable<PointConfiguration['low']>;
export type UplinkConfiguration = GatewayConfiguration['uplink'];
