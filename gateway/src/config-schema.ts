import { DIALECTS } from '@fengsui/protocol/gb26875';
import type { Frozen, Released } from '@fengsui/protocol/settings';
import { choice, closed, DEVICE_SCHEMA, host, name, text, u16, u48 } from '@fengsui/protocol/settings-devices';
import { PUSH_DOOR } from '@fengsui/protocol/settings-pushes';
import type { Static } from 'typebox';
import * as Type from 'typebox';
import * as limits from './limits.ts';

export type { DeviceConfiguration, PointConfiguration } from '@fengsui/protocol/settings-devices';

const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19200, 28800, 38400, 57600, 115200] as const;

const Wire = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('serial'),
      path: text(255),
      baudRate: Type.Optional(choice(BAUD_RATES)),
      dataBits: Type.Optional(choice([7, 8])),
      parity: Type.Optional(choice(['none', 'even', 'odd'])),
      stopBits: Type.Optional(choice([1, 2])),
      /** The far end is a bridge that adds the ninth bit of a GST CRT line: no serial port of ours can. */
      ninthBitBridge: Type.Optional(Type.Boolean()),
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
      /** As on a serial line. */
      ninthBitBridge: Type.Optional(Type.Boolean()),
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
  /** An operator's cloud pushes what its devices say. */
  Type.Object({ kind: Type.Literal('http'), ...PUSH_DOOR }, closed),
]);

/**
 * A whole number with bounds that have a reason which whoever oversteps them should read. `released`: the widest bounds that any version
 * permitted, where these are narrower. A stored configuration with such a value still runs, with the bound of today.
 */
const bounded = ([minimum, maximum]: readonly [number, number], standard: number, why: string, released: Released) =>
  Type.Integer({ default: standard, minimum, maximum, released, says: `must be a whole number, ${minimum} to ${maximum}: ${why}` });

const MQTT_URL = { pattern: '^(mqtts|mqtt)://[^/@]+$', says: 'must be mqtts://host:port' };

/** To a collector, over MQTT. */
const MqttUplink = Type.Object(
  {
    name,
    kind: Type.Literal('mqtt'),
    url: Type.String(MQTT_URL),
    ca: Type.Optional(Type.String()),
    certificate: Type.Optional(Type.String()),
    key: Type.Optional(Type.String()),
    /** Name the collector's certificate must carry, where it differs from the host of the URL. */
    serverName: Type.Optional(host),
    /** By which network it goes out: an address of this machine; absent: as the machine routes. */
    localAddress: Type.Optional(host),
    /** Another way, used while this one is down; files that it does not name are those of the first. */
    backup: Type.Optional(
      Type.Object(
        {
          url: Type.String(MQTT_URL),
          ca: Type.Optional(Type.String()),
          certificate: Type.Optional(Type.String()),
          key: Type.Optional(Type.String()),
          serverName: Type.Optional(host),
          localAddress: Type.Optional(host),
          /** How often it is looked at while it is not in use: a handshake of some 6 KB. */
          lookEveryS: Type.Integer({ default: limits.STANDBY_EVERY_S, minimum: 10, maximum: 86_400 }),
        },
        closed,
      ),
    ),
    keepaliveS: bounded(
      [1, limits.KEEPALIVE_MAX_S],
      limits.KEEPALIVE_S,
      'a dead gateway is told at the collector 28 s after 1.5 times this, and must be within 60 s',
      { maximum: 40 },
    ),
    reconnectMinMs: bounded(
      [50, limits.RECONNECT_MIN_LONGEST_MS],
      limits.RECONNECT_MIN_MS,
      'after this the primary path is tried again, and the backup must take over within 60 s',
      { maximum: 60_000 },
    ),
    reconnectMaxMs: Type.Integer({ default: limits.RECONNECT_MAX_MS, minimum: 50, maximum: 60_000 }),
    receiptTimeoutMs: bounded(
      [100, limits.RECEIPT_TIMEOUT_MS],
      limits.RECEIPT_TIMEOUT_MS,
      'a link without receipts counts as dead after up to five times this, which must be within 60 s',
      { maximum: 60_000 },
    ),
  },
  closed,
);

/** Straight to a city centre that speaks GB/T 26875.3. */
const CentreUplink = Type.Object(
  {
    name,
    kind: Type.Literal('gb26875'),
    transport: choice(['tcp', 'udp'], 'tcp'),
    host,
    port: Type.Integer({ minimum: 1, maximum: 0xffff }),
    /** The standard has no encryption: TCP inside TLS, for a centre that ends it. */
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(Type.String()),
          certificate: Type.Optional(Type.String()),
          key: Type.Optional(Type.String()),
          serverName: Type.Optional(host),
        },
        closed,
      ),
    ),
    /** Alarms in clear text, and anybody may answer for the centre: only over a line that is private by itself. */
    unencrypted: Type.Boolean({ default: false }),
    /** What this centre expects of its transmission devices: heartbeat, clock, version bytes. */
    dialect: choice([...DIALECTS.keys()], 'standard'),
    /** Addresses this centre gave out; absent: those of the gateway. */
    address: Type.Optional(Type.Integer(u48)),
    centre: Type.Optional(Type.Integer(u48)),
    heartbeatS: Type.Integer({ default: limits.CENTRE_HEARTBEAT_S, minimum: 1, maximum: 50 }),
    replyTimeoutMs: Type.Integer({ default: limits.CENTRE_REPLY_TIMEOUT_MS, minimum: 100, maximum: 10_000 }),
    resends: Type.Integer({ default: limits.RESENDS_MAX, minimum: 0, maximum: 10 }),
    reconnectMinMs: Type.Integer({ default: limits.RECONNECT_MIN_MS, minimum: 50, maximum: 60_000 }),
    reconnectMaxMs: Type.Integer({ default: limits.RECONNECT_MAX_MS, minimum: 50, maximum: 60_000 }),
  },
  closed,
);

/** A file whose first line says it, or a program with its words. */
const PowerSource = Type.Union([text(255), Type.Array(text(255), { minItems: 1 })]);

const Line = Type.Object({ name, wire: Wire, devices: Type.Array(DEVICE_SCHEMA, { minItems: 1 }) }, closed);

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
    journal: Type.Object(
      {
        /** Beyond this the ordinary lane gives up rows: what the collector has, then readings, never an alarm. */
        ordinaryMiB: bounded(
          [limits.JOURNAL_ORDINARY_MIB_MIN, 1024 * 1024],
          limits.JOURNAL_ORDINARY_BYTES_MAX / 1024 ** 2,
          'the newest 10,000 rows of each kind are never given up, and with less than this they could leave no room for new readings',
          { minimum: 1 },
        ),
        /** Reserve on the volume for alarms. */
        ballastMiB: Type.Integer({ default: limits.JOURNAL_BALLAST_BYTES / 1024 ** 2, minimum: 0, maximum: 4096 }),
      },
      { ...closed, default: {} },
    ),
    profile: Type.String(),
    /** Where the journal goes: each follows it at its own pace. */
    uplinks: Type.Array(Type.Union([MqttUplink, CentreUplink]), { minItems: 1, maxItems: limits.UPLINKS_MAX }),
    status: Type.Object(
      { host: Type.String({ default: '127.0.0.1' }), port: Type.Integer({ default: 0, ...u16 }) },
      { ...closed, default: {} },
    ),
    /** The installer's page, by https; absent: there is none. */
    page: Type.Optional(
      Type.Object(
        {
          /** The address of this machine to listen on: only whoever is at the box, unless the site opens it to a network. */
          host: Type.Unsafe<string>({ ...host, default: '127.0.0.1' }),
          port: Type.Integer({ default: limits.PAGE_PORT, ...u16 }),
          /** Holds the hash of the PIN, written by `gateway pin`; absent: `page.pin` in the data folder. */
          pinFile: Type.Optional(Type.String({ minLength: 1 })),
          /** The site's own certificate; absent: the box makes one for itself. */
          certificate: Type.Optional(Type.String({ minLength: 1 })),
          key: Type.Optional(Type.String({ minLength: 1 })),
        },
        closed,
      ),
    ),
    /** What the centre may ask for beyond reading. */
    orders: Type.Object(
      {
        /** Public key (Ed25519, PEM) of whoever may push a configuration; absent: nobody. */
        configurationKey: Type.Optional(Type.String()),
        /** Sets the box's clock: program and words; `{time}` and `{seconds}` are filled in. Absent: an order only compares. */
        clockCommand: Type.Optional(Type.Array(text(255), { minItems: 1 })),
        /** Turns the sounder and lamp of a duty check on and off: program and words; `on` or `off` comes behind them. */
        announceCommand: Type.Optional(Type.Array(text(255), { minItems: 1 })),
        /** A pushed configuration is taken back when the uplink did not come back with it by then. */
        uplinkBackWithinMs: Type.Integer({ default: limits.UPLINK_BACK_WITHIN_MS, minimum: 1_000, maximum: 3_600_000 }),
      },
      { ...closed, default: {} },
    ),
    /** Where this box can read its own power; absent: nothing is said of it. */
    power: Type.Object(
      {
        mains: Type.Optional(Type.Object({ read: PowerSource, on: Type.String({ default: '1' }) }, closed)),
        battery: Type.Optional(
          Type.Object(
            { read: PowerSource, lowPercent: Type.Integer({ default: limits.BATTERY_LOW_PERCENT, minimum: 1, maximum: 99 }) },
            closed,
          ),
        ),
      },
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
export type HttpConfiguration = Extract<WireConfiguration, { kind: 'http' }>;
export type PageConfiguration = NonNullable<GatewayConfiguration['page']>;
export type UplinkConfiguration = GatewayConfiguration['uplinks'][number];
export type MqttConfiguration = Extract<UplinkConfiguration, { kind: 'mqtt' }>;
export type CentreConfiguration = Extract<UplinkConfiguration, { kind: 'gb26875' }>;
