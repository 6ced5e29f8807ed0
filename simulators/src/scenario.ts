import { readFileSync } from 'node:fs';
import { type Stimulus, WHATS } from '@fengsui/protocol';
import Type, { type Static } from 'typebox';
import { parse } from 'yaml';
import { failure } from './failures.ts';
import { problemsOf, WrongInput } from './problems.ts';

/** `2s`, `500ms`, `10min`, `1h`, or milliseconds as a number. */
const Duration = Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?(ms|s|min|h)$' })]);
const Offset = Type.Union([Type.Number(), Type.String({ pattern: '^-?\\d+(\\.\\d+)?(ms|s|min|h)$' })]);
const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const Count = Type.Integer({ minimum: 1 });

const Address = Type.Object(
  {
    controller: optional(Type.Integer({ minimum: 0 })),
    loop: optional(Type.Integer({ minimum: 0 })),
    point: optional(Type.Integer({ minimum: 0 })),
    zone: optional(Type.Integer({ minimum: 0 })),
    channel: optional(Type.Integer({ minimum: 0 })),
    device: optional(Type.String()),
  },
  closed,
);
const Say = Type.Object(
  {
    what: Type.Enum([...WHATS]),
    address: optional(Address),
    componentType: optional(Type.Integer({ minimum: 0, maximum: 255 })),
    deviceType: optional(Type.Integer({ minimum: 0 })),
    detail: optional(Type.String()),
    value: optional(Type.Number()),
    battery: optional(
      Type.Object(
        { percent: optional(Type.Number()), millivolts: optional(Type.Number()), low: optional(Type.Boolean()) },
        { additionalProperties: true },
      ),
    ),
    radio: optional(Type.Object({}, { additionalProperties: true })),
    tilt: optional(Type.Object({}, { additionalProperties: true })),
  },
  closed,
);

/** How an answer can go wrong on its way. */
export const MISANSWERS = ['late', 'double', 'short', 'wrong-unit', 'bad-checksum', 'exception', 'silent'] as const;
export type Misanswer = (typeof MISANSWERS)[number];

/** What a step can do. A step does exactly one of these. */
const ACTIONS = {
  /** The device says something. */
  say: Say,
  /** Values of a polled device, by point name, in the unit of the point. */
  set: Type.Record(Type.String(), Type.Number()),
  /** Raw registers of a polled device, by wire address. */
  registers: Type.Record(Type.String({ pattern: '^\\d+$' }), Type.Integer({ minimum: 0, maximum: 65535 })),
  /** Bytes that are no packet: so many by chance, or the given ones. */
  noise: Type.Object({ bytes: optional(Count), hex: optional(Type.String({ pattern: '^([0-9A-Fa-f]{2}\\s*)+$' })) }, closed),
  /** The next packet ends after so many bytes. */
  cut: Type.Object({ keepBytes: Type.Integer({ minimum: 0 }) }, closed),
  /** One bit flips in each of the next packets. */
  flip: Type.Object({ packets: Count }, closed),
  /** The next packets go out in one piece. */
  glue: Type.Object({ packets: Type.Integer({ minimum: 2 }) }, closed),
  /** Each of the next packets is sent so many times (a network that repeats datagrams). */
  duplicate: Type.Object({ packets: Count, copies: Type.Integer({ minimum: 2, maximum: 16 }) }, closed),
  /** The next answers of a polled device go wrong. */
  misanswer: Type.Object({ how: Type.Enum([...MISANSWERS]), times: optional(Count), delay: optional(Duration) }, closed),
  /** The device says and answers nothing. */
  silence: Duration,
  /** The wire is gone, then back. */
  unplug: Duration,
  /** The device comes from a new address (an operator's NAT forgot it). */
  rebind: Type.Literal(true),
  /** The device's clock is wrong by so much. */
  clock: Offset,
  /** Somebody who is not the cloud pushes a fire: without the secret of the path, or signed with another token. */
  forge: Type.Object({ how: Type.Enum(['path', 'signature']) }, closed),
} as const;
export type ActionName = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as readonly ActionName[];

const Step = Type.Object(
  {
    at: optional(Duration),
    repeat: optional(Type.Object({ times: optional(Count), every: Duration }, closed)),
    ...(Object.fromEntries(ACTION_NAMES.map((name) => [name, optional(ACTIONS[name])])) as Record<string, never>),
  },
  closed,
);
const Scenario = Type.Object({ description: optional(Type.String()), steps: Type.Array(Step) }, closed);

type Written = { readonly [N in ActionName]: Static<(typeof ACTIONS)[N]> };
/** What a step does, durations in milliseconds. */
export type Action =
  | { readonly kind: 'say'; readonly say: Omit<Stimulus, 'deviceTime'> }
  | { readonly kind: 'set'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'registers'; readonly registers: ReadonlyArray<readonly [register: number, value: number]> }
  | { readonly kind: 'noise'; readonly bytes?: number; readonly hex?: string }
  | { readonly kind: 'cut'; readonly keepBytes: number }
  | { readonly kind: 'flip'; readonly packets: number }
  | { readonly kind: 'glue'; readonly packets: number }
  | { readonly kind: 'duplicate'; readonly packets: number; readonly copies: number }
  | { readonly kind: 'misanswer'; readonly how: Misanswer; readonly times: number; readonly delayMs: number }
  | { readonly kind: 'silence' | 'unplug'; readonly forMs: number }
  | { readonly kind: 'rebind' }
  | { readonly kind: 'clock'; readonly offsetMs: number }
  | { readonly kind: 'forge'; readonly how: 'path' | 'signature' };

export interface TimedAction {
  readonly atMs: number;
  readonly action: Action;
}

const UNITS_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 } as const;
/** At most so many repeats where a step repeats for ever: the list stays finite, a run never reaches its end. */
const REPEATS_MAX = 100_000;

export function durationMs(written: number | string): number {
  if (typeof written === 'number') return written;
  const [, amount, unit] = /^(-?[\d.]+)(ms|s|min|h)$/.exec(written)!;
  return Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

const READERS: { readonly [N in ActionName]: (written: Written[N]) => Action } = {
  say: (say) => ({ kind: 'say', say: { address: {}, ...say } as Omit<Stimulus, 'deviceTime'> }),
  set: (values) => ({ kind: 'set', values }),
  registers: (image) => ({ kind: 'registers', registers: Object.entries(image).map(([register, value]) => [Number(register), value]) }),
  noise: (noise) => ({ kind: 'noise', ...noise }) as Action,
  cut: ({ keepBytes }) => ({ kind: 'cut', keepBytes }),
  flip: ({ packets }) => ({ kind: 'flip', packets }),
  glue: ({ packets }) => ({ kind: 'glue', packets }),
  duplicate: ({ packets, copies }) => ({ kind: 'duplicate', packets, copies }),
  misanswer: ({ how, times = 1, delay = '700ms' }) => ({ kind: 'misanswer', how, times, delayMs: durationMs(delay) }),
  silence: (duration) => ({ kind: 'silence', forMs: durationMs(duration) }),
  unplug: (duration) => ({ kind: 'unplug', forMs: durationMs(duration) }),
  rebind: () => ({ kind: 'rebind' }),
  clock: (offset) => ({ kind: 'clock', offsetMs: durationMs(offset) }),
  forge: ({ how }) => ({ kind: 'forge', how }),
};

type WrittenStep = Partial<Written> & {
  readonly at?: number | string;
  readonly repeat?: { readonly times?: number; readonly every: number | string };
};

/** What keeps a step from being done, beside its shape: not exactly one action, or one this device cannot do. */
function actionProblems(step: WrittenStep, path: string, able: readonly ActionName[]): string[] {
  const named = ACTION_NAMES.filter((name) => step[name] !== undefined);
  if (named.length !== 1)
    return [`${path ? `${path}: ` : ''}a step does exactly one of ${able.join(', ')} (got ${named.join(' and ') || 'none'})`];
  const [name] = named;
  return able.includes(name!) ? [] : [`${path ? `${path}.` : ''}${name}: this device cannot do that; it can ${able.join(', ')}`];
}

function actionOf(step: WrittenStep): Action {
  const name = ACTION_NAMES.find((candidate) => step[candidate] !== undefined)!;
  return (READERS[name] as (written: unknown) => Action)(step[name]);
}

function timesOf(step: WrittenStep): number[] {
  const at = durationMs(step.at ?? 0);
  if (!step.repeat) return [at];
  const every = durationMs(step.repeat.every);
  return Array.from({ length: step.repeat.times ?? REPEATS_MAX }, (_, turn) => at + turn * every);
}

/** Reads a scenario that was parsed already. Throws `WrongInput` with every problem and its path. */
export function readScenario(value: unknown, able: readonly ActionName[] = ACTION_NAMES): TimedAction[] {
  const shape = problemsOf(Scenario, value);
  if (shape.length > 0) throw new WrongInput(shape);
  const steps = (value as { steps: WrittenStep[] }).steps;
  const problems = steps.flatMap((step, index) => [
    ...(step.at === undefined ? [`steps[${index}].at: is missing`] : []),
    ...actionProblems(step, `steps[${index}]`, able),
  ]);
  if (problems.length > 0) throw new WrongInput(problems);
  return steps
    .flatMap((step) => timesOf(step).map((atMs) => ({ atMs, action: actionOf(step) })))
    .sort((one, other) => one.atMs - other.atMs);
}

/** Reads one step to be done now, as `--live` takes it from standard input. */
export function readLiveStep(value: unknown, able: readonly ActionName[] = ACTION_NAMES): Action {
  const shape = problemsOf(Step, value);
  const problems = shape.length > 0 ? shape : actionProblems(value as WrittenStep, '', able);
  if (problems.length > 0) throw new WrongInput(problems);
  return actionOf(value as WrittenStep);
}

/** Reads a scenario file, YAML or JSON. */
export function loadScenario(path: string, able: readonly ActionName[]): TimedAction[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw failure('SIM_FILE_UNUSABLE', `scenario ${path}`, error);
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new WrongInput([`${path}: is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`]);
  }
  return readScenario(value, able);
}
