import type { Static } from 'typebox';
import * as Type from 'typebox';
import { EVENT_KINDS, type EventKind, QUANTITIES, type Quantity } from './event.ts';
import { REPORT_EVERY_MS } from './normalizer/readings.ts';
import { WHATS, type What } from './observation.ts';
import type { Frozen } from './settings.ts';

/** A key that is no setting is a mistake, not a remark. */
export const closed = { additionalProperties: false };
const u8 = { minimum: 0, maximum: 255 };
const u32 = { minimum: 0, maximum: 0xffffffff };
export const u16 = { minimum: 0, maximum: 0xffff };
export const u48 = { minimum: 0, maximum: 2 ** 48 - 1 };
const milliseconds = (standard: number, minimum = 0) => Type.Integer({ default: standard, minimum, maximum: 366 * 86_400_000 });
/** One of a few values. */
export const choice = <T extends string | number>(values: readonly T[], standard?: T) =>
  Type.Unsafe<T>(Type.Enum([...values], standard === undefined ? {} : { default: standard }));
const choices = <T extends string>(words: object) => choice(Object.keys(words) as T[]);
export const text = (longest: number) =>
  Type.String({ pattern: `^[^\\u0000-\\u001f\\u007f]{1,${longest}}$`, says: `must be 1 to ${longest} printable characters` });
export const name = Type.String({
  pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}$',
  says: 'must begin with a letter or digit and hold at most 64 letters, digits, dots, hyphens and underscores',
});
export const host = Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,253}$', says: 'must be a host name or an IP address' });

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
    everyMs: milliseconds(REPORT_EVERY_MS, 1_000),
  },
  { ...closed, default: {} },
);

const words = (pattern: string) =>
  Type.Unsafe<Readonly<Record<number, What>>>({
    type: 'object',
    additionalProperties: false,
    patternProperties: { [pattern]: choice([...WHATS]) },
  });

/** A register of a device whose map only the site knows: a gas controller, a fan cabinet behind somebody's PLC. */
const Reads = Type.Object(
  {
    /** Modbus function: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. */
    function: choice([1, 2, 3, 4]),
    /** Address on the wire, counted from 0. */
    register: Type.Integer(u16),
    type: choice(['bit', 'u16', 'i16', 'u32', 'i32', 'f32'], 'u16'),
    byte: Type.Optional(choice(['high', 'low'])),
    order: Type.Optional(choice(['ABCD', 'CDAB', 'BADC', 'DCBA'])),
    scale: Type.Optional(Type.Number()),
    decimalsRegister: Type.Optional(Type.Integer(u16)),
    valid: Type.Optional(Type.Object({ min: Type.Number(), max: Type.Number() }, closed)),
    /** For states: what each set bit, or each exact value, says. */
    says: Type.Optional(
      Type.Object({ bits: Type.Optional(words('^(\\d|[12]\\d|3[01])$')), values: Type.Optional(words('^\\d{1,10}$')) }, closed),
    ),
  },
  closed,
);

const Point = Type.Object(
  {
    /** Talking and publishing devices: how the device itself counts. */
    address: Type.Optional(Address),
    /** Polled devices: name of the family's register point. */
    register: Type.Optional(text(64)),
    /** The register itself, where the family does not know it: `register` is then the site's name for it. */
    reads: Type.Optional(Reads),
    /** What the unit register of the device must hold, where it has one whose codes differ by maker: with another code the value is not believed. */
    unitCode: Type.Optional(Type.Integer(u16)),
    /** Furthest a value can move between two reads, in the unit of the quantity: beyond it a second read must agree. */
    jumpMax: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
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
    /** Polled pressures of hydrants and sprinklers: where no low limit is set the standard's holds, unless this is false. */
    standardLimits: Type.Optional(Type.Boolean()),
    report: Report,
    /** false: what it says is marked as not in service (GB/T 45839-2025 5.8.4). */
    inService: Type.Boolean({ default: true }),
  },
  closed,
);

/** A device of a site with its point table: the same in every configuration that has devices. */
export const DEVICE_SCHEMA = Type.Object(
  {
    name,
    family: Type.String(),
    part: Type.Object(
      { systemType: Type.Integer({ ...u8, default: 1 }), systemAddress: Type.Integer({ ...u8, default: 1 }) },
      { ...closed, default: {} },
    ),
    /** Modbus unit of a polled device; address of a panel on a line where it is polled by one (GST cards; absent: 1). */
    unit: Type.Optional(Type.Integer({ minimum: 1, maximum: 247 })),
    /** IMEI or endpoint name of publishing devices; source address (12 hex digits, as on the wire) of those that share a door. */
    device: Type.Optional(text(64)),
    /** Habits of the maker, or how the product is set, where the family has dialects. */
    dialect: Type.Optional(Type.String()),
    /** Overrides the family's silence after which the device counts as lost. */
    silenceMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 366 * 86_400_000 })),
    /** Overrides the family's period between two polls; GB 50440 permits no more than 2 h between two inspections 巡检. */
    pollEveryMs: Type.Optional(
      Type.Integer({
        minimum: 50,
        maximum: 7_200_000,
        released: { maximum: 86_400_000 },
        says: 'must be a whole number, 50 to 7200000: GB 50440 wants an inspection 巡检 every 2 h',
      }),
    ),
    inService: Type.Boolean({ default: true }),
    points: Type.Array(Point, { default: [] }),
  },
  closed,
);

export type DeviceConfiguration = Frozen<Static<typeof DEVICE_SCHEMA>>;
export type PointConfiguration = DeviceConfiguration['points'][number];
