import { PROFILES } from '@fengsui/protocol';
import type { Frozen } from '@fengsui/protocol/settings';
import { choice, DEVICE_SCHEMA, u48 } from '@fengsui/protocol/settings-devices';
import { PUSH_DOOR } from '@fengsui/protocol/settings-pushes';
import Type, { type Static } from 'typebox';
import { SOCKETS_MAX, SOCKETS_PER_ADDRESS_MAX } from './limits.ts';

const closed = { additionalProperties: false };
const host = (standard: string) =>
  Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,253}$', says: 'must be a host name or an IP address', default: standard });
const port = (standard: number) => Type.Integer({ minimum: 0, maximum: 0xffff, default: standard });
const file = Type.String({ minLength: 1 });

const Intake = Type.Object(
  {
    host: host('127.0.0.1'),
    /** 8883 is MQTT over TLS; 0 lets the system choose. */
    port: port(8883),
    socketsMax: Type.Integer({ minimum: 1, maximum: 1_000_000, default: SOCKETS_MAX }),
    socketsPerAddressMax: Type.Integer({ minimum: 1, maximum: 1_000_000, default: SOCKETS_PER_ADDRESS_MAX }),
  },
  { ...closed, default: {} },
);

const Http = Type.Object(
  {
    host: host('127.0.0.1'),
    port: port(8080),
    tls: Type.Optional(Type.Object({ certificate: file, key: file }, closed)),
    tokenFile: Type.Optional(file),
  },
  { ...closed, default: {} },
);

const Municipal = Type.Object(
  {
    url: Type.String({ pattern: '^https?://[^\\s@]+$', says: 'must be an address like https://host/path, without a user or password' }),
    tokenFile: Type.Optional(file),
    allowPrivateAddress: Type.Boolean({ default: false }),
    timeoutMs: Type.Integer({ minimum: 100, maximum: 120_000, default: 10_000 }),
  },
  closed,
);

/** An operator's cloud that pushes straight to the collector. */
const Push = Type.Object(
  {
    ...PUSH_DOOR,
    /** Under this name its rows are numbered, by the collector itself. For ever: another name begins anew. */
    gateway: Type.String({
      pattern: '^cloud-(?!collector$)[A-Za-z0-9.-]{1,58}$',
      says: 'must begin with cloud-, hold at most 64 letters, digits, dots and hyphens, and not be cloud-collector',
    }),
    /** How its events become frames. */
    profile: choice([...PROFILES.keys()], 'db36-t1297-2020'),
    /** Addresses in those frames, as of a user information transmission device and its centre (GB/T 26875.3). */
    address: Type.Integer({ ...u48, default: 0 }),
    centre: Type.Integer({ ...u48, default: 0 }),
    devices: Type.Array(DEVICE_SCHEMA, { default: [] }),
  },
  closed,
);

/** The one schema: type, check, defaults and reference page of a collector's YAML file. */
export const COLLECTOR_SCHEMA = Type.Object(
  {
    collector: Type.Object(
      {
        /** 运营单位编码, given by the city. */
        operator: Type.String({
          pattern: '^[^\\u0000-\\u001f\\u007f]{1,64}$',
          says: 'must be 1 to 64 printable characters',
        }),
        zoneMinutes: Type.Integer({ default: 480, minimum: -720, maximum: 840 }),
      },
      closed,
    ),
    data: Type.String({ minLength: 1 }),
    intake: Intake,
    http: Http,
    municipal: Type.Optional(Municipal),
    pushes: Type.Array(Push, { default: [] }),
    log: Type.Object(
      { level: Type.Unsafe<'error' | 'warn' | 'info' | 'debug'>(Type.Enum(['error', 'warn', 'info', 'debug'], { default: 'info' })) },
      { ...closed, default: {} },
    ),
  },
  closed,
);

/** A checked configuration: defaults filled in, paths absolute, frozen. */
export type CollectorConfiguration = Frozen<Static<typeof COLLECTOR_SCHEMA>>;

export type PushConfiguration = CollectorConfiguration['pushes'][number];
