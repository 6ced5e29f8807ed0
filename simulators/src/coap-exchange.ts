import { generate, type ParsedPacket } from 'coap-packet';

export interface CoapOption {
  readonly name: string;
  readonly value: Buffer;
}

export function option(name: string, value: string | number): CoapOption {
  if (typeof value === 'string') return { name, value: Buffer.from(value) };
  const bytes = [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]; // RFC 7252 §3.2: no leading zeros
  return { name, value: Buffer.from(bytes.slice(bytes.findIndex((byte) => byte !== 0) >>> 0)) };
}

export interface Confirmable {
  readonly code: string;
  readonly options: CoapOption[];
  readonly payload: Buffer;
  readonly token: Buffer;
}

interface Exchange {
  readonly datagram: Buffer;
  readonly messageId: number;
  readonly token: Buffer;
  readonly settled: (answer: ParsedPacket) => void;
  timer: NodeJS.Timeout | null;
}

const BACKOFF_MAX = 8;

/** One confirmable message at a time (RFC 7252 NSTART 1), repeated until it is answered. */
export class CoapExchange {
  readonly #send: (datagram: Buffer) => void;
  readonly #ackTimeoutMs: number;
  #messageId: number;
  #current: Exchange | null = null;

  constructor(send: (datagram: Buffer) => void, ackTimeoutMs: number, firstMessageId: number) {
    this.#send = send;
    this.#ackTimeoutMs = ackTimeoutMs;
    this.#messageId = firstMessageId;
  }

  get busy(): boolean {
    return this.#current !== null;
  }

  begin(message: Confirmable, settled: Exchange['settled']): void {
    this.end();
    const messageId = (this.#messageId = (this.#messageId + 1) & 0xffff);
    const datagram = generate({ ...message, messageId, confirmable: true });
    this.#current = { datagram, messageId, token: message.token, settled, timer: null };
    this.#repeat(this.#current, 1);
  }

  end(): void {
    if (this.#current?.timer) clearTimeout(this.#current.timer);
    this.#current = null;
  }

  /** An acknowledgement or a reset. */
  answered(packet: ParsedPacket): void {
    if (this.#current?.messageId === packet.messageId) this.#settle(this.#current, packet);
  }

  /** A response in a message of its own: acknowledged, and taken when it belongs to what waits. */
  answeredApart(packet: ParsedPacket): void {
    if (packet.confirmable) this.#send(generate({ code: '0.00', messageId: packet.messageId, ack: true }));
    if (this.#current?.token.equals(packet.token)) this.#settle(this.#current, packet);
  }

  #settle(exchange: Exchange, packet: ParsedPacket): void {
    this.end();
    exchange.settled(packet);
  }

  #repeat(exchange: Exchange, factor: number): void {
    this.#send(exchange.datagram);
    exchange.timer = setTimeout(() => this.#repeat(exchange, Math.min(2 * factor, BACKOFF_MAX)), factor * this.#ackTimeoutMs);
  }
}
