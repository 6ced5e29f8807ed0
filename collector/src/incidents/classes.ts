import type { EventKind, GatewayNote, State, Words } from '@fengsui/protocol';

interface ClassRow extends Words {
  /** 1 is the most urgent: what stands on top (GB 26875.1-2011 4.1.2.3, fire before everything). */
  readonly urgency: number;
  /** Whether points of one source are one incident: a fire spreads, a second tank that runs low is another matter. */
  readonly spreads: boolean;
  /** Whether a reset of the controller ends it (GB 4717-2024: what latches). */
  readonly endsByReset: boolean;
  readonly kinds: readonly EventKind[];
}

/** What people treat as one thing, by the kinds of event that open it. A kind in no row opens nothing. */
export const INCIDENT_CLASSES = {
  fire: { urgency: 1, spreads: true, endsByReset: true, kinds: ['fire', 'first-fire'], en: 'fire', zh: '火警' },
  gas: { urgency: 2, spreads: true, endsByReset: true, kinds: ['gas-alarm'], en: 'gas alarm', zh: '燃气报警' },
  electrical: {
    urgency: 3,
    spreads: false,
    endsByReset: true,
    kinds: ['electrical-alarm'],
    en: 'electrical fire alarm',
    zh: '电气火灾报警',
  },
  prealarm: { urgency: 4, spreads: false, endsByReset: true, kinds: ['prealarm'], en: 'pre-alarm', zh: '预警' },
  water: { urgency: 5, spreads: false, endsByReset: false, kinds: ['water-release'], en: 'water release', zh: '出水' },
  limit: { urgency: 6, spreads: false, endsByReset: false, kinds: ['low', 'high'], en: 'beyond limit', zh: '超限' },
  supervisory: { urgency: 7, spreads: false, endsByReset: true, kinds: ['supervisory'], en: 'supervisory', zh: '监管' },
  fault: {
    urgency: 8,
    spreads: false,
    endsByReset: false,
    kinds: ['fault', 'main-power', 'backup-power', 'bus', 'battery-low', 'removed', 'tilt'],
    en: 'fault',
    zh: '故障',
  },
  link: { urgency: 9, spreads: false, endsByReset: false, kinds: ['link'], en: 'link lost', zh: '通信中断' },
} as const satisfies Record<string, ClassRow>;
export type IncidentClass = keyof typeof INCIDENT_CLASSES;

const ENTRIES = Object.entries(INCIDENT_CLASSES) as ReadonlyArray<readonly [IncidentClass, ClassRow]>;
const BY_KIND: ReadonlyMap<string, IncidentClass> = new Map(
  ENTRIES.flatMap(([name, { kinds }]) => kinds.map((kind) => [kind, name] as const)),
);

export function classOf(kind: EventKind): IncidentClass | null {
  return BY_KIND.get(kind) ?? null;
}

export function rowOf(name: IncidentClass): ClassRow {
  return INCIDENT_CLASSES[name];
}

/** Flags that people must act on even when the event that carries them is about something else. */
export const ALARM_STATES: ReadonlyArray<State & EventKind> = ['fire', 'gas-alarm', 'electrical-alarm'];

/**
 * Notes by which a gateway says that it hears nothing over one of its wires, and the matter each is about: a link that is lost, whatever
 * devices are behind it. Its other notes are about itself.
 */
export const LINK_NOTES: ReadonlyMap<GatewayNote, string> = new Map([
  ['wire-down', 'wire-down'],
  ['wire-silent', 'wire-silent'],
  ['driver-failed', 'driver-failed'],
  ['driver-recovered', 'driver-failed'],
]);
