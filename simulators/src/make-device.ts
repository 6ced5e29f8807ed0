import type { Clock, Family } from '@fengsui/protocol';
import { CoapDevice, type CoapMode } from './coap-device.ts';
import type { Device, Narrate } from './device.ts';
import { ModbusDevice } from './modbus-device.ts';
import { RTU, TCP } from './modbus-frames.ts';
import { type LineQuality, NoisyWire } from './noisy-wire.ts';
import { WrongInput } from './problems.ts';
import type { Random } from './random.ts';
import { StreamDevice } from './stream-device.ts';
import type { TruthLog } from './truth.ts';
import { wireOf } from './wires/open.ts';
import { parseWire, type WirePlan } from './wires/wire.ts';

/** Everything a simulated device is told from outside. */
export interface DeviceOrder {
  readonly family: Family;
  /** As `--wire` says it. */
  readonly wire: string;
  /** Line speed in baud; null: the family's own on a serial line, unpaced elsewhere. */
  readonly baudRate: number | null;
  readonly unit: number;
  readonly endpoint: string | null;
  readonly mode: CoapMode;
  readonly ackTimeoutMs: number;
  readonly zoneMinutes: number;
  readonly quality: LineQuality;
  readonly clock: Clock;
  readonly random: Random;
  readonly truth: TruthLog;
  readonly narrate: Narrate;
}

function planOf(order: DeviceOrder, familyBaudRate: number): WirePlan {
  const plan = parseWire(order.wire, order.baudRate ?? familyBaudRate);
  if (plan) return plan;
  throw new WrongInput([`--wire: must be pty, pty:/link, tcp:host:port, tcp-connect:host:port or udp:host:port (got "${order.wire}")`]);
}

function lineOf(order: DeviceOrder, plan: WirePlan): NoisyWire {
  const baudRate = plan.kind === 'pty' ? plan.baudRate : order.baudRate;
  return new NoisyWire(wireOf(plan), { random: order.random.fork('line'), clock: order.clock, baudRate, quality: order.quality });
}

/** The device of a family on a wire, not yet started. Throws `WrongInput` where family, wire and options do not go together. */
export function makeDevice(order: DeviceOrder): Device {
  const { family, clock, truth, narrate, zoneMinutes, unit, random } = order;
  if (family.shape === 'talks')
    return new StreamDevice({ family, line: lineOf(order, planOf(order, family.line.baudRate)), clock, truth, narrate, zoneMinutes });
  if (family.shape === 'polled') {
    const plan = planOf(order, family.line.baudRate);
    return new ModbusDevice({ family, line: lineOf(order, plan), wrapping: plan.kind === 'pty' ? RTU : TCP, clock, truth, narrate, unit });
  }
  if (family.carrier === 'http')
    throw new WrongInput([`--family: ${family.name} arrives by an operator's cloud over HTTP, it has no wire of its own`]);
  const plan = planOf(order, 0);
  if (plan.kind !== 'udp') throw new WrongInput([`--wire: ${family.name} speaks CoAP: udp:host:port (got "${order.wire}")`]);
  if (order.endpoint === null) throw new WrongInput(['--endpoint: is missing (the IMEI of the device)']);
  const { endpoint, mode, ackTimeoutMs } = order;
  return new CoapDevice({
    family,
    endpoint,
    server: plan,
    mode,
    ackTimeoutMs,
    clock,
    random: random.fork('coap'),
    truth,
    narrate,
    zoneMinutes,
  });
}
