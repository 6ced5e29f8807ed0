import { crc16Modbus } from '@fengsui/protocol';

/** A request to read, as it came: the wrapping differs between the wires, the question does not. */
export interface ModbusRequest {
  readonly unit: number;
  readonly function: number;
  readonly register: number;
  readonly count: number;
  /** Transaction of Modbus TCP; null on a serial line. */
  readonly transaction: number | null;
}

/** How requests are found among bytes, and answers wrapped. */
export interface ModbusWrapping {
  /** Takes whole requests off the front of `bytes`; returns what is left over. */
  readonly take: (bytes: Uint8Array) => { readonly requests: ModbusRequest[]; readonly rest: Uint8Array };
  /** An answer from unit, function and data. */
  readonly wrap: (request: ModbusRequest, unit: number, pdu: Uint8Array) => Uint8Array;
  /** An answer that lost its end: on a serial line the bytes are gone, over TCP the header counts fewer. */
  readonly shortened: (request: ModbusRequest, pdu: Uint8Array) => Uint8Array;
  /** An answer whose own check fails: the checksum of a serial line, the transaction of TCP. */
  readonly spoilt: (frame: Uint8Array) => Uint8Array;
}

function withByteChanged(frame: Uint8Array, at: number): Uint8Array {
  const bytes = Uint8Array.from(frame);
  bytes[at]! ^= 0xff;
  return bytes;
}

const RTU_REQUEST_BYTES = 8;
const u16 = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;

function rtuRequestAt(bytes: Uint8Array, at: number): ModbusRequest | null {
  if (crc16Modbus(bytes, at, at + 6) !== (bytes[at + 6]! | (bytes[at + 7]! << 8))) return null;
  return { unit: bytes[at]!, function: bytes[at + 1]!, register: u16(bytes, at + 2), count: u16(bytes, at + 4), transaction: null };
}

/** Modbus over a serial line: eight bytes a request to read, found by its checksum, so that noise before it costs nothing. */
export const RTU: ModbusWrapping = {
  take(bytes) {
    const requests: ModbusRequest[] = [];
    let at = 0;
    let kept = 0;
    while (at + RTU_REQUEST_BYTES <= bytes.length) {
      const request = rtuRequestAt(bytes, at);
      at += request ? RTU_REQUEST_BYTES : 1;
      kept = at;
      if (request) requests.push(request);
    }
    return { requests, rest: bytes.slice(kept) };
  },
  wrap(_request, unit, pdu) {
    const frame = new Uint8Array(pdu.length + 3);
    frame[0] = unit;
    frame.set(pdu, 1);
    const crc = crc16Modbus(frame, 0, frame.length - 2);
    frame[frame.length - 2] = crc & 0xff;
    frame[frame.length - 1] = crc >> 8;
    return frame;
  },
  shortened: (request, pdu) => RTU.wrap(request, request.unit, pdu).subarray(0, -3),
  spoilt: (frame) => withByteChanged(frame, frame.length - 1),
};

const HEADER_BYTES = 7;
/** Modbus Application Protocol V1.1b3 §4.1: 253 bytes of data, one of unit. */
const TCP_LENGTH_MAX = 254;

/** Modbus over TCP: seven bytes of header, no checksum. */
export const TCP: ModbusWrapping = {
  take(bytes) {
    const requests: ModbusRequest[] = [];
    let at = 0;
    while (at + HEADER_BYTES + 5 <= bytes.length) {
      const length = u16(bytes, at + 4);
      if (u16(bytes, at + 2) !== 0 || length < 2 || length > TCP_LENGTH_MAX) return { requests, rest: new Uint8Array(0) };
      if (at + 6 + length > bytes.length) break;
      requests.push({
        unit: bytes[at + 6]!,
        function: bytes[at + 7]!,
        register: u16(bytes, at + 8),
        count: u16(bytes, at + 10),
        transaction: u16(bytes, at),
      });
      at += 6 + length;
    }
    return { requests, rest: bytes.slice(at) };
  },
  wrap({ transaction }, unit, pdu) {
    const frame = new Uint8Array(HEADER_BYTES + pdu.length);
    const view = new DataView(frame.buffer);
    view.setUint16(0, transaction ?? 0);
    view.setUint16(4, pdu.length + 1);
    frame[6] = unit;
    frame.set(pdu, HEADER_BYTES);
    return frame;
  },
  shortened: (request, pdu) => TCP.wrap(request, request.unit, pdu.subarray(0, -1)),
  spoilt: (frame) => withByteChanged(frame, 0),
};
