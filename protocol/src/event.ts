import type { Words } from './words.ts';

/** Fire passes everything: what people must act on at once travels in the alarm lane (GB 26875.1-2011 4.1.2.3). */
export type Lane = 'alarm' | 'ordinary';
export const LANES: readonly Lane[] = ['alarm', 'ordinary'];

interface KindRow extends Words {
  /** Number in the profile's annex (tag 7). 1–13 are the bits of GB/T 26875.3-2011 Fig. 6. */
  readonly code: number;
  readonly lane: Lane;
}

/**
 * What an event can mean on site. A began and its ended share a kind, hence a lane, so that neither overtakes the other.
 * The numbers 0–44 follow the suggestion of the protocol notes; 45 and above are ours.
 */
export const EVENT_KINDS = {
  normal: { code: 0, lane: 'ordinary', en: 'normal', zh: '正常' },
  fire: { code: 1, lane: 'alarm', en: 'fire', zh: '火警' },
  fault: { code: 2, lane: 'ordinary', en: 'fault', zh: '故障' },
  shield: { code: 3, lane: 'ordinary', en: 'shield', zh: '屏蔽' },
  supervisory: { code: 4, lane: 'alarm', en: 'supervisory', zh: '监管' },
  start: { code: 5, lane: 'alarm', en: 'start', zh: '启动' },
  feedback: { code: 6, lane: 'alarm', en: 'feedback', zh: '反馈' },
  delay: { code: 7, lane: 'alarm', en: 'delay', zh: '延时' },
  'main-power': { code: 8, lane: 'ordinary', en: 'main power fault', zh: '主电故障' },
  'backup-power': { code: 9, lane: 'ordinary', en: 'backup power fault', zh: '备电故障' },
  bus: { code: 10, lane: 'ordinary', en: 'bus fault', zh: '总线故障' },
  manual: { code: 11, lane: 'alarm', en: 'manual mode', zh: '手动状态' },
  configuration: { code: 12, lane: 'ordinary', en: 'configuration changed', zh: '配置改变' },
  reset: { code: 13, lane: 'alarm', en: 'reset', zh: '复位' },
  link: { code: 32, lane: 'ordinary', en: 'link lost', zh: '链路中断' },
  reading: { code: 33, lane: 'ordinary', en: 'reading', zh: '模拟量' },
  operation: { code: 34, lane: 'alarm', en: 'operation', zh: '操作' },
  'duty-answer': { code: 35, lane: 'alarm', en: 'duty answer', zh: '查岗应答' },
  'first-fire': { code: 36, lane: 'alarm', en: 'first fire', zh: '首火警' },
  prealarm: { code: 37, lane: 'alarm', en: 'pre-alarm', zh: '预警' },
  removed: { code: 38, lane: 'ordinary', en: 'removed or tampered', zh: '拆除' },
  'battery-low': { code: 39, lane: 'ordinary', en: 'battery low', zh: '电池欠压' },
  'water-release': { code: 40, lane: 'alarm', en: 'water release', zh: '出水' },
  tilt: { code: 41, lane: 'ordinary', en: 'tilt', zh: '倾斜' },
  low: { code: 42, lane: 'alarm', en: 'below low limit', zh: '低限' },
  high: { code: 43, lane: 'alarm', en: 'above high limit', zh: '高限' },
  text: { code: 44, lane: 'ordinary', en: 'text', zh: '文本' },
  'gas-alarm': { code: 45, lane: 'alarm', en: 'gas alarm', zh: '燃气报警' },
  'electrical-alarm': { code: 46, lane: 'alarm', en: 'electrical fire alarm', zh: '电气火灾报警' },
  gateway: { code: 47, lane: 'ordinary', en: 'gateway note', zh: '网关自述' },
  test: { code: 48, lane: 'ordinary', en: 'test', zh: '测试' },
  heartbeat: { code: 49, lane: 'ordinary', en: 'heartbeat', zh: '心跳' },
} as const satisfies Record<string, KindRow>;
export type EventKind = keyof typeof EVENT_KINDS;

/** What happened to the kind: a state began, ended or goes on; or it was over at once. */
export const EDGES = { began: 1, ended: 2, still: 3, momentary: 4 } as const;
export type Edge = keyof typeof EDGES;

/** Whose clock gave the event's time. */
export const TIME_SOURCES = { unknown: 0, device: 1, panel: 2, gateway: 3, platform: 4 } as const;
export type TimeSource = keyof typeof TIME_SOURCES;

export interface EventTime {
  /** Milliseconds since 1970-01-01 UTC, 0 to 2^48 − 1. */
  readonly ms: number;
  /** Zone of the written times, minutes east of UTC. */
  readonly zoneMinutes: number;
  readonly source: TimeSource;
}

/** The part of a fire system, in the numbers of GB/T 26875.3-2011 tables 4 and 5. Without a component the event is about the whole system. */
export interface Part {
  /** 系统类型, 0–255. */
  readonly systemType: number;
  /** 系统地址, 0–255. */
  readonly systemAddress: number;
  readonly component?: {
    /** 部件类型, 0–255. */
    readonly type: number;
    /** 部件地址, unsigned 32 bit. */
    readonly address: number;
  };
}

/** How the device itself counts: whatever of these its protocol has. */
export interface DeviceAddress {
  readonly controller?: number;
  readonly loop?: number;
  readonly point?: number;
  readonly zone?: number;
  readonly channel?: number;
  /** IMEI, EUI or serial number of a device that names itself. */
  readonly device?: string;
}

/** Independent flags of a part (GB 4717-2024): any set of them can be true at once. */
export const STATES = {
  // bits of GB/T 26875.3-2011 Fig. 6; bit 0 is not a state but the test flag
  fire: { bit: 1, en: 'fire', zh: '火警' },
  fault: { bit: 2, en: 'fault', zh: '故障' },
  shield: { bit: 3, en: 'shield', zh: '屏蔽' },
  supervisory: { bit: 4, en: 'supervisory', zh: '监管' },
  start: { bit: 5, en: 'start', zh: '启动' },
  feedback: { bit: 6, en: 'feedback', zh: '反馈' },
  delay: { bit: 7, en: 'delay', zh: '延时' },
  'main-power': { bit: 8, en: 'main power fault', zh: '主电故障' },
  'backup-power': { bit: 9, en: 'backup power fault', zh: '备电故障' },
  bus: { bit: 10, en: 'bus fault', zh: '总线故障' },
  manual: { bit: 11, en: 'manual mode', zh: '手动' },
  configuration: { bit: 12, en: 'configuration changed', zh: '配置改变' },
  reset: { bit: 13, en: 'reset', zh: '复位' },
  // what 16 bits cannot say
  'first-fire': { bit: 16, en: 'first fire', zh: '首火警' },
  prealarm: { bit: 17, en: 'pre-alarm', zh: '预警' },
  removed: { bit: 18, en: 'removed', zh: '拆除' },
  'battery-low': { bit: 19, en: 'battery low', zh: '电池欠压' },
  muted: { bit: 20, en: 'muted', zh: '消音' },
  'self-test': { bit: 21, en: 'self-test', zh: '自检' },
  'water-release': { bit: 22, en: 'water flowing', zh: '出水' },
  tilt: { bit: 23, en: 'tilted', zh: '倾斜' },
  low: { bit: 24, en: 'below low limit', zh: '低限' },
  high: { bit: 25, en: 'above high limit', zh: '高限' },
  'sensor-failed': { bit: 26, en: 'sensor failed', zh: '传感器故障' },
  offline: { bit: 27, en: 'offline', zh: '离线' },
  'manual-call-point': { bit: 28, en: 'manual call point', zh: '手动报警' },
  'gas-alarm': { bit: 29, en: 'gas alarm', zh: '燃气报警' },
  'electrical-alarm': { bit: 30, en: 'electrical fire alarm', zh: '电气火灾报警' },
  test: { bit: 31, en: 'test', zh: '测试' },
} as const satisfies Record<string, Words & { bit: number }>;
export type State = keyof typeof STATES;

/** Physical quantities: 1–12 are GB/T 26875.3-2011 table 6, 256 and above are ours. `unit` is the unit of every value of that quantity. */
export const QUANTITIES = {
  count: { code: 1, unit: '件', en: 'event count', zh: '事件计数' },
  height: { code: 2, unit: 'm', en: 'height', zh: '高度' },
  temperature: { code: 3, unit: '℃', en: 'temperature', zh: '温度' },
  'pressure-mpa': { code: 4, unit: 'MPa', en: 'pressure', zh: '压力' },
  'pressure-kpa': { code: 5, unit: 'kPa', en: 'pressure', zh: '压力' },
  gas: { code: 6, unit: '%LEL', en: 'gas concentration', zh: '气体浓度' },
  duration: { code: 7, unit: 's', en: 'time', zh: '时间' },
  voltage: { code: 8, unit: 'V', en: 'voltage', zh: '电压' },
  current: { code: 9, unit: 'A', en: 'current', zh: '电流' },
  flow: { code: 10, unit: 'L/s', en: 'flow', zh: '流量' },
  'air-volume': { code: 11, unit: 'm³/min', en: 'air volume', zh: '风量' },
  'air-speed': { code: 12, unit: 'm/s', en: 'air speed', zh: '风速' },
  'residual-current': { code: 256, unit: 'mA', en: 'residual current', zh: '剩余电流' },
  'gas-ppm': { code: 257, unit: 'ppm', en: 'gas concentration', zh: '气体浓度' },
  obscuration: { code: 258, unit: '%/m', en: 'smoke obscuration', zh: '减光率' },
  humidity: { code: 259, unit: '%RH', en: 'humidity', zh: '湿度' },
  power: { code: 260, unit: 'W', en: 'power', zh: '功率' },
  energy: { code: 261, unit: 'kWh', en: 'energy', zh: '电能' },
  'arc-count': { code: 262, unit: '次', en: 'arc count', zh: '电弧计数' },
  'gas-volume': { code: 263, unit: '%V/V', en: 'gas volume share', zh: '气体体积分数' },
  contact: { code: 264, unit: '', en: 'contact (1 closed)', zh: '触点(1 闭合)' },
} as const satisfies Record<string, Words & { code: number; unit: string }>;
export type Quantity = keyof typeof QUANTITIES;

export const QUALITIES = { good: 0, stale: 1, 'sensor-failed': 2, 'out-of-range': 3, saturated: 4, substituted: 5 } as const;
export type Quality = keyof typeof QUALITIES;

/** A measured value. `value` is finite, in the unit of its quantity; null when the sensor gives none (then `quality` says why). */
export interface Measured {
  readonly quantity: Quantity;
  readonly value: number | null;
  readonly quality: Quality;
  readonly lowLimit?: number;
  readonly highLimit?: number;
}

export interface Battery {
  /** 0–100. */
  readonly percent?: number;
  readonly millivolts?: number;
  readonly low?: boolean;
  readonly externalPower?: boolean;
}

export const RADIO_TECHNOLOGIES = { 'nb-iot': 1, lte: 2, lorawan: 3, lora: 4, wifi: 5, '2g': 6, '5g': 7 } as const;

export interface Radio {
  readonly technology?: keyof typeof RADIO_TECHNOLOGIES;
  /** dBm, in steps of 0.1. */
  readonly rssi?: number;
  /** dBm, in steps of 0.1. */
  readonly rsrp?: number;
  /** dB, in steps of 0.1. */
  readonly snr?: number;
  readonly csq?: number;
  readonly coverageLevel?: number;
  readonly cellId?: number;
}

export interface Tilt {
  /** Degrees, in steps of 0.1. */
  readonly x?: number;
  readonly y?: number;
  readonly beyondLimit?: boolean;
  readonly knocked?: boolean;
  readonly open?: boolean;
}

export interface WaterRelease {
  readonly flowing?: boolean;
  readonly seconds?: number;
  /** Litres, in steps of 0.1. */
  readonly litres?: number;
}

/** Bits of GB/T 26875.3-2011 Fig. 9 and 14. Bit 5 is `confirm` on a facility and `duty-answer` on the transmission device. */
export const OPERATIONS = { reset: 0, mute: 1, 'manual-alarm': 2, 'alarm-cleared': 3, 'self-test': 4, confirm: 5, test: 6 } as const;
export type Operation = keyof typeof OPERATIONS;

/** Why an event is not live traffic (GB/T 45839-2025 5.8.4: test and maintenance must be distinguishable). */
export const TEST_REASONS = { device: 0, maintenance: 1, drill: 2, 'not-in-service': 3 } as const;
export type TestReason = keyof typeof TEST_REASONS;

/** What the gateway says of itself. */
export const GATEWAY_NOTES = {
  started: 1,
  stopped: 2,
  crashed: 3,
  'clock-stepped': 4,
  'queue-high': 5,
  'queue-normal': 6,
  'disk-full': 7,
  'disk-normal': 8,
  noise: 9,
  'driver-failed': 10,
  'driver-recovered': 11,
  'journal-damaged': 12,
  status: 13,
  'readings-thinned': 14,
  'configuration-changed': 15,
  'datagrams-dropped': 16,
  'duty-unanswered': 17,
  'configuration-refused': 18,
  'clock-unsynchronised': 19,
  'certificate-ending': 20,
  'key-exposed': 21,
  'memory-high': 22,
  'descriptors-high': 23,
  'loop-slow': 24,
  'wire-down': 25,
  'wire-silent': 26,
  'power-unreadable': 27,
  'program-failed': 28,
  'page-locked': 29,
  'receive-buffer-small': 30,
  'identity-shared': 31,
  'row-unanswered': 32,
  'file-unusable': 33,
  'retention-short': 34,
} as const;
export type GatewayNote = keyof typeof GATEWAY_NOTES;

/**
 * What a device's word means on site (归一化事件). Immutable; every field that is absent is not known.
 * Identity: `id` is minted once by the gateway and named by every later message about the event.
 */
export interface SiteEvent {
  /** 32 lower-case hex digits. */
  readonly id: string;
  readonly kind: EventKind;
  readonly edge: Edge;
  readonly time: EventTime;
  /** When the gateway heard it, milliseconds since 1970-01-01 UTC. */
  readonly receivedMs?: number;
  /** The device's own time as it was sent, hex, at most 32 bytes: kept where it is impossible or has no date. */
  readonly deviceTimeHex?: string;
  readonly part: Part;
  /** Name of the wire or point on site: unique within the gateway, stable over its life. */
  readonly source: string;
  /** Device family `name/version`. */
  readonly family?: string;
  readonly address?: DeviceAddress;
  /** Place in words, e.g. 3号楼2层西侧走道. */
  readonly place?: string;
  /** The device's own text. */
  readonly text?: string;
  /** The bytes of that text when decoding them loses something, hex. */
  readonly textHex?: string;
  readonly states?: readonly State[];
  readonly measured?: Measured;
  readonly battery?: Battery;
  readonly radio?: Radio;
  readonly tilt?: Tilt;
  readonly release?: WaterRelease;
  /** Tank level, whole millimetres. */
  readonly levelMm?: number;
  readonly operations?: readonly Operation[];
  /** Number of the operator, 0–255 (操作员编号). */
  readonly operatorNumber?: number;
  readonly operator?: string;
  /** The order this answers: serial of the centre's frame, its unit type, its time. */
  readonly answers?: { readonly serial: number; readonly unitType: number; readonly ms: number };
  /** Absent: the device did not say. Empty: expressly live. */
  readonly test?: readonly TestReason[];
  readonly note?: GatewayNote;
  /** The packet that said it, hex: the evidence. */
  readonly packetHex?: string;
  /** Number, length and CRC-32 of a packet too long to travel with the event. */
  readonly packetReference?: { readonly number: number; readonly length: number; readonly crc32: number };
  /** Fields of an annex written by a newer Fengsui: kept and written back unchanged. */
  readonly unknown?: ReadonlyArray<{ readonly tag: number; readonly hex: string }>;
}

export function laneOf(event: Pick<SiteEvent, 'kind'>): Lane {
  return EVENT_KINDS[event.kind].lane;
}
