import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type Clock, type Family, toHex } from '@fengsui/protocol';
import type { Posted, PushRequest } from '@fengsui/protocol/clouds';
import type { Datagram, DatagramWire, PeerAddress, PushWire, Wire, WireServer } from '../line.ts';
import { type CaptureChunk, type CaptureEnd, type CaptureHeader, peerOf } from './capture-text.ts';

/** A day of a busy line at 9600 baud is 80 MB; more belongs into several files. */
export const CAPTURE_BYTES_MAX = 256 * 1024 * 1024;

/** Hears of everything that crosses a wire, before it reaches anybody else. */
export interface Recorder {
  heard(bytes: Uint8Array, from?: PeerAddress): void;
  /** `withheld`: it was kept off the wire. */
  wrote(bytes: Uint8Array, withheld: boolean, to?: PeerAddress): void;
}

/**
 * Writes a capture as it happens: a row reaches the file before its bytes reach anybody else, so a crash loses nothing that
 * had an effect. Throws the file system's error where it cannot write.
 */
export class CaptureFile implements Disposable, Recorder {
  readonly #file: number;
  readonly #clock: Clock;
  readonly #startMs: number;
  #bytes = 0;
  #open = true;
  /** Resolves when the file has reached its limit. */
  readonly full: Promise<void>;
  #fill: () => void = () => {};

  /** The file must not be there yet: a capture of a site cannot be made again. */
  constructor(path: string, header: Omit<CaptureHeader, 'fengsui' | 'version' | 'startedMs'>, clock: Clock) {
    this.#file = openSync(path, 'wx', 0o640);
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.full = new Promise((resolve) => {
      this.#fill = resolve;
    });
    this.#write({ fengsui: 'capture', version: 1, startedMs: clock.wallMs(), ...header });
  }

  heard(bytes: Uint8Array, from?: PeerAddress): void {
    this.#chunk('in', bytes, from);
  }

  /** `withheld`: it was kept off the wire. */
  wrote(bytes: Uint8Array, withheld: boolean, to?: PeerAddress): void {
    this.#chunk('out', bytes, to, withheld);
  }

  #chunk(direction: CaptureChunk['direction'], bytes: Uint8Array, peer?: PeerAddress, withheld = false): void {
    const far = peer ? { peer: `${peer.address}:${peer.port}` } : {};
    this.#write({ ms: this.#nowMs(), direction, hex: toHex(bytes), ...far, ...(withheld ? { withheld } : {}) });
  }

  finish(end: CaptureEnd['end'], looksLike: readonly string[]): void {
    this.#write({ ms: this.#nowMs(), end, ...(looksLike.length > 0 ? { looksLike } : {}) });
    fsyncSync(this.#file);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }

  #nowMs(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startMs) * 1000) / 1000;
  }

  #write(row: object): void {
    if (!this.#open) return;
    const line = `${JSON.stringify(row)}\n`;
    writeSync(this.#file, line);
    this.#bytes += line.length;
    if (this.#bytes >= CAPTURE_BYTES_MAX) this.#fill();
  }
}

/** Which packets of a driver may leave: polls, or everything. */
export type Gate = (packet: Uint8Array) => boolean;

/**
 * The same wire, with everything that crosses it written down. What the gate refuses is written down and never sent.
 * `peer`: whose wire it is, where one door has many.
 */
export function recordedWire(wire: Wire, file: Recorder, gate: Gate, peer?: PeerAddress): Wire {
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const chunk of wire.bytes) {
      file.heard(chunk, peer);
      yield chunk;
    }
  }
  return {
    name: wire.name,
    counters: wire.counters,
    bytes: read(),
    async write(bytes) {
      const goes = gate(bytes);
      file.wrote(bytes, !goes, peer);
      if (goes) await wire.write(bytes);
    },
    ...(wire.prove ? { prove: wire.prove } : {}),
    ...(wire.expect ? { expect: wire.expect } : {}),
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  };
}

/** The same door, with every connection written down. */
export function recordedServer(server: WireServer, file: Recorder, gate: Gate): WireServer {
  async function* accept(): AsyncGenerator<Wire> {
    for await (const wire of server.connections) yield recordedWire(wire, file, gate, peerOf(wire.name));
  }
  const { name, port, counters } = server;
  return { name, port, counters, connections: accept(), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The same socket, with every datagram written down. */
export function recordedSocket(wire: DatagramWire, file: Recorder, gate: Gate): DatagramWire {
  async function* read(): AsyncGenerator<Datagram> {
    for await (const datagram of wire.datagrams) {
      file.heard(datagram.bytes, datagram.from);
      yield datagram;
    }
  }
  const { name, port, receiveBufferBytes, wantedBufferBytes, counters } = wire;
  return {
    ...{ name, port, receiveBufferBytes, wantedBufferBytes, counters },
    ...(wire.dropped ? { dropped: wire.dropped.bind(wire) } : {}),
    datagrams: read(),
    async send(bytes, to) {
      const goes = gate(bytes);
      file.wrote(bytes, !goes, to);
      if (goes) await wire.send(bytes, to);
    },
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  };
}

/** Stands in a capture where the secret of the door stood: a capture is sent by mail. */
export const REDACTED_SECRET = '-';

/** A push as it is written down: the head of its request without the secret, and its body. */
function pushBytes({ method, target, body }: PushRequest): Uint8Array {
  const shown = target.replace(/^\/push\/[^/?]*/, `/push/${REDACTED_SECRET}`);
  return Buffer.concat([Buffer.from(`${method} ${shown}\r\n\r\n`), body]);
}

/** The same door of a cloud, with every push and its answer written down. */
export function recordedDoor(door: PushWire, file: Recorder): PushWire {
  async function* read(): AsyncGenerator<Posted> {
    for await (const posted of door.requests) {
      file.heard(pushBytes(posted));
      const { method, target, body } = posted;
      yield {
        ...{ method, target, body },
        answer(answer) {
          file.wrote(Buffer.from(`${answer.status} ${answer.text}`), false);
          posted.answer(answer);
        },
      };
    }
  }
  const { name, port, counters } = door;
  return { name, port, counters, requests: read(), [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

/** As many polls as any family tells apart by their turn. */
const POLL_TURNS = 256;

/** Lets only those packets pass that ask a device for its state: polls of the families, reads of Modbus. */
export function pollsOnly(families: readonly Family[]): Gate {
  const polls = new Set<string>();
  for (const family of families)
    if (family.shape === 'talks' && family.poll) for (let turn = 0; turn < POLL_TURNS; turn++) polls.add(toHex(family.poll.packet(turn)));
  const modbus = families.some(({ shape }) => shape === 'polled');
  return (packet) => polls.has(toHex(packet)) || (modbus && isModbusRead(packet));
}

/** RTU has its function at 1, Modbus TCP behind a header whose protocol is 0. The driver itself lets nothing but reads pass. */
function isModbusRead(packet: Uint8Array): boolean {
  const fn = packet.length === 8 ? packet[1]! : packet.length === 12 && packet[2] === 0 && packet[3] === 0 ? packet[7]! : 0;
  return fn >= 1 && fn <= 4;
}
