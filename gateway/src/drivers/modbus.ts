import { EventEmitter } from 'node:events';
import { type Clock, type CutRule, crc16Modbus, NO_START, PacketCutter, replyCut, sealModbus } from '@fengsui/protocol';
import modbusSerial from 'modbus-serial';
import type { Wire } from '../line.ts';
import type { LineCounters } from './driver.ts';
import { Inbox } from './inbox.ts';
import type { ReadBlock } from './registers.ts';

/** How Modbus travels: RTU bytes on a line, or in its TCP form with a transaction number. */
export type ModbusForm = 'rtu' | 'tcp';

/** What became of a read. */
export type Answer =
  | { readonly kind: 'values'; readonly values: readonly number[]; readonly packet: Uint8Array }
  | { readonly kind: 'refused'; readonly exception: number }
  | { readonly kind: 'silent' }
  /** The wire has finished. */
  | { readonly kind: 'end' };

const HEADER_BYTES = 7;
const TCP_PACKET_BYTES_MAX = 260;

/** Packets of Modbus TCP, by their own length. */
const tcpCut: CutRule = {
  maxBytes: TCP_PACKET_BYTES_MAX,
  measure(bytes, from, to) {
    if (to - from < HEADER_BYTES) return 'more';
    const length = (bytes[from + 4]! << 8) | bytes[from + 5]!;
    if (bytes[from + 2] !== 0 || bytes[from + 3] !== 0 || length < 3 || length > 254) return NO_START;
    return to - from < 6 + length ? 'more' : 6 + length;
  },
};

/**
 * modbus-serial makes the requests and reads the replies; its port is ours, on our own wire. So a wire stays the only notion
 * of a port (one place opens, counts, closes), and what the library cannot know is settled before it sees a byte: a reply is
 * cut out by unit, function, byte count and checksum (RTU) or transaction (TCP), late ones are dropped and counted, and
 * nothing but the reading functions 1 to 4 passes on to the wire. Its own timers stay off: time is handed in.
 */
class WirePort extends EventEmitter {
  readonly isOpen = true;
  sent: Uint8Array | undefined;

  open(done: () => void): void {
    done();
  }

  close(done?: () => void): void {
    done?.();
  }

  write(request: Uint8Array): void {
    if (!isReading(request)) throw new Error(`Modbus function ${request[1]} is not a reading function: it is never sent`);
    this.sent = request;
  }
}

/** Whether a request only reads. There is no other gate to the wire, and none that writes. */
export function isReading(request: Uint8Array): boolean {
  return request.length === 8 && request[1]! >= 1 && request[1]! <= 4;
}

/** One Modbus line: one request in flight, whatever the number of units on it. */
export class ModbusLine implements AsyncDisposable {
  readonly #wire: Pick<Wire, 'write' | 'expect'>;
  readonly #inbox: Inbox<Uint8Array>;
  readonly #clock: Clock;
  readonly #form: ModbusForm;
  readonly #counters: LineCounters;
  readonly #port = new WirePort();
  readonly #client = new modbusSerial.default(this.#port);
  #transaction = 0;
  /** The reply the library reads now: the evidence of its values. */
  #reply: Uint8Array = new Uint8Array();

  constructor(wire: Pick<Wire, 'bytes' | 'write' | 'expect'>, form: ModbusForm, clock: Clock, signal: AbortSignal, counters: LineCounters) {
    this.#wire = wire;
    this.#form = form;
    this.#clock = clock;
    this.#counters = counters;
    this.#inbox = new Inbox(wire.bytes, clock, signal);
    this.#client.open(() => {});
  }

  /** Asks once and waits for the one reply that fits. */
  async read(unit: number, block: ReadBlock, timeoutMs: number): Promise<Answer> {
    if ((await this.rest(0)) === 'end') return { kind: 'end' };
    let answer: Answer | undefined;
    const request = this.#request(unit, block, (result) => {
      answer = result;
    });
    this.#transaction = (this.#transaction + 1) & 0xffff;
    await this.#wire.write(this.#form === 'tcp' ? tcpPacket(this.#transaction, request) : request);
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    const cutter = new PacketCutter(this.#form === 'tcp' ? tcpCut : replyCut({ unit, ...block }));
    while (!answer) {
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      const arrival = leftMs > 0 ? await this.#inbox.take(leftMs) : 'silence';
      if (arrival === 'end') return { kind: 'end' };
      if (arrival === 'silence') {
        for (const { bytes } of cutter.idle()) this.#drop('garbled', bytes);
        return { kind: 'silent' };
      }
      for (const cut of cutter.feed(arrival.item)) {
        if (answer || cut.kind === 'noise') this.#drop(cut.kind === 'noise' ? 'garbled' : 'late', cut.bytes);
        else {
          this.#counters.show(cut.bytes);
          this.#hand(cut.bytes, unit, block);
        }
      }
      this.#wire.expect?.(cutter.missingBytes);
    }
    return answer;
  }

  /** Stays silent for a time and throws away what comes: late replies, echoes, noise. */
  async rest(ms: number): Promise<'rested' | 'end'> {
    const untilMs = this.#clock.monotonicMs() + ms;
    while (true) {
      const arrival = await this.#inbox.take(Math.max(0, untilMs - this.#clock.monotonicMs()));
      if (arrival === 'end') return 'end';
      if (arrival === 'silence') {
        if (this.#clock.monotonicMs() >= untilMs) return 'rested';
      } else this.#drop('late', arrival.item);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inbox[Symbol.asyncDispose]();
  }

  /** Lets the library make the request and read its reply. */
  #request(unit: number, { function: fn, register, count }: ReadBlock, done: (answer: Answer) => void): Uint8Array {
    const answered = (error: (Error & { modbusCode?: number }) | null, result?: { data: readonly (number | boolean)[] }) => {
      if (result) done({ kind: 'values', values: result.data.slice(0, count).map(Number), packet: this.#reply });
      else if (error?.modbusCode !== undefined) done({ kind: 'refused', exception: error.modbusCode });
      else this.#drop('garbled', this.#reply);
    };
    if (fn <= 2) this.#client[fn === 1 ? 'writeFC1' : 'writeFC2'](unit, register, count, answered);
    else this.#client[fn === 3 ? 'writeFC3' : 'writeFC4'](unit, register, count, answered);
    return this.#port.sent!;
  }

  /** Hands a reply to the library in the form it knows, unless it answers something else. */
  #hand(packet: Uint8Array, unit: number, block: ReadBlock): void {
    const reply = this.#form === 'tcp' ? this.#fromTcp(packet) : packet;
    if (!reply) {
      this.#drop('late', packet);
      return;
    }
    this.#reply = reply;
    // Some devices refuse with a bare 80 in place of the function.
    const refusal = reply[1] === 0x80 ? sealModbus([unit, block.function | 0x80, reply[2]!]) : reply;
    this.#port.emit('data', Buffer.from(refusal));
  }

  #fromTcp(packet: Uint8Array): Uint8Array | null {
    const transaction = (packet[0]! << 8) | packet[1]!;
    return transaction === this.#transaction ? sealModbus([...packet.subarray(HEADER_BYTES - 1)]) : null;
  }

  #drop(why: 'late' | 'garbled', bytes: Uint8Array): void {
    this.#counters.count(why, this.#clock.wallMs(), bytes);
  }
}

/** A request in its TCP form: a header with the transaction, and no checksum. */
function tcpPacket(transaction: number, request: Uint8Array): Uint8Array {
  const body = request.subarray(0, -2);
  if (crc16Modbus(request, 0, body.length) !== (request.at(-2)! | (request.at(-1)! << 8)))
    throw new Error('a request without its checksum');
  return Uint8Array.of(transaction >> 8, transaction & 0xff, 0, 0, body.length >> 8, body.length & 0xff, ...body);
}
