import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutAll, type Family, type PolledFamily, type RegisterPoint, type TalkingFamily, widthOf } from '@fengsui/protocol';
import { type ReadRequest, readModbusPacket, sealModbus } from '@fengsui/protocol/modbus';
import type { Capture } from '../commission/capture-text.ts';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';

/** The shortest period a configuration may hold. */
const POLL_EVERY_MIN_MS = 50;

/** Stands for the secret of a cloud's door, which is in no capture. */
export const REPLAY_SECRET = 'replayed-capture';

/** Where devices name themselves and share a door: who spoke in a capture. */
function sendersIn({ chunks }: Capture, family: TalkingFamily): string[] {
  const heard = chunks.filter(({ direction }) => direction === 'in').flatMap(({ bytes }) => cutAll(family.cut, bytes));
  const senders = heard.flatMap((cut) => (cut.kind === 'packet' ? (family.sender?.(cut.bytes) ?? []) : []));
  return [...new Set(senders)];
}

/** Nobody has this address: whoever speaks is a stranger, and heard all the same. */
const NOBODY = '0'.repeat(12);

/** A read request in either form of Modbus; null: it is none. */
function readIn(bytes: Uint8Array): ReadRequest | null {
  const isTcp = bytes.length === 12 && bytes[2] === 0 && bytes[3] === 0;
  const packet = readModbusPacket(isTcp ? sealModbus([...bytes.subarray(6)]) : bytes);
  return packet?.kind === 'request' ? packet : null;
}

/** How often a unit was asked the same; nothing where it was asked once. */
function paceOf(asked: ReadonlyArray<ReadRequest & { readonly ms: number }>): { readonly pollEveryMs?: number } {
  const same = asked.filter(({ register, count }) => register === asked[0]?.register && count === asked[0].count);
  const gaps = same.slice(1).map(({ ms }, index) => ms - same[index]!.ms);
  const median = gaps.sort((one, other) => one - other)[gaps.length >> 1];
  return median === undefined ? {} : { pollEveryMs: Math.max(POLL_EVERY_MIN_MS, Math.round(median)) };
}

/**
 * The units that were asked on site, each with the points whose registers were asked for, so that a replay asks the same. Where
 * nothing was asked one unit with every point.
 */
function unitsOf(family: PolledFamily, { chunks }: Capture, unit: number): object[] {
  const asked = chunks.flatMap(({ direction, bytes, ms }) => {
    const request = direction === 'out' ? readIn(bytes) : null;
    return request ? [{ ...request, ms }] : [];
  });
  const units = [...new Set(asked.map((request) => request.unit))];
  const covers = (request: ReadRequest, point: RegisterPoint) =>
    request.function === point.function &&
    point.register >= request.register &&
    point.register + widthOf(point) <= request.register + request.count;
  const found = units.flatMap((number) => {
    const points = family.points.filter((point) => asked.some((request) => request.unit === number && covers(request, point)));
    const registers = points.map(({ name }) => ({ register: name }));
    const name = units.length === 1 ? 'device' : `device-${number}`;
    const pace = paceOf(asked.filter((request) => request.unit === number));
    return points.length > 0 ? [{ name, family: family.name, unit: number, points: registers, ...pace }] : [];
  });
  if (found.length > 0) return found;
  return [{ name: 'device', family: family.name, unit, points: family.points.map(({ name }) => ({ register: name })) }];
}

function devicesOf(family: Family, capture: Capture, unit: number): object[] {
  const device = { name: 'device', family: family.name };
  if (family.shape === 'polled') return unitsOf(family, capture, unit);
  if (family.shape === 'publishes') return [{ ...device, device: 'device', points: [{ address: {} }] }];
  if (!family.sender || !['udp', 'tcp-server'].includes(capture.header.wire.kind)) return [device];
  const senders = sendersIn(capture, family);
  return (senders.length > 0 ? senders : [NOBODY]).map((sender) => ({ ...device, name: `device-${sender}`, device: sender }));
}

/**
 * The wire as it was on site. What was captured came over it, so whatever a ninth bit takes was there. The files of a cloud's door
 * are on site, not here: one stands in for them while the site is checked.
 */
function wireOf({ header: { wire } }: Capture, secretFile: string): object {
  if (wire.kind === 'serial' || wire.kind === 'tcp') return { ...wire, ninthBitBridge: true };
  if (wire.kind !== 'http') return wire;
  writeFileSync(secretFile, REPLAY_SECRET, { mode: 0o600 });
  const { tls: _, keyFile: __, ...door } = wire;
  return { ...door, host: '127.0.0.1', secretFile, ...(wire.tokenFile === undefined ? {} : { tokenFile: secretFile }) };
}

/** A site with one line, as a capture needs it: all points of a polled family are read. */
export function siteOf(family: Family, capture: Capture, unit: number): GatewayConfiguration {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-replay-'));
  const wire = wireOf(capture, join(folder, 'secret'));
  const devices = devicesOf(family, capture, unit);
  const site = {
    gateway: { id: 'replay', address: 0, centre: 0 },
    data: '.',
    profile: 'db36-t1297-2020',
    uplinks: [{ name: 'collector', kind: 'mqtt', url: 'mqtt://127.0.0.1:1883' }],
    lines: [{ name: 'capture', wire, devices }],
  };
  const configuration = checkConfiguration(JSON.stringify(site), tmpdir());
  rmSync(folder, { recursive: true });
  if ('problems' in configuration) throw new TypeError(configuration.problems.join('\n'));
  return configuration;
}
