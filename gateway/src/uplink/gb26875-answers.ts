import type { Clock, Measured, OrderParameters, OrderState, Part, State } from '@fengsui/protocol';
import { GB26875_2011, type SiteEvent } from '@fengsui/protocol';
import { type Dialect, encodeUnit, timeTagOf, type Unit } from '@fengsui/protocol/gb26875';

/** Answers a question that changes nothing. */
export type Look = (what: OrderParameters<'read'>) => Promise<{ readonly state: OrderState; readonly result: unknown }>;

interface Knowing {
  readonly orders: { readonly look: Look };
  readonly dialect: Dialect;
  readonly zoneMinutes: number;
  readonly clock: Clock;
}

/** A point as the gateway's answer to `read state` has it. */
interface Point {
  readonly part: Part;
  readonly place: string | null;
  readonly states: readonly State[];
  readonly measured: Measured | null;
  readonly heardMs: number;
  readonly text: string | null;
}

interface StateAnswer {
  readonly points: readonly Point[];
  readonly lines?: ReadonlyArray<{ readonly state: string }>;
  readonly troubles?: ReadonlyArray<{ readonly what: string }>;
}

interface Asked {
  readonly systemType?: number;
  readonly systemAddress?: number;
  readonly componentAddress?: number;
}

type Question = (asked: readonly Asked[], knowing: Knowing) => Promise<Uint8Array | null>;

async function stateOf({ orders }: Knowing): Promise<StateAnswer> {
  const { result } = await orders.look({ what: 'state' });
  const { points = [], ...rest } = (result ?? {}) as Partial<StateAnswer>;
  return { points, ...rest };
}

function isAsked({ part: { systemType, systemAddress, component } }: Point, asked: Asked): boolean {
  if (systemType !== asked.systemType || systemAddress !== asked.systemAddress) return false;
  return asked.componentAddress === undefined || component?.address === asked.componentAddress;
}

/** A point told as an event that goes on: the plain profile has the words. */
function unitOfPoint(
  { part, place, states, measured, heardMs, text }: Point,
  zoneMinutes: number,
  as: 'state' | 'value',
): Uint8Array | null {
  const event: SiteEvent = {
    ...{ id: '0'.repeat(32), kind: as === 'value' ? 'reading' : 'normal', edge: 'still', part, source: '' },
    time: { ms: Math.max(0, Math.round(heardMs)), zoneMinutes, source: 'gateway' },
    states,
    ...(measured && as === 'value' ? { measured } : {}),
    ...(place === null ? {} : { place }),
    ...(text === null ? {} : { text }),
  };
  const written = GB26875_2011.write(event);
  return 'unit' in written ? written.unit : null;
}

/** Objects of one type in one unit: as many as the type allows. */
function together(units: ReadonlyArray<Uint8Array | null>, type: number, max: number): Uint8Array | null {
  const objects = units.flatMap((unit) => (unit?.[0] === type ? [unit.subarray(2)] : [])).slice(0, max);
  return objects.length === 0 ? null : Uint8Array.of(type, objects.length, ...objects.flatMap((object) => [...object]));
}

/** A system has no word of its own here: it is in whatever any of its points is in. */
function wholeSystem(points: readonly Point[], { systemType = 0, systemAddress = 0 }: Asked): Point | null {
  if (points.length === 0) return null;
  const states = [...new Set(points.flatMap((point) => point.states))];
  return {
    part: { systemType, systemAddress },
    place: null,
    states,
    measured: null,
    heardMs: Math.max(...points.map(({ heardMs }) => heardMs)),
    text: null,
  };
}

const systems: Question = async (asked, knowing) => {
  const { points } = await stateOf(knowing);
  const found = asked.map((one) =>
    wholeSystem(
      points.filter((point) => isAsked(point, one)),
      one,
    ),
  );
  return together(
    found.map((point) => point && unitOfPoint(point, knowing.zoneMinutes, 'state')),
    1,
    102,
  );
};

const components =
  (type: number, max: number, as: 'state' | 'value'): Question =>
  async (asked, knowing) => {
    const { points } = await stateOf(knowing);
    const found = asked.flatMap((one) => points.filter((point) => point.part.component && isAsked(point, one)));
    return together(
      found.map((point) => unitOfPoint(point, knowing.zoneMinutes, as)),
      type,
      max,
    );
  };

/** Component configuration: the address and what the site calls the place, which is the description of its state without state and time. */
const configurations: Question = async (asked, knowing) => {
  const states = await components(2, 26, 'state')(asked, knowing);
  if (!states) return null;
  const objects = Array.from({ length: states[1]! }, (_, index) => states.subarray(2 + 46 * index, 2 + 46 * (index + 1)));
  return Uint8Array.of(7, objects.length, ...objects.flatMap((object) => [...object.subarray(0, 7), ...object.subarray(9, 40)]));
};

/** Fig. 13: bit 0 normal, 2 fault, 3 mains, 4 battery, 6 a monitored line. Bit 5 is clear: the centre hears this. */
const device: Question = async (_, { clock, zoneMinutes, ...knowing }) => {
  const { lines = [], troubles = [] } = await stateOf({ clock, zoneMinutes, ...knowing });
  const is = (what: string) => troubles.some((trouble) => trouble.what === what);
  const bits = [
    [0, true],
    [2, troubles.length > 0],
    [3, is('main-power')],
    [4, is('backup-power')],
    [6, lines.some(({ state }) => state !== 'open')],
  ] as const;
  const status = bits.reduce((word, [bit, isSet]) => (isSet ? word | (1 << bit) : word), 0);
  return encodeUnit({ type: 21, count: 1, objects: [{ status, time: timeTagOf(clock.wallMs(), zoneMinutes) }] });
};

async function versionOf({ orders }: Knowing): Promise<Record<string, unknown>> {
  return ((await orders.look({ what: 'version' })).result ?? {}) as Record<string, unknown>;
}

const version: Question = async (_, knowing) => {
  const [main = 0, minor = 0] = String((await versionOf(knowing))['version'])
    .split('.')
    .map((part) => Number(part) & 0xff);
  return Uint8Array.of(25, 1, main, minor);
};

const configuration: Question = async (_, knowing) => {
  const { version: program, configurationVersion, configurationSha256 } = await versionOf(knowing);
  const text = new TextEncoder().encode(`fengsui ${program}; configuration ${configurationVersion ?? 0}; sha256 ${configurationSha256}`);
  return Uint8Array.of(26, 1, Math.min(255, text.length), ...text.subarray(0, 255));
};

const time: Question = async (_, { clock, zoneMinutes }) =>
  encodeUnit({ type: 28, count: 1, objects: [{ time: timeTagOf(clock.wallMs(), zoneMinutes) }] });

/** What a gateway can answer. Records (64, 84) and what only the panel knows (65, 66, 68) it has not, and asks no panel for. */
const QUESTIONS: ReadonlyMap<number, Question> = new Map([
  [61, systems],
  [62, components(2, 22, 'state')],
  [63, components(3, 63, 'value')],
  [67, configurations],
  [81, device],
  [85, version],
  [86, configuration],
  [88, time],
]);

/** The unit that answers a request (gb26875 notes, 5.4); null: there is no answer, and the request is denied. */
export async function answerTo({ type, objects }: Extract<Unit, { objects: unknown }>, knowing: Knowing): Promise<Uint8Array | null> {
  return (await QUESTIONS.get(type)?.(objects as readonly Asked[], knowing)) ?? null;
}
