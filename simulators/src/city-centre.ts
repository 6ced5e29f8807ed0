import { closeSync, openSync, writeSync } from 'node:fs';
import type { Clock } from '@fengsui/protocol';
import { PacketCutter, toHex } from '@fengsui/protocol';
import { type Dialect, decodeFrame, encodeFrame, FRAME_BYTES_MIN, FRAME_CUT, parseTimeTag } from '@fengsui/protocol/gb26875';
import { type CentreLink, listenTcp, listenUdp, type Peer } from './centre-links.ts';
import { failure } from './failures.ts';
import { WrongInput } from './problems.ts';

/** How a centre treats what it hears. */
export const CENTRE_MODES = {
  normal: 'confirms every upload',
  slow: 'confirms after --delay',
  silent: 'hears and says nothing',
  deny: 'denies every upload (command 6)',
  'deny-first': 'denies each upload once, then confirms its re-send',
} as const;
export type CentreMode = keyof typeof CENTRE_MODES;

/** One packet the centre heard, and what it said to it. */
export interface CentreLine {
  readonly atMs: number;
  readonly from: string;
  readonly hex: string;
  readonly serial: number | null;
  readonly command: number | null;
  /** Type flag of the unit; null: an empty one. */
  readonly type: number | null;
  readonly answer: 'confirm' | 'denial' | 'reply' | null;
  readonly mode: CentreMode;
}

export interface CentreOptions {
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly mode: CentreMode;
  readonly delayMs: number;
  readonly dialect: Dialect;
  /** Its own address, 48 bits. */
  readonly address: number;
  /** Zone of the times it writes, minutes east of UTC: some devices set their clock by them. */
  readonly zoneMinutes: number;
  readonly log: string | null;
  readonly clock: Clock;
}

const [SEND, CONFIRM, REQUEST, ANSWER, DENIAL] = [2, 3, 4, 5, 6];

/** A city centre that speaks GB/T 26875.3: hears transmission devices, confirms what they say, asks and orders, has bad days on request. */
export class CityCentre {
  readonly #options: CentreOptions;
  readonly #log: number | null;
  #link: CentreLink | null = null;
  #mode: CentreMode;
  #serial = 0;
  /** Where the last packet came from, and the address of the device behind it: whom questions are put to. */
  #device: { readonly peer: Peer; readonly address: number } | null = null;
  readonly #denied = new Set<string>();

  constructor(options: CentreOptions) {
    this.#options = options;
    this.#mode = options.mode;
    try {
      this.#log = options.log ? openSync(options.log, 'a', 0o644) : null;
    } catch (error) {
      throw failure('SIM_FILE_UNUSABLE', `log ${options.log}`, error);
    }
  }

  /** Listens; returns the port. */
  async start(): Promise<number> {
    const { transport, host, port, dialect } = this.#options;
    const listen = transport === 'tcp' ? listenTcp : listenUdp;
    this.#link = await listen({
      host,
      port,
      cutter: () => new PacketCutter(dialect.cut ?? FRAME_CUT),
      hear: (peer, packet) => this.#hear(peer, packet),
    });
    return this.#link.port;
  }

  /** A step from standard input: `{"mode":"silent"}`, `{"ask":"5b010a","command":1}` (the unit in hex), `{"drop":true}`. */
  async perform(step: unknown): Promise<void> {
    const { mode, ask, command, drop } = (step ?? {}) as Record<string, unknown>;
    if (mode !== undefined) this.#become(mode);
    else if (typeof ask === 'string') this.#ask(Uint8Array.from(Buffer.from(ask, 'hex')), command === 1 ? 1 : REQUEST);
    else if (drop === true) this.#link?.drop();
    else throw new WrongInput(['standard input: a step is {"mode":…}, {"ask":"<unit in hex>","command":1 or 4} or {"drop":true}']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link?.close();
    if (this.#log !== null) closeSync(this.#log);
  }

  #become(mode: unknown): void {
    if (typeof mode !== 'string' || !(mode in CENTRE_MODES))
      throw new WrongInput([`mode: must be one of ${Object.keys(CENTRE_MODES).join(', ')} (got ${JSON.stringify(mode)})`]);
    this.#mode = mode as CentreMode;
  }

  #time(): number {
    const { clock, zoneMinutes } = this.#options;
    return parseTimeTag(new Date(clock.wallMs() + zoneMinutes * 60_000).toISOString());
  }

  /** Asks or orders the device that spoke last; without one there is nobody to ask. */
  #ask(unit: Uint8Array, command: number): void {
    if (!this.#device) throw new WrongInput(['ask: no device has spoken yet']);
    const { peer, address } = this.#device;
    const control = {
      serial: this.#serial,
      mainVersion: 1,
      userVersion: 1,
      time: this.#time(),
      source: this.#options.address,
      destination: address,
      command,
    };
    this.#serial = (this.#serial + 1) % 0x10000;
    peer.send(encodeFrame(control, unit));
  }

  #hear(peer: Peer, packet: Uint8Array): void {
    const mode = this.#mode;
    const answer = this.#answerTo(packet, mode);
    this.#keep(peer, packet, answer, mode);
    if (packet.length >= FRAME_BYTES_MIN) this.#device = { peer, address: decodeFrame(packet).control.source };
    if (answer === null) return;
    const reply = this.#reply(packet, answer);
    if (mode === 'slow') setTimeout(() => peer.send(reply), this.#options.delayMs);
    else peer.send(reply);
  }

  #answerTo(packet: Uint8Array, mode: CentreMode): CentreLine['answer'] {
    if (mode === 'silent') return null;
    if (packet.length < FRAME_BYTES_MIN) return 'reply';
    const { command } = decodeFrame(packet).control;
    if (command === CONFIRM || command === ANSWER || command === DENIAL) return null;
    const isUpload = command === SEND || command === 7 || command >= 128;
    if (mode === 'deny' || !isUpload) return 'denial';
    const key = toHex(packet);
    if (mode !== 'deny-first' || this.#denied.has(key)) return 'confirm';
    this.#denied.add(key);
    return 'denial';
  }

  #reply(packet: Uint8Array, answer: 'confirm' | 'denial' | 'reply'): Uint8Array {
    if (answer === 'reply') return Uint8Array.of(0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x23);
    const { serial, mainVersion, userVersion, source, destination } = decodeFrame(packet).control;
    const control = { serial, mainVersion, userVersion, time: this.#time(), source: destination, destination: source };
    return encodeFrame({ ...control, command: answer === 'confirm' ? CONFIRM : DENIAL }, new Uint8Array(0));
  }

  #keep({ name }: Peer, packet: Uint8Array, answer: CentreLine['answer'], mode: CentreMode): void {
    if (this.#log === null) return;
    const frame = packet.length < FRAME_BYTES_MIN ? null : decodeFrame(packet);
    const line: CentreLine = {
      atMs: Math.round(this.#options.clock.wallMs()),
      from: name,
      hex: toHex(packet),
      serial: frame?.control.serial ?? null,
      command: frame?.control.command ?? null,
      type: frame?.unit[0] ?? null,
      answer,
      mode,
    };
    writeSync(this.#log, `${JSON.stringify(line)}\n`);
  }
}
