import { u16be, u32be } from '../codec/big-endian.ts';
import { code8, hexDigits } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { fromHex, hex, toHex } from '../codec/hex.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation, What } from '../observation.ts';
import {
  ALARM_BITS,
  DEVICES,
  FAULT_CODES,
  FIRMWARES,
  type Firmware,
  HYDRANT,
  KEPT_WELL,
  LITHIUM_CELL,
  SMOKE,
} from './nb-huaqiang-codes.ts';
import { orNull, unknownCode } from './saying.ts';

/** The device counts seconds from 2018-09-09 16:00 UTC. */
const EPOCH_S = 1_536_508_800;
const NB_SILENCE_MS = 25 * 3_600_000;
/** A report without alarm bits this soon after the last smoke is the end of that alarm: devices report at least once a day. */
const CLEARED_WITHIN_S = 25 * 3600;

const HEADER = layout({
  mark: field(hexDigits(2), 'mark "PU"', '标志 "PU"'),
  length: field(u16be, 'length of the rest', '后续长度'),
  packetType: field(code8, 'packet type', '报文类型'),
  index: field(u8, 'running index', '流水号'),
  version: field(code8, 'version', '版本'),
  device: field(code8, 'device', '设备类型'),
  maker: field(code8, 'maker', '厂家'),
  originalIndex: field(u8, 'index answered', '原流水号'),
  operator: field(code8, 'operator', '运营商'),
  attributes: field(u16be, 'attributes: data length, encryption', '属性:数据长度、加密'),
  time: field(u32be, 'device time', '设备时间'),
  identity: field(raw(8), 'IMEI, nibbles swapped', 'IMEI(半字节交换)'),
  command: field(hexDigits(2), 'command', '命令'),
});
const REPORT = layout({
  alarmBits: field(u8, 'alarm bits', '报警位'),
  faultCode: field(u8, 'fault code', '故障码'),
  mode: field(u8, 'mode', '模式'),
  voltageRaw: field(u16be, 'battery voltage', '电池电压'),
  batteryPercent: field(u8, 'battery %', '电量'),
  temperature: field(u8, 'temperature + 100', '温度+100'),
  cellId: field(u32be, 'cell', '小区'),
  rsrpRaw: field(u8, 'RSRP', 'RSRP'),
});
const SMOKE_TAIL = layout({
  lastSmoke: field(u32be, 'last smoke', '最近烟雾时间'),
  lastSelfTest: field(u32be, 'last self-test', '最近自检时间'),
  selfTestResult: field(u8, 'self-test result', '自检结果'),
  reserved: field(u32be, 'reserved', '预留'),
});
const HYDRANT_TAIL = layout({
  collectUnit: field(u8, 'collect every: unit', '采集周期单位'),
  collectValue: field(u8, 'collect every: value', '采集周期数值'),
  uploadUnit: field(u8, 'upload every: unit', '上报周期单位'),
  uploadValue: field(u8, 'upload every: value', '上报周期数值'),
  lowKPa: field(u32be, 'low limit, kPa', '低限 kPa'),
  highKPa: field(u32be, 'high limit, kPa', '高限 kPa'),
  reserved: field(u32be, 'reserved', '预留'),
  samples: field(u8, 'samples', '样本数'),
});
const SAMPLE = layout({ time: field(u32be, 'time', '时间'), kPa: field(u32be, 'pressure, kPa', '压力 kPa') });
const SAMPLES_MAX = 48;
/** The data length of the attributes counts the command too. */
const COMMAND_BYTES = 2;
const REPORT_AT = HEADER.size!;
const TAIL_AT = REPORT_AT + REPORT.size!;

type Report = LayoutValue<typeof REPORT>;
type Body = Partial<Report> & Record<string, unknown>;

/** No device is older: a clock that shows less was never set, and tells no packet from one after another start. */
const CLOCK_SET_S = 365 * 86_400;

function counterOf({ time, index }: { readonly time: number; readonly index: number }): number | null {
  return time < CLOCK_SET_S ? null : time * 256 + index;
}

const timeOf = (seconds: number) => new Date((seconds + EPOCH_S) * 1000).toISOString().replace('.000Z', 'Z');
const secondsOf = (deviceTime: string) => Math.floor(Date.parse(`${deviceTime.replace(/Z$/, '')}Z`) / 1000) - EPOCH_S;
const swapped = (bytes: Uint8Array) => toHex(bytes).replace(/(.)(.)/g, '$2$1');

/** The firmware whose voltage step gives what a lithium cell can have; null: neither. */
function firmwareOf(voltageRaw: number): Firmware | null {
  return FIRMWARES.find(({ voltsPerStep }) => KEPT_WELL(voltageRaw * voltsPerStep, LITHIUM_CELL)) ?? null;
}

function radioOf(report: Report, firmware: Firmware | null): number | null {
  const readings = [firmware ?? FIRMWARES[0]!, ...FIRMWARES].map(({ rsrp }) => rsrp(report.rsrpRaw));
  return readings.find((dbm) => dbm <= -44 && dbm >= -140) ?? null;
}

function readReport(report: Report): { fields: Body; state: Pick<Observation, 'battery' | 'radio'>; remarks: string[] } {
  const firmware = firmwareOf(report.voltageRaw);
  const volts = firmware ? Number((report.voltageRaw * firmware.voltsPerStep).toFixed(3)) : null;
  const rsrpDbm = radioOf(report, firmware);
  const percent = report.batteryPercent <= 100 ? { percent: report.batteryPercent } : {};
  const { temperature, ...shown } = report;
  return {
    fields: { ...shown, temperatureC: temperature - 100, volts, rsrpDbm, firmware: firmware?.name ?? null },
    state: {
      battery: { ...percent, ...(volts === null ? {} : { millivolts: Math.round(volts * 1000) }) },
      radio: { technology: 'nb-iot', ...(rsrpDbm === null ? {} : { rsrp: rsrpDbm }), cellId: report.cellId },
    },
    remarks: [
      ...(firmware?.name === 'document'
        ? []
        : [firmware ? `voltage and RSRP read by the profile "${firmware.name}"` : 'voltage implausible in every known step']),
      ...(rsrpDbm === null ? ['RSRP out of range in every known form'] : []),
    ],
  };
}

/** The alarm bits as words, worst first. */
function alarmsOf(device: number, bits: number): Array<(typeof ALARM_BITS)[number][number]> {
  return (ALARM_BITS[device] ?? []).filter(({ bit }) => (bits >> bit) & 1);
}

interface Tail {
  readonly fields: Record<string, unknown>;
  readonly readings: readonly Observation[];
  readonly selfTestFailed?: boolean;
  /** What the packet itself shows to have been there and to be over. */
  readonly over?: readonly What[];
}

function readSmoke(bytes: Uint8Array, time: number, report: Report): Tail {
  const reading: Observation = {
    what: 'reading',
    address: {},
    value: report.temperature - 100,
    quantity: 'temperature',
    deviceTime: timeOf(time),
  };
  if (SMOKE_TAIL.measure(bytes, TAIL_AT, bytes.length) === null) return { fields: {}, readings: [reading] };
  const { reserved: _, lastSmoke, lastSelfTest, selfTestResult } = SMOKE_TAIL.decode(bytes, TAIL_AT);
  const since = time - lastSmoke;
  return {
    fields: { lastSmoke: lastSmoke ? timeOf(lastSmoke) : null, lastSelfTest: lastSelfTest ? timeOf(lastSelfTest) : null, selfTestResult },
    readings: [reading],
    selfTestFailed: selfTestResult !== 0,
    over: lastSmoke > 0 && since >= 0 && since <= CLEARED_WITHIN_S ? ['fire'] : [],
  };
}

/** A limit that an older sample broke and the newest keeps. */
function overIn([newest, ...older]: readonly number[], { lowKPa, highKPa }: { lowKPa: number; highKPa: number }): What[] {
  if (newest === undefined) return [];
  const low = lowKPa > 0 && newest >= lowKPa && older.some((kPa) => kPa < lowKPa);
  const high = highKPa > 0 && newest <= highKPa && older.some((kPa) => kPa > highKPa);
  return [...(low ? (['low'] as const) : []), ...(high ? (['high'] as const) : [])];
}

function readHydrant(bytes: Uint8Array): Tail {
  if (HYDRANT_TAIL.measure(bytes, TAIL_AT, bytes.length) === null) return { fields: {}, readings: [] };
  const tail = HYDRANT_TAIL.decode(bytes, TAIL_AT);
  const from = TAIL_AT + HYDRANT_TAIL.size!;
  const held = Math.min(tail.samples, SAMPLES_MAX, Math.floor((bytes.length - from) / SAMPLE.size!));
  const samples = Array.from({ length: held }, (_, index) => SAMPLE.decode(bytes, from + index * SAMPLE.size!));
  const sampleList = samples.map(({ time, kPa }) => ({ time: timeOf(time), kPa }));
  const { collectUnit, collectValue, uploadUnit, uploadValue, reserved: _, ...limits } = tail;
  const collected = { collect: [collectUnit, collectValue], upload: [uploadUnit, uploadValue] };
  return {
    fields: { ...collected, ...limits, sampleList, firstSample: sampleList[0] ?? null, lastSample: sampleList.at(-1) ?? null },
    readings: sampleList.map(({ time, kPa }) => ({ what: 'reading', address: {}, value: kPa, quantity: 'pressure-kpa', deviceTime: time })),
    over: overIn(
      samples.map(({ kPa }) => kPa),
      tail,
    ),
  };
}

/** The observations of a report. The alarm bits describe now: they are said once, never for each sample. */
function observationsOf(
  device: number,
  time: number,
  report: Report,
  tail: Tail,
  state: Pick<Observation, 'battery' | 'radio'>,
): Observation[] {
  const about = { address: {}, deviceTime: timeOf(time), ...state };
  const kind = DEVICES[device]?.componentType;
  const part = kind === undefined ? {} : { componentType: kind };
  const alarms = alarmsOf(device, report.alarmBits).map(({ what, detail }): Observation => {
    const why = what === 'fault' ? (FAULT_CODES[device]?.[report.faultCode] ?? detail) : detail;
    return { what, detail: why, ...about, ...part };
  });
  const known = (ALARM_BITS[device] ?? []).reduce((mask, { bit }) => mask | (1 << bit), 0);
  if (report.alarmBits & ~known) alarms.push(...unknownCode(`alarm bits ${report.alarmBits.toString(2)}`));
  const isSaid = alarms.some(({ detail }) => detail === 'self-test-failed');
  if (tail.selfTestFailed && !isSaid) alarms.push({ what: 'fault', detail: 'self-test-failed', ...about, ...part });
  const over = (tail.over ?? []).filter((what) => alarms.every((alarm) => alarm.what !== what));
  alarms.push(...over.map((detail): Observation => ({ what: 'restored', detail, ...about, ...part })));
  const readings = tail.readings.map((reading, index) => ({ ...reading, ...part, ...(index === 0 ? state : {}) }));
  const quiet: Observation[] = alarms.length === 0 ? [{ what: 'heartbeat', ...about, ...part }] : [];
  return device === HYDRANT ? [...readings, ...alarms, ...quiet] : [...alarms, ...readings, ...quiet];
}

function decode(bytes: Uint8Array): Published | null {
  if (bytes.length < HEADER.size! || bytes[0] !== 0x50 || bytes[1] !== 0x55) return null;
  const header = HEADER.decode(bytes);
  if (header.length + 4 > bytes.length || header.length + 4 < HEADER.size!) return null;
  const packet = bytes.subarray(0, header.length + 4);
  const imei = swapped(header.identity).slice(0, 15);
  const { mark: _, identity, attributes, time, ...shown } = HEADER.view(header);
  const encryption = (header.attributes >> 10) & 3;
  const fields = {
    direction: 'device-to-platform',
    ...shown,
    ...{
      deviceName: DEVICES[header.device]?.en ?? null,
      dataLength: header.attributes & 0x3ff,
      encryption,
      deviceTime: timeOf(header.time),
      imei,
    },
  };
  const published = { device: /^\d{15}$/.test(imei) ? imei : null, counter: counterOf(header) };
  const known = header.command === DEVICES[header.device]?.report;
  if (encryption !== 0 || !known || REPORT.measure(packet, REPORT_AT, packet.length) === null) {
    const body = toHex(packet.subarray(REPORT_AT));
    return {
      ...published,
      fields: { ...fields, body },
      observations: [],
      remarks: [encryption ? 'encrypted: kept raw' : 'no report we know: kept raw'],
    };
  }
  const report = REPORT.decode(packet, REPORT_AT);
  const read = readReport(report);
  const tail = header.device === SMOKE ? readSmoke(packet, header.time, report) : readHydrant(packet);
  const alarms = [
    ...alarmsOf(header.device, report.alarmBits).map(({ name }) => name),
    ...(tail.selfTestFailed ? ['self-test-failed'] : []),
  ];
  return {
    ...published,
    fields: { ...fields, ...read.fields, ...tail.fields, alarms },
    observations: observationsOf(header.device, header.time, report, tail, read.state),
    remarks: read.remarks,
  };
}

function describe(packet: Uint8Array) {
  const device = packet[7] === SMOKE ? SMOKE_TAIL : HYDRANT_TAIL;
  const parts = [
    [HEADER, 0],
    [REPORT, REPORT_AT],
    [device, TAIL_AT],
  ] as const;
  return parts.flatMap(([part, at]) => (part.measure(packet, at, packet.length) === null ? [] : part.describe(packet, at)));
}

/** The kind of device a stimulus is for: what only one of the two can say decides, else the told type, else the smoke detector. */
function deviceFor({ what, value, deviceType }: Stimulus): number {
  if (deviceType === HYDRANT || deviceType === SMOKE) return deviceType;
  return value !== undefined || what === 'low' || what === 'high' ? HYDRANT : SMOKE;
}

/** Words a report says without an alarm bit. */
const QUIET: Readonly<Record<number, readonly What[]>> = {
  [SMOKE]: ['reading', 'heartbeat', 'restored'],
  [HYDRANT]: ['reading', 'heartbeat'],
};

function encodeReport({ what, value, battery, radio }: Stimulus, device: number, alarmBits: number): Uint8Array {
  return REPORT.encode({
    ...{ alarmBits, faultCode: what === 'fault' ? 1 : 0, mode: 0, temperature: 100 + (device === SMOKE ? (value ?? 20) : 20) },
    // As the documented firmware does: volts in steps of 0.01, RSRP as a magnitude.
    ...{ voltageRaw: Math.round((battery?.millivolts ?? 3600) / 10), batteryPercent: battery?.percent ?? 100 },
    ...{ cellId: radio?.cellId ?? 10_000_001, rsrpRaw: Math.round(-(radio?.rsrp ?? -89)) },
  });
}

const EVERY = { collectUnit: 1, collectValue: 30, uploadUnit: 2, uploadValue: 24 } as const;

function encodeTail({ what, value }: Stimulus, device: number, time: number): Uint8Array[] {
  if (device === SMOKE) {
    const lastSmoke = what === 'fire' || what === 'restored' ? time : 0;
    return [SMOKE_TAIL.encode({ lastSmoke, lastSelfTest: time, selfTestResult: 0, reserved: 0 })];
  }
  const samples = value === undefined ? [] : [SAMPLE.encode({ time, kPa: Math.round(value) })];
  return [HYDRANT_TAIL.encode({ ...EVERY, lowKPa: 140, highKPa: 1200, reserved: 0, samples: samples.length }), ...samples];
}

function say(stimulus: Stimulus, imei: string, counter: number): Uint8Array | null {
  const device = deviceFor(stimulus);
  const alarm = ALARM_BITS[device]!.find(({ what }) => what === stimulus.what);
  if (!alarm && !QUIET[device]!.includes(stimulus.what)) return null;
  // A hydrant without a sample measures nothing.
  if (device === HYDRANT && stimulus.what === 'reading' && stimulus.value === undefined) return null;
  const time = secondsOf(stimulus.deviceTime);
  const parts = [encodeReport(stimulus, device, alarm ? 1 << alarm.bit : 0), ...encodeTail(stimulus, device, time)];
  const data = parts.flatMap((part) => [...part]);
  const identity = fromHex(imei.padEnd(16, '0').replace(/(.)(.)/g, '$2$1')) ?? hex('0000000000000000');
  const header = HEADER.encode({
    ...{ mark: '5055', length: HEADER.size! - 4 + data.length, packetType: 0x10, index: counter & 0xff, version: 0x2f, device, maker: 1 },
    ...{ originalIndex: 0, operator: 3, attributes: COMMAND_BYTES + data.length, time, identity, command: DEVICES[device]!.report! },
  });
  return Uint8Array.from([...header, ...data]);
}

/** Huaqiang W308 smoke detector and W306 hydrant meter: binary reports over NB-IoT. */
export const NB_HUAQIANG: PublishingFamily = {
  shape: 'publishes',
  name: 'nb-huaqiang',
  version: 1,
  title: { en: 'Huaqiang W308 smoke, W306 hydrant (NB-IoT)', zh: '华强 W308 烟感、W306 消火栓(NB-IoT)' },
  tier: 1,
  basis: 'captures of three reports; document',
  notes: [
    { en: 'No checksum: data quality rests on the radio link.', zh: '报文无校验:数据质量依赖无线链路。' },
    {
      en: 'Firmwares differ in the step of the voltage and the form of RSRP; what is plausible decides.',
      zh: '不同固件的电压步长与 RSRP 形式不同,按合理范围判定。',
    },
  ],
  carrier: 'coap',
  decode,
  describe,
  silenceMs: NB_SILENCE_MS,
  play: { say: (stimulus, device, counter) => orNull(() => say(stimulus, device, counter)) },
};
