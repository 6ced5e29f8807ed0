import {
  EDGES,
  EVENT_KINDS,
  GATEWAY_NOTES,
  ORDER_KINDS,
  ORDER_STATES,
  type OrderState,
  QUALITIES,
  QUANTITIES,
  type SiteEvent,
  STATES,
  TEST_REASONS,
} from '@fengsui/protocol';
import { type Static, type TSchema, Type } from 'typebox';
import { ORDER_EXPIRES_MAX_MS } from '../../limits.ts';

/** One of the names of a table. */
function nameOf<N extends string>(table: Readonly<Record<N, unknown>>) {
  return Type.Unsafe<N>({ type: 'string', enum: Object.keys(table) });
}

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The same schema; what it types is not to be changed. */
export function frozen<S extends TSchema>(schema: S) {
  return Type.Unsafe<Frozen<Static<S>>>(schema);
}

const milliseconds = (description: string) => Type.Number({ description: `${description}, milliseconds since 1970-01-01 UTC` });
export const position = Type.Integer({ minimum: 0, description: 'position in the ledger' });
const open = { additionalProperties: true };

const Address = Type.Object(
  {
    controller: Type.Optional(Type.Number()),
    loop: Type.Optional(Type.Number()),
    point: Type.Optional(Type.Number()),
    zone: Type.Optional(Type.Number()),
    channel: Type.Optional(Type.Number()),
    device: Type.Optional(Type.String()),
  },
  { description: 'how the device itself counts' },
);

const Part = Type.Object(
  {
    systemType: Type.Integer(),
    systemAddress: Type.Integer(),
    component: Type.Optional(Type.Object({ type: Type.Integer(), address: Type.Integer() })),
  },
  { description: 'in the numbers of GB/T 26875.3-2011 tables 4 and 5' },
);

const IncidentPoint = Type.Object({
  point: Type.String(),
  kind: nameOf(EVENT_KINDS),
  address: Address,
  part: Part,
  place: Type.Optional(Type.String()),
  text: Type.Optional(Type.String()),
  eventId: Type.String(),
  beganMs: milliseconds('when it began first'),
  times: Type.Integer({ description: 'how often it began' }),
  lastBeganMs: milliseconds('when it began last'),
  endedMs: Type.Union([milliseconds('when it ended'), Type.Null()]),
});

export const Incident = Type.Object({
  id: Type.String({ description: 'of the event that opened it' }),
  gateway: Type.String(),
  source: Type.String(),
  class: Type.String({ description: 'see /api/words' }),
  urgency: Type.Integer({ description: '1 is the most urgent' }),
  test: Type.Boolean({ description: 'test or maintenance traffic' }),
  state: Type.Unsafe<'open' | 'restored'>({ type: 'string', enum: ['open', 'restored'] }),
  openedMs: milliseconds('time of the event that opened it'),
  restoredMs: Type.Union([milliseconds('time of its end'), Type.Null()]),
  restoredBy: Type.Unsafe<'device' | 'reset' | null>({ enum: ['device', 'reset', null] }),
  points: Type.Array(IncidentPoint, { description: 'of very many the first, those that stand and those that spoke last' }),
  pointsTotal: Type.Integer({ description: 'how many points there are' }),
  pointsStanding: Type.Integer({ description: 'how many of them stand' }),
  events: Type.Integer({ description: 'how many events it is made of' }),
  position,
});

const Reading = Type.Object({
  quantity: nameOf(QUANTITIES),
  value: Type.Union([Type.Number(), Type.Null()]),
  unit: Type.String(),
  quality: nameOf(QUALITIES),
  lowLimit: Type.Optional(Type.Number()),
  highLimit: Type.Optional(Type.Number()),
  saidMs: milliseconds('time of the reading'),
});

/** Battery, radio, tilt and release are the protocol's own words: `protocol/src/event.ts`. */
export const Device = Type.Object({
  key: Type.String(),
  gateway: Type.String(),
  source: Type.String(),
  address: Address,
  part: Part,
  place: Type.Optional(Type.String()),
  family: Type.Optional(Type.String()),
  states: Type.Array(Type.Object({ state: nameOf(STATES), saidMs: milliseconds('when the device said so last'), test: Type.Boolean() })),
  readings: Type.Array(Reading),
  battery: Type.Optional(Type.Unsafe<NonNullable<SiteEvent['battery']>>({ type: 'object', ...open })),
  radio: Type.Optional(Type.Unsafe<NonNullable<SiteEvent['radio']>>({ type: 'object', ...open })),
  tilt: Type.Optional(Type.Unsafe<NonNullable<SiteEvent['tilt']>>({ type: 'object', ...open })),
  release: Type.Optional(Type.Unsafe<NonNullable<SiteEvent['release']>>({ type: 'object', ...open })),
  levelMm: Type.Optional(Type.Number()),
  online: Type.Boolean(),
  heardMs: Type.Optional(milliseconds('when the gateway last heard it')),
  test: Type.Array(nameOf(TEST_REASONS)),
  position,
});

export const Entry = Type.Object({
  position,
  gateway: Type.String(),
  epoch: Type.Integer(),
  lane: Type.Unsafe<'alarm' | 'ordinary'>({ type: 'string', enum: ['alarm', 'ordinary'] }),
  number: Type.Integer({ description: 'in its lane' }),
  ordinal: Type.Integer({ description: 'over both lanes: the order in which the gateway heard things' }),
  clockSynchronised: Type.Boolean(),
  committedMs: milliseconds('when the collector committed it'),
  event: Type.Unsafe<SiteEvent>({
    type: 'object',
    description: `a normalized event; its edge is one of ${Object.keys(EDGES).join(', ')}`,
    required: ['id', 'kind', 'edge', 'time', 'part', 'source'],
    ...open,
  }),
});

export const Gateway = Type.Object({
  gateway: Type.String(),
  heardMs: milliseconds('when something of it was last committed'),
  connected: Type.Optional(
    Type.Boolean({ description: 'whether it has a session; absent where it cannot have one: an operator cloud, or the collector itself' }),
  ),
  sinceMs: Type.Optional(
    milliseconds(
      'since when it has this session or has none; of a gateway that did not come in since the collector was started: when it was told as gone, or that start',
    ),
  ),
  boot: Type.Integer({ description: 'counts starts of the gateway' }),
  clockSynchronised: Type.Boolean(),
  wallMs: milliseconds("the gateway's clock at that time"),
  note: Type.Union([
    Type.Object({ note: nameOf(GATEWAY_NOTES), text: Type.Union([Type.String(), Type.Null()]), saidMs: milliseconds('when it said so') }),
    Type.Null(),
  ]),
  position,
});

const Trouble = Type.Object({ why: Type.String(), sinceMs: milliseconds('since when'), tries: Type.Integer() });
const Standing = Type.Object({
  code: Type.String({ description: 'see docs/reference.md' }),
  en: Type.String(),
  zh: Type.String(),
  detail: Type.String({ description: 'what of it' }),
  remedy: Type.String({ description: 'what to do' }),
  sinceMs: milliseconds('since when'),
});
export type TroubleShown = Frozen<Static<typeof Standing>>;

const Gap = Type.Object({ first: Type.Integer(), last: Type.Integer(), sinceMs: milliseconds('when it was noticed') });

const Push = Type.Object({
  gateway: Type.String({ description: 'name under which its rows are numbered' }),
  cloud: Type.String(),
  address: Type.Union([Type.String(), Type.Null()], { description: 'where it pushes to, without the secret; null while nothing listens' }),
  messages: Type.Integer({ description: 'made durable since start' }),
  events: Type.Integer({ description: 'events of them' }),
  failed: Type.Integer({ description: 'commits that failed: the cloud was not answered with 200' }),
  unheard: Type.Record(Type.String(), Type.Integer(), {
    description: 'refused requests, and repeats, strangers and unreadable messages, since start',
  }),
  kept: Type.Array(Type.Object({ atMs: milliseconds('when it came'), why: Type.String(), hex: Type.String() }), {
    description: 'the last of those, the beginning of each',
  }),
});
export type PushShown = Static<typeof Push>;

export const Status = Type.Object({
  position,
  entries: Type.Integer(),
  quarantined: Type.Integer({ description: 'things that could not be read; their bytes are kept' }),
  damaged: Type.Object(
    { count: Type.Integer(), positions: Type.Array(position) },
    {
      description:
        'entries found damaged and set aside: how many, and the lowest of them; what is left of them is in quarantine, or comes there once the disk takes it',
    },
  ),
  repeated: Type.Integer({ description: 'rows delivered again although known, since start' }),
  troubles: Type.Array(Standing, { description: 'what is wrong with the collector or with what it gets' }),
  shownPosition: Type.Integer({ description: 'position up to which incidents and devices are folded' }),
  readers: Type.Integer({ description: 'open streams' }),
  readersDropped: Type.Integer({ description: 'streams closed because they were read too slowly, since start' }),
  series: Type.Array(
    Type.Object({
      gateway: Type.String(),
      epoch: Type.Integer(),
      lane: Type.String(),
      contiguous: Type.Integer(),
      highest: Type.Integer(),
      missing: Type.Integer({ description: 'numbers that did not arrive although higher ones did' }),
      isCatchingUp: Type.Boolean({
        description:
          'some are missing and come by and by, beside what is new, or were noticed in the last seconds; false: none are, or none comes',
      }),
      gaps: Type.Array(Gap),
      committedMs: milliseconds('when something of it was last committed'),
    }),
  ),
  refused: Type.Record(Type.String(), Type.Integer(), {
    description: 'how often the intake turned gateways and strangers away, by the reason, since start',
  }),
  wrongTokens: Type.Integer({ description: 'wrong tokens that were tried, since start' }),
  outlets: Type.Array(
    Type.Object({
      name: Type.String(),
      position,
      behind: Type.Integer({ description: 'positions between it and the end of the ledger' }),
      confirmed: Type.Integer(),
      refused: Type.Integer(),
      trouble: Type.Union([Trouble, Type.Null()]),
    }),
  ),
  gateways: Type.Array(Gateway),
  pushes: Type.Array(Push),
});

/** What somebody wants of a gateway. */
export const OrderRequest = Type.Object(
  {
    gateway: Type.String({ minLength: 1, maxLength: 64 }),
    kind: nameOf(ORDER_KINDS),
    parameters: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'by kind; see docs/operate.md', ...open })),
    expiresMs: Type.Optional(
      Type.Integer({ minimum: 1_000, maximum: ORDER_EXPIRES_MAX_MS, description: 'a gateway that gets it later refuses it' }),
    ),
  },
  { additionalProperties: false },
);

export const Order = Type.Object({
  id: Type.String(),
  gateway: Type.String(),
  kind: Type.String(),
  parameters: Type.Unsafe<unknown>({}),
  issuer: Type.String({ description: 'who gave it' }),
  issuedMs: milliseconds('when it was given'),
  expiresMs: milliseconds('a gateway that gets it later refuses it'),
  state: Type.Unsafe<'issued' | OrderState>({ type: 'string', enum: ['issued', ...Object.keys(ORDER_STATES)] }),
  stateMs: milliseconds('since when'),
  gatewayMs: Type.Union([milliseconds("the same by the gateway's clock"), Type.Null()]),
  result: Type.Unsafe<unknown>({ description: "the gateway's answer" }),
});

const Words = Type.Object({ en: Type.String(), zh: Type.String() });
/** Names in English and Chinese, by the names the interface uses. */
export const WordLists = Type.Object({
  kinds: Type.Record(Type.String(), Words),
  states: Type.Record(Type.String(), Words),
  quantities: Type.Record(Type.String(), Words),
  classes: Type.Record(Type.String(), Words),
  components: Type.Record(Type.String(), Words),
  happenings: Type.Record(Type.String(), Type.Record(Type.String(), Words), { description: 'what an event is called, by kind and edge' }),
});

export const Problem = Type.Object({
  error: Type.String({ description: 'a code, or the status in words' }),
  message: Type.String(),
});

export type IncidentShown = Frozen<Static<typeof Incident>>;
export type DeviceShown = Frozen<Static<typeof Device>>;
export type EntryShown = Frozen<Static<typeof Entry>>;
export type GatewayShown = Frozen<Static<typeof Gateway>>;
export type WordsShown = Frozen<Static<typeof WordLists>>;
