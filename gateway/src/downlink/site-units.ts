import { OPERATIONS, READ_UNITS, type ReadObject, type ReadUnit, STATES, type State } from '@fengsui/protocol';
import { stepsOf, UNIT_TYPES } from '@fengsui/protocol/gb26875';
import type { OperationRecord, PointState, SiteState } from './site-state.ts';
import { type ConfiguredPoint, type Unheard, unheardOf } from './unheard.ts';

/** An answer of GB/T 26875.3-2011: objects in the written form of the unit's own table (`UNIT_TYPES`), which also makes their bytes. */
export interface UnitAnswer {
  readonly unit: number;
  /** As many as one frame holds, the latest first. */
  readonly objects: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** How many there are; more than `objects` where one frame does not hold them. */
  readonly inAll: number;
  /** Why there is nothing. */
  readonly why?: string;
  /** Of the components that are asked for, those of which nothing is known: they are not in order, they are not heard. */
  readonly unheard?: Unheard;
}

/** What the gateway itself has to show in such an answer. */
export interface DeviceFacts {
  readonly mainPowerFault: boolean;
  readonly backupPowerFault: boolean;
  readonly channelFault: boolean;
  readonly lineFault: boolean;
}

export interface UnitSources {
  readonly site: SiteState;
  readonly facts: () => DeviceFacts;
  /** `1.2.3`. */
  readonly version: string;
  /** What is configured, in a few words; 255 bytes of GB 18030 at most travel. */
  readonly description: string;
  /** Of a fire system, by its type and address. */
  readonly describe: (systemType: number, systemAddress: number) => string;
  readonly nowMs: () => number;
  /** When the gateway started. */
  readonly startedMs: number;
  readonly configured: readonly ConfiguredPoint[];
  readonly zoneMinutes: number;
}

type Objects = Array<Readonly<Record<string, unknown>>>;
type Answer = (sources: UnitSources, asked: ReadObject) => Objects;

const RECORDS = 102;

/** How each reading unit is answered, object by object. Nothing is asked of any facility: what it said last counts. */
const ANSWERS: Readonly<Record<ReadUnit, Answer>> = {
  61: systemStates,
  62: ({ site, zoneMinutes }, asked) =>
    componentsOf(site, asked).map((point) => ({
      ...componentOf(point),
      status: stateWord(point.liveStates, 8),
      text: point.place ?? '',
      time: written(point.heardMs, zoneMinutes),
    })),
  63: ({ site, zoneMinutes }, asked) =>
    componentsOf(site, asked).flatMap((point) => {
      const steps = stepsOf(point.measured);
      return steps.analogueType === 0 ? [] : [{ ...componentOf(point), ...steps, time: written(point.heardMs, zoneMinutes) }];
    }),
  64: ({ site, zoneMinutes }, asked) =>
    recordsOf(site.operations('facility'), asked, zoneMinutes)
      .filter(({ part }) => isOf(part, asked))
      .map((record) => ({ ...systemOf(record.part), ...operationOf(record, zoneMinutes) })),
  65: () => [],
  66: ({ site, describe }, asked) =>
    systemsOf(site, asked).map((system) => ({ ...system, text: describe(system.systemType, system.systemAddress) })),
  67: ({ site }, asked) => componentsOf(site, asked).map((point) => ({ ...componentOf(point), text: point.place ?? '' })),
  68: ({ site, nowMs, zoneMinutes }, asked) =>
    systemsOf(site, asked).flatMap((system) => {
      const aheadMs = site.clockAhead(system.systemType, system.systemAddress);
      return aheadMs === null ? [] : [{ ...system, time: written(nowMs() + aheadMs, zoneMinutes) }];
    }),
  81: (sources) => [{ status: deviceWord(sources), time: written(sources.nowMs(), sources.zoneMinutes) }],
  84: ({ site, zoneMinutes }, asked) =>
    recordsOf(site.operations('gateway'), asked, zoneMinutes).map((record) => operationOf(record, zoneMinutes)),
  85: ({ version }) => {
    const [mainVersion = 0, minorVersion = 0] = version.split('.').map(Number);
    return [{ mainVersion, minorVersion }];
  },
  86: ({ description }) => [{ text: description }],
  88: ({ nowMs, zoneMinutes }) => [{ time: written(nowMs(), zoneMinutes) }],
};

const NOTHING: Readonly<Partial<Record<ReadUnit, string>>> = {
  65: 'no facility tells its software version 设施未提供软件版本',
  68: 'no such facility has told its time 设施未提供时间',
};

/** Answers a reading unit. What is not there is an answer without objects, and why. */
export function answerUnit(unit: ReadUnit, asked: readonly ReadObject[], sources: UnitSources): UnitAnswer {
  const answers = READ_UNITS.get(unit)!;
  const objects = (asked.length > 0 ? asked : [{}]).flatMap((one) => ANSWERS[unit](sources, one));
  const unheard = OF_STATES.has(unit) ? unheardIn(asked, sources) : null;
  const most = Math.min(UNIT_TYPES.get(answers)!.max, RECORDS);
  const why =
    objects.length > 0
      ? {}
      : {
          why:
            NOTHING[unit] ??
            'nothing of the kind was heard since the start, and the journal tells of none 本次启动以来未收到相应信息,站端日志中也没有',
        };
  return { unit: answers, objects: objects.slice(0, most), inAll: objects.length, ...why, ...(unheard ? { unheard } : {}) };
}

/** Units that tell how systems and components stand. */
const OF_STATES: ReadonlySet<ReadUnit> = new Set([61, 62]);

function unheardIn(asked: readonly ReadObject[], { site, configured, startedMs, zoneMinutes }: UnitSources): Unheard | null {
  const isAsked = ({ part }: ConfiguredPoint) =>
    part.component !== undefined &&
    (asked.length === 0 ||
      asked.some((one) => isOf(part, one) && (one.componentAddress ?? part.component!.address) === part.component!.address));
  return unheardOf(configured.filter(isAsked), site.points(), startedMs, zoneMinutes);
}

function isOf({ systemType, systemAddress }: PointState['part'], asked: ReadObject): boolean {
  return (asked.systemType ?? systemType) === systemType && (asked.systemAddress ?? systemAddress) === systemAddress;
}

function componentsOf(site: SiteState, asked: ReadObject): PointState[] {
  const { componentAddress } = asked;
  return site
    .points()
    .reverse()
    .filter(({ part }) => part.component && isOf(part, asked) && (componentAddress ?? part.component.address) === part.component.address);
}

/** The systems that spoke, the latest first. */
function systemsOf(site: SiteState, asked: ReadObject) {
  const spoke = site
    .points()
    .reverse()
    .filter(({ part }) => isOf(part, asked));
  return [...new Map(spoke.map(({ part }) => [`${part.systemType} ${part.systemAddress}`, systemOf(part)])).values()];
}

/** A system stands as its parts do: fire anywhere is fire. */
function systemStates({ site, zoneMinutes }: UnitSources, asked: ReadObject): Objects {
  return systemsOf(site, asked).map((system) => {
    const own = site.points().filter(({ part }) => isOf(part, system));
    const status = own.reduce((word, { liveStates, part }) => word | stateWord(liveStates, part.component ? 7 : 13), 1);
    return { ...system, status, time: written(Math.max(...own.map(({ heardMs }) => heardMs)), zoneMinutes) };
  });
}

/** Figures 6 and 7: the bits are those of our states; bit 0 is set, for what was said in tests is not told here: a centre takes it for real. */
function stateWord(states: readonly State[], highestBit: number): number {
  return states.reduce((word, state) => {
    const { bit } = STATES[state];
    return bit >= 1 && bit <= highestBit ? word | (1 << bit) : word;
  }, 1);
}

/** Figure 13. */
function deviceWord({ site, facts }: UnitSources): number {
  const { mainPowerFault, backupPowerFault, channelFault, lineFault } = facts();
  const any = (state: State) => site.points().some(({ liveStates }) => liveStates.includes(state));
  const bits = [true, any('fire'), any('fault'), mainPowerFault, backupPowerFault, channelFault, lineFault];
  return bits.reduce((word, is, bit) => (is ? word | (1 << bit) : word), 0);
}

function recordsOf(records: readonly OperationRecord[], { startTime, recordCount }: ReadObject, zoneMinutes: number): OperationRecord[] {
  const since = startTime === undefined ? 0 : Date.parse(`${startTime}Z`) - zoneMinutes * 60_000;
  return records.filter(({ atMs }) => atMs >= since).slice(0, recordCount ?? RECORDS);
}

function operationOf({ operations, isDutyAnswer, operator, atMs }: OperationRecord, zoneMinutes: number) {
  const bits = operations.reduce((word, one) => word | (1 << OPERATIONS[one]), isDutyAnswer ? 0x20 : 0);
  return { operation: bits, operator: operator ?? 0, time: written(atMs, zoneMinutes) };
}

const systemOf = ({ systemType, systemAddress }: PointState['part']) => ({ systemType, systemAddress });
const componentOf = ({ part }: PointState) => ({
  ...systemOf(part),
  componentType: part.component!.type,
  componentAddress: part.component!.address,
});

/** `YYYY-MM-DDTHH:mm:ss` in the zone of the site. */
function written(ms: number, zoneMinutes: number): string {
  return new Date(ms + zoneMinutes * 60_000).toISOString().slice(0, 19);
}
