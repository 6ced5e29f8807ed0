import { crc32 } from '../codec/checksums.ts';
import { toHex } from '../codec/hex.ts';
import { type Measured, OPERATIONS, type Operation, type SiteEvent, type State, type TestReason } from '../event.ts';
import type { Heard, Said } from '../heard.ts';
import { timeOf } from './event-time.ts';
import type { Meaning } from './meaning-on-site.ts';
import type { SiteDevice, Spot } from './site-device.ts';

/** Evidence that still travels with its event; longer packets are named by number, length and checksum. */
const PACKET_BYTES_MAX = 512;

/** One event as it is understood, before it is written out. */
export interface Draft {
  readonly said: Said;
  readonly spot: Spot;
  readonly meaning: Meaning;
  /** The flags of the spot after the event. */
  readonly states: readonly State[];
  readonly measured?: Measured;
}

/** What an event needs besides its draft. */
export interface Circumstances {
  readonly heard: Heard;
  readonly device: SiteDevice;
  readonly zoneMinutes: number;
  readonly id: string;
  /** Number of the packet, for a packet too long to travel. */
  readonly packetNumber: number;
  /** Whether the packet travels with this event. */
  readonly evidence: boolean;
}

/** Drops what is not known: an absent field says so. */
function given<F extends object>(fields: F): { [N in keyof F]?: Exclude<F[N], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [N in keyof F]?: Exclude<F[N], undefined>;
  };
}

export function eventOf({ said, spot, meaning, states, measured }: Draft, around: Circumstances): SiteEvent {
  const { heard, device, zoneMinutes, id } = around;
  const source = device.record.device === undefined ? 'panel' : 'device';
  const { battery, radio, tilt, release, levelMm, operatorNumber, textHex } = said;
  return {
    id,
    ...meaning,
    ...timeOf(said.deviceTime, heard.heardMs, zoneMinutes, source),
    receivedMs: heard.heardMs,
    part: spot.part,
    source: heard.device,
    family: heard.family,
    states,
    ...given({
      address: addressOf(said, device),
      place: spot.point?.place,
      text: textOf(said),
      textHex,
      measured,
      battery,
      radio,
      tilt,
      release,
      levelMm,
      operatorNumber,
      operations: operationsOf(said),
      test: testOf(said, spot, device),
    }),
    ...evidenceOf(around),
  };
}

function addressOf({ address }: Said, { record }: SiteDevice): SiteEvent['address'] {
  const named = record.device === undefined ? address : { device: record.device, ...address };
  return Object.keys(named).length > 0 ? named : undefined;
}

/** The device's text, else its word for which fault or alarm it is. */
function textOf({ what, text, detail }: Said): string | undefined {
  return text ?? (what === 'link' || what === 'reading' || what === 'heartbeat' ? undefined : detail);
}

function operationsOf({ what, detail }: Said): Operation[] | undefined {
  if (what === 'silence') return ['mute'];
  if (what === 'self-test') return ['self-test'];
  const word = detail?.replaceAll(' ', '-');
  return what === 'operation' && word !== undefined && word in OPERATIONS ? [word as Operation] : undefined;
}

/** GB/T 45839-2025 5.8.4: what is no live traffic says so. */
function testOf({ what }: Said, spot: Spot, device: SiteDevice): TestReason[] | undefined {
  const reasons: TestReason[] = [];
  if (what === 'test') reasons.push('device');
  if (!device.isInService(spot)) reasons.push('not-in-service');
  return reasons.length > 0 ? reasons : undefined;
}

function evidenceOf({ heard: { packet }, evidence, packetNumber }: Circumstances): Pick<SiteEvent, 'packetHex' | 'packetReference'> {
  if (!packet || !evidence) return {};
  if (packet.length <= PACKET_BYTES_MAX) return { packetHex: toHex(packet) };
  return { packetReference: { number: packetNumber, length: Math.min(packet.length, 0xffff), crc32: crc32(packet) >>> 0 } };
}
