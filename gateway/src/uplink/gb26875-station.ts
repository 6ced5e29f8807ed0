import type { Clock } from '@fengsui/protocol';
import { type Dialect, encodeFrame, encodeUnit, showTimeTag, timeTagOf } from '@fengsui/protocol/gb26875';

export const CONTROL = 1;
const SEND = 2;

/** The gateway as a transmission device of a centre: how its frames are made. */
export interface Station {
  /** Our own. */
  readonly address: number;
  /** A frame of the next serial of ours. */
  frame(unit: Uint8Array, command?: number): Uint8Array;
  /** A reply to a frame of the centre: its serial, its addresses swapped. */
  reply(to: ReplyTo, command: number, unit?: Uint8Array): Uint8Array;
  /** The dialect's sign of life. */
  heartbeat(): Uint8Array;
}

export interface ReplyTo {
  readonly serial: number;
  readonly source: number;
  readonly destination: number;
}

export interface StationOptions {
  readonly dialect: Dialect;
  readonly source: number;
  readonly destination: number;
  readonly zoneMinutes: number;
  readonly clock: Clock;
}

export function stationOf({ dialect, source, destination, zoneMinutes, clock }: StationOptions): Station {
  const [mainVersion, userVersion] = dialect.versions[0] ?? [1, 1];
  let serial = 0;
  // A clock of 1970 is no time a tag can say (2000 to 2099): then it says none, and the fire goes out all the same.
  const tag = () => dialect.clock.parse(showTimeTag(timeTagOf(clock.wallMs(), zoneMinutes)));
  const head = () => ({ mainVersion, userVersion, time: tag() });
  const frame = (unit: Uint8Array, command = SEND) => {
    const bytes = encodeFrame({ ...head(), serial, source, destination, command }, unit);
    serial = (serial + 1) % 0x10000;
    return bytes;
  };
  return {
    address: source,
    frame,
    reply: (to, command, unit = new Uint8Array(0)) =>
      encodeFrame({ ...head(), serial: to.serial, source: to.destination, destination: to.source, command }, unit),
    heartbeat: () => heartbeatOf(dialect, frame, source, tag()),
  };
}

/** Every form of gb26875 notes 12.1, as the device that has it sends it. */
function heartbeatOf({ heartbeats, types }: Dialect, frame: Station['frame'], source: number, time: number): Uint8Array {
  const timed = (type: number, object: object) =>
    frame(encodeUnit({ type, count: 1, objects: [object as Record<string, unknown>] }, types));
  switch (heartbeats[0]) {
    case 'device-time':
      return timed(28, { time });
    case 'login-time':
      return timed(8, { systemType: 0, systemAddress: 0, time });
    case 'command-7':
      return frame(new Uint8Array(0), 7);
    case 'private-command':
      return frame(Uint8Array.of(128, 0), 128);
    case 'state-without-time':
      return frame(Uint8Array.of(21, 1, 1));
    case 'one-byte-unit':
      return frame(Uint8Array.of(0x16));
    case 'twelve-bytes': {
      const bytes = Uint8Array.of(0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x23);
      for (let index = 0, rest = source; index < 6; index++, rest = Math.floor(rest / 256)) bytes[2 + index] = rest % 256;
      return bytes;
    }
    default:
      return frame(new Uint8Array(0));
  }
}
