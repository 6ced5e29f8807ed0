import { connect, type Socket } from 'node:net';
import { encodeFrame, encodeUnit, timeTagOf } from '@fengsui/protocol/gb26875';

const REPLY_BYTES = 30;
const [SERIAL_AT, COMMAND_AT] = [2, 26];
const CONFIRM = 3;

/** A source address as it lies on the wire: six bytes, the low one first, hex. */
export function onTheWire(source: number): string {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntLE(source, 0, 6);
  return bytes.toString('hex');
}

/** What of a fire is another: GB 18030 bytes of its text, its time. */
export interface FireSaid {
  readonly text?: Uint8Array;
  readonly ms?: number;
}

/** A fire at a component, as a transmission device sends it. */
export function fireFrom(
  source: number,
  serial: number,
  address: number,
  { text = new Uint8Array(), ms = Date.now() }: FireSaid = {},
): Uint8Array {
  const time = timeTagOf(ms, 480);
  const part = { systemType: 1, systemAddress: 1, componentType: 40, componentAddress: address };
  const unit = encodeUnit({ type: 2, count: 1, objects: [{ ...part, status: 3, text, time }] });
  return frameFrom(source, serial, 2, unit);
}

const PRESSURE = 5;
/** A pressure of a hydrant, table 6 of the standard. */
export function readingFrom(source: number, serial: number, address: number, kiloPascal: number): Uint8Array {
  const part = { systemType: 11, systemAddress: 1, componentType: 91, componentAddress: address };
  const object = { ...part, analogueType: PRESSURE, raw: kiloPascal * 10, time: timeTagOf(Date.now(), 480) };
  return frameFrom(source, serial, 2, encodeUnit({ type: 3, count: 1, objects: [object] }));
}

export function frameFrom(source: number, serial: number, command: number, unit: Uint8Array): Uint8Array {
  const time = timeTagOf(Date.now(), 480);
  return encodeFrame({ serial, mainVersion: 1, userVersion: 1, time, source, destination: 1, command }, unit);
}

/** A device on one connection, and when each of its frames was confirmed. */
export class Transmitter {
  readonly #socket: Socket;
  readonly confirmed = new Set<number>();
  isClosed = false;
  #rest = Buffer.alloc(0);

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => {}).on('close', () => (this.isClosed = true));
    this.#socket.on('data', (bytes) => this.#hear(bytes));
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.destroy();
  }

  #hear(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (; this.#rest.length >= REPLY_BYTES; this.#rest = this.#rest.subarray(REPLY_BYTES))
      if (this.#rest[COMMAND_AT] === CONFIRM) this.confirmed.add(this.#rest.readUInt16LE(SERIAL_AT));
  }
}
