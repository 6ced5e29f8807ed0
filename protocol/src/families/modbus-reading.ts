import { u16be } from '../codec/big-endian.ts';
import { hexOf } from '../codec/digits.ts';
import { raw, u8, u16le } from '../codec/fields.ts';
import { type Described, field, layout } from '../codec/layout.ts';
import { EXCEPTIONS, type ModbusPacket, modbusValues, readModbusPacket } from '../codec/modbus.ts';
import { pointValue, saidBy, widthOf } from '../codec/points.ts';
import type { Decoded, PolledFamily, RegisterPoint, RegisterRequest } from '../family.ts';
import type { Observation } from '../observation.ts';

/** How a family names the two ends of its line. */
export interface Ends {
  readonly from: string;
  readonly to: string;
}
export const DEVICE: Ends = { from: 'device-to-host', to: 'host-to-device' };

type Reply = Extract<ModbusPacket, { kind: 'reply' }>;
/** What a family adds to a reply: fields of its own, and observations in place of those of its points. */
export type Addition = (
  values: readonly number[],
  request: RegisterRequest | null,
  reply: Reply,
) => { fields?: Record<string, unknown>; observations?: readonly Observation[]; remarks?: readonly string[] };

const hex16 = (register: number) => hexOf(register >> 8) + hexOf(register & 0xff);

function isWhole(point: RegisterPoint, reply: Reply, request: RegisterRequest): boolean {
  const end = request.register + Math.min(request.count, modbusValues(reply).length);
  return point.function === reply.function && point.register >= request.register && point.register + widthOf(point) <= end;
}

/** The points a reply covers; where two share a register (the same register means different things on different sites) the first. */
function pointsIn(points: readonly RegisterPoint[], reply: Reply, request: RegisterRequest): RegisterPoint[] {
  const seen = new Set<string>();
  const place = ({ register, byte }: RegisterPoint) => `${register}${byte ?? ''}`;
  return points.filter((point) => isWhole(point, reply, request) && !seen.has(place(point)) && seen.add(place(point)));
}

function readReply(
  points: readonly RegisterPoint[],
  reply: Reply,
  request: RegisterRequest,
): Pick<Decoded, 'fields' | 'observations' | 'remarks'> {
  const values = modbusValues(reply).slice(0, request.count);
  const fields: Record<string, unknown> = {};
  const observations: Observation[] = [];
  const remarks: string[] = [];
  for (const point of pointsIn(points, reply, request)) {
    const at = point.register - request.register;
    const decimals = point.decimalsRegister === undefined ? 0 : values[point.decimalsRegister - request.register];
    const value = pointValue(point, values.slice(at, at + widthOf(point)), decimals ?? 0);
    fields[point.name] = value;
    if (decimals === undefined) remarks.push(`${point.name}: the decimals register is not in this reply, the value is as sent`);
    const said = value === null ? [] : saidBy(point, value);
    const about = { address: point.address ?? {}, ...(point.componentType === undefined ? {} : { componentType: point.componentType }) };
    observations.push(...said.map((word) => ({ ...word, ...about })));
    if (said.length === 0)
      observations.push({ what: 'reading', detail: point.name, ...about, value, ...(point.quantity ? { quantity: point.quantity } : {}) });
  }
  return { fields, observations, remarks };
}

function readOther(packet: Exclude<ModbusPacket, Reply>, ends: Ends): Decoded {
  const { unit, function: fn } = packet;
  const common = { slave: unit, function: fn };
  if (packet.kind === 'request') {
    const { register, count } = packet;
    const fields = { direction: ends.to, ...common, register, address: hex16(register), count, reads: 'read request' };
    return { fields, observations: [{ what: 'link', address: {}, detail: 'read request' }], fromHost: true };
  }
  if (packet.kind === 'exception') {
    const { exception } = packet;
    const fields = { direction: ends.from, ...common, exception, reads: EXCEPTIONS[exception] ?? 'unknown exception' };
    return { fields, observations: [{ what: 'fault', address: {}, detail: 'modbus-exception' }] };
  }
  const written = { ...common, register: packet.register, address: hex16(packet.register) };
  if (packet.kind === 'written') return { fields: { direction: ends.from, ...written, reads: 'write accepted' }, observations: [] };
  return { fields: { direction: ends.to, ...written, reads: 'write request' }, observations: [], fromHost: true };
}

/** Registers no point of the family names: read all the same, by their address. */
function unnamed(values: readonly number[], request: RegisterRequest | null): Observation[] {
  return values.map((value, index) => ({
    what: 'reading',
    address: {},
    value,
    ...(request ? { detail: `register ${hex16((request.register + index) & 0xffff)}` } : {}),
  }));
}

/** The decoder of a polled family, from its points. */
export function modbusDecoder(points: readonly RegisterPoint[], addition?: Addition, ends: Ends = DEVICE): PolledFamily['decode'] {
  return (bytes, request) => {
    const packet = readModbusPacket(bytes, request);
    if (!packet) return { fields: { direction: ends.from }, observations: [], remarks: ['no Modbus packet, or its CRC does not fit'] };
    if (packet.kind !== 'reply') return readOther(packet, ends);
    const values = request ? modbusValues(packet).slice(0, request.count) : modbusValues(packet);
    const read = request
      ? readReply(points, packet, request)
      : { fields: {}, observations: [], remarks: ['a reply cannot be read without its request'] };
    const added = addition?.(values, request, packet) ?? {};
    const own = read.observations.length > 0 ? read.observations : unnamed(values, request);
    const named = packet.function <= 2 ? { contacts: values } : { registers: values };
    return {
      fields: { direction: ends.from, slave: packet.unit, function: packet.function, ...named, ...read.fields, ...added.fields },
      observations: added.observations ?? own,
      remarks: [...(added.observations ? [] : (read.remarks ?? [])), ...(added.remarks ?? [])],
    };
  };
}

const byte = (en: string, zh: string) => field(u8, en, zh);
const START = { unit: byte('unit', '从站'), function: byte('function', '功能码') };
const CRC = { crc: field(u16le, 'CRC, low byte first', 'CRC(低字节在前)') };
const REQUEST = layout({
  ...START,
  register: field(u16be, 'first register', '起始寄存器'),
  count: field(u16be, 'registers', '寄存器数'),
  ...CRC,
});
const EXCEPTION = layout({ ...START, exception: byte('exception', '异常码'), ...CRC });

/** A Modbus packet field by field. */
export function describeModbus(bytes: Uint8Array): Described[] {
  const packet = readModbusPacket(bytes);
  if (!packet) return [];
  if (packet.kind === 'request') return REQUEST.describe(bytes);
  if (packet.kind === 'exception') return EXCEPTION.describe(bytes);
  if (packet.kind !== 'reply')
    return layout({ ...START, rest: field(raw(bytes.length - 4), 'written', '写入内容'), ...CRC }).describe(bytes);
  const registers = packet.function <= 2 ? 0 : packet.data.length / 2;
  const named = Array.from(
    { length: registers },
    (_, index) => [`register${index}`, field(u16be, `register ${index + 1}`, `寄存器 ${index + 1}`)] as const,
  );
  const values =
    registers > 0
      ? Object.fromEntries(named)
      : { contacts: field(raw(packet.data.length), 'contacts, lowest bit first', '触点(低位在前)') };
  return layout({ ...START, size: byte('bytes', '字节数'), ...values, ...CRC }).describe(bytes);
}
