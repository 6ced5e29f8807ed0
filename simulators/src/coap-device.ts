import type { Clock, PublishingFamily, Stimulus } from '@fengsui/protocol';
import { generate, type ParsedPacket, parse } from 'coap-packet';
import { deviceTime } from './clock.ts';
import { CoapExchange, option } from './coap-exchange.ts';
import { DatagramLine } from './datagram-line.ts';
import type { Device, Narrate } from './device.ts';
import { WrongInput } from './problems.ts';
import type { Random } from './random.ts';
import type { Action, ActionName } from './scenario.ts';
import type { TruthLine, TruthLog } from './truth.ts';

/** `observe`: registers at /t/r, is observed at /t/d, notifies (OceanConnect and early NB modules). `direct`: posts to /t/d itself. */
export type CoapMode = 'observe' | 'direct';

export interface CoapDeviceParts {
  readonly family: PublishingFamily;
  /** IMEI or endpoint name. */
  readonly endpoint: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly mode: CoapMode;
  /** Time to the first repeat of an unanswered message (RFC 7252 ACK_TIMEOUT); doubles up to eight times that, never ends. */
  readonly ackTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly truth: TruthLog;
  readonly narrate: Narrate;
  readonly zoneMinutes: number;
}

/** The module binds again after so long without an observer. */
const REBIND_AFTER_MS = 10_000;
/** What the device answers at /t/d: GET is the observation, POST a command. */
const DOWNLINK_CODES: Readonly<Record<string, string>> = { '0.01': '2.05', '0.02': '2.04' };
const NO_BYTES = Buffer.alloc(0);
/** What can be read of any of them, as text: maker and battery of object 3 (OMA-TS-LightweightM2M E.4). */
const READABLE: Readonly<Record<string, string>> = { '/3/0/0': 'Fengsui simulator', '/3/0/9': '87' };

interface Report {
  readonly payload: Buffer;
  truth: TruthLine | null;
  readonly stimulus: Stimulus;
  readonly counter: number;
  readonly left: () => void;
}

function pathOf(packet: ParsedPacket): string {
  return packet.options
    .filter(({ name }) => name === 'Uri-Path')
    .map(({ value }) => `/${value.toString()}`)
    .join('');
}

/** Plays a publishing family over CoAP: one message at a time, in order, repeated until the server acknowledges (RFC 7252 NSTART 1). */
export class CoapDevice implements Device {
  readonly able: readonly ActionName[] = ['say', 'noise', 'duplicate', 'silence', 'unplug', 'rebind', 'clock'];
  readonly #parts: CoapDeviceParts;
  readonly #queue: Report[] = [];
  readonly #line: DatagramLine;
  readonly #exchange: CoapExchange;
  #observer: Buffer | null = null;
  #rebindTimer: NodeJS.Timeout | null = null;
  #plugTimer: NodeJS.Timeout | null = null;
  #observed = 0;
  #counter = 0;
  #clockOffsetMs = 0;

  constructor(parts: CoapDeviceParts) {
    this.#parts = parts;
    this.#line = new DatagramLine(parts.server, parts.clock, (bytes) => this.#heard(bytes));
    this.#exchange = new CoapExchange((datagram) => this.#line.send(datagram), parts.ackTimeoutMs, parts.random.below(0x10000));
    this.#counter = parts.random.below(0x100);
  }

  get address(): string {
    return this.#parts.endpoint;
  }

  /** Whether the server observes this device, so that what it says can leave. */
  get bound(): boolean {
    return this.#parts.mode === 'direct' || this.#observer !== null;
  }

  async start(): Promise<void> {
    await this.#line.open();
    if (this.#parts.mode === 'observe') this.#register();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#plugTimer) clearTimeout(this.#plugTimer);
    await this.#close();
    this.#parts.truth.close();
  }

  async perform(action: Action): Promise<void> {
    if (action.kind === 'say') return this.#say(action.say);
    if (action.kind === 'noise') this.#babble(action);
    if (action.kind === 'duplicate') this.#line.duplicateNext(action.packets, action.copies);
    if (action.kind === 'silence') this.#line.silence(action.forMs);
    if (action.kind === 'clock') this.#clockOffsetMs = action.offsetMs;
    if (action.kind === 'rebind') await this.#rebind();
    if (action.kind === 'unplug') await this.#unplug(action.forMs);
  }

  async #close(): Promise<void> {
    if (this.#rebindTimer) clearTimeout(this.#rebindTimer);
    this.#exchange.end();
    await this.#line.close();
  }

  /** A new source address, the same binding: what an operator's NAT does to a device that slept. */
  async #rebind(): Promise<void> {
    await this.#line.open();
    this.#parts.narrate('comes from a new address');
  }

  async #unplug(forMs: number): Promise<void> {
    const { truth, clock, narrate } = this.#parts;
    truth.write({ atMs: clock.wallMs(), what: 'unplugged', address: {}, expect: 'mustNot' });
    await this.#close();
    this.#plugTimer = setTimeout(
      () =>
        void this.#line.open().then(
          () => this.#resume(),
          (error: Error) => narrate(error.message),
        ),
      forMs,
    );
  }

  #resume(): void {
    if (this.bound) this.#next();
    else this.#register();
  }

  #babble(noise: { readonly bytes?: number; readonly hex?: string }): void {
    const { truth, clock, random } = this.#parts;
    truth.write({ atMs: clock.wallMs(), what: 'noise', address: {}, expect: 'mustNot' });
    this.#line.send(noise.hex ? Buffer.from(noise.hex.replace(/\s+/g, ''), 'hex') : Buffer.from(random.bytes(noise.bytes ?? 16)));
  }

  #say(said: Omit<Stimulus, 'deviceTime'>): Promise<void> {
    const { family, endpoint, clock, zoneMinutes } = this.#parts;
    const stimulus = { ...said, deviceTime: deviceTime(clock.wallMs() + this.#clockOffsetMs, zoneMinutes) };
    const counter = (this.#counter + 1) & 0xff;
    const payload = family.play.say(stimulus, endpoint, counter);
    if (!payload) throw new WrongInput([`say: ${family.name} has no payload for ${JSON.stringify(said)}`]);
    this.#counter = counter;
    return new Promise((left) => {
      this.#queue.push({ payload: Buffer.from(payload), truth: null, stimulus, counter, left });
      this.#next();
    });
  }

  #register(): void {
    this.#observer = null;
    if (this.#rebindTimer) clearTimeout(this.#rebindTimer);
    const query = option('Uri-Query', `ep=${this.#parts.endpoint}`);
    const options = [option('Uri-Path', 't'), option('Uri-Path', 'r'), query];
    this.#exchange.begin(
      { code: 'POST', options, payload: NO_BYTES, token: Buffer.from(this.#parts.random.bytes(4)) },
      ({ code, reset }) => {
        this.#parts.narrate(reset ? 'registration was reset' : `registered (${code})`);
        if (!this.bound) this.#rebindTimer = setTimeout(() => this.#register(), REBIND_AFTER_MS);
        this.#next();
      },
    );
  }

  /** Sends the oldest report, when nothing else is on its way. */
  #next(): void {
    const report = this.#queue[0];
    if (!report || this.#exchange.busy || !this.#line.isOpen || !this.bound) return;
    this.#note(report);
    if (this.#parts.mode === 'observe') this.#notify(report);
    else this.#post(report);
    report.left();
  }

  #notify(report: Report): void {
    this.#observed = (this.#observed + 1) & 0xffffff;
    const message = { code: '2.05', options: [option('Observe', this.#observed)], payload: report.payload, token: this.#observer! };
    this.#exchange.begin(message, ({ reset }) => {
      if (!reset) return this.#acknowledged(report);
      this.#parts.narrate('the server no longer knows the token: registers again');
      this.#register();
    });
  }

  #post(report: Report): void {
    const options = [option('Uri-Path', 't'), option('Uri-Path', 'd'), option('Uri-Query', `ep=${this.#parts.endpoint}`)];
    this.#exchange.begin(
      { code: 'POST', options, payload: report.payload, token: Buffer.from(this.#parts.random.bytes(4)) },
      ({ code, reset }) => {
        if (!reset && (code.startsWith('2.') || code === '0.00')) return this.#acknowledged(report);
        this.#parts.narrate(`the server refused the report: ${reset ? 'reset' : code}`);
        this.#queue.shift();
        this.#next();
      },
    );
  }

  #note(report: Report): void {
    const { truth, clock, endpoint, narrate } = this.#parts;
    if (report.truth) return;
    const { what, address, value, deviceTime: time } = report.stimulus;
    report.truth = truth.write({
      ...{
        atMs: clock.wallMs(),
        what,
        address: { ...address, device: endpoint },
        expect: 'may',
        deviceTime: time,
        counter: report.counter,
      },
      ...(value === undefined ? {} : { value }),
    });
    narrate(what);
  }

  #acknowledged(report: Report): void {
    const { truth, clock } = this.#parts;
    this.#queue.shift();
    truth.complete(report.truth!, { acknowledgedMs: clock.wallMs(), expect: 'must' });
    this.#next();
  }

  #heard(bytes: Buffer): void {
    let packet: ParsedPacket;
    try {
      packet = parse(bytes);
    } catch {
      return; // no CoAP: a device drops it
    }
    if (packet.ack || packet.reset) this.#exchange.answered(packet);
    else if (packet.code === '0.00') this.#line.send(generate({ code: '0.00', messageId: packet.messageId, reset: true }));
    else if (packet.code.startsWith('0.')) this.#asked(packet);
    else this.#exchange.answeredApart(packet);
  }

  #answerRead({ messageId, token, confirmable }: ParsedPacket, text: string): void {
    this.#line.send(generate({ code: '2.05', messageId, token, ack: confirmable, payload: Buffer.from(text) }));
    this.#parts.narrate(`was asked and answered ${text}`);
  }

  /** The server's own requests: it observes /t/d, sends a command there, or reads what can be read. */
  #asked(packet: ParsedPacket): void {
    const read = packet.code === '0.01' ? READABLE[pathOf(packet)] : undefined;
    if (read !== undefined) this.#answerRead(packet, read);
    else this.#observedOrSent(packet);
  }

  #observedOrSent(packet: ParsedPacket): void {
    const observes = pathOf(packet) === '/t/d' && packet.code === '0.01';
    const code = pathOf(packet) === '/t/d' ? (DOWNLINK_CODES[packet.code] ?? '4.05') : '4.04';
    const options = observes ? [option('Observe', this.#observed)] : [];
    this.#line.send(generate({ code, messageId: packet.messageId, token: packet.token, options, ack: packet.confirmable }));
    if (packet.code === '0.02') this.#parts.narrate(`was sent a command of ${packet.payload.length} bytes: ${code}`);
    if (!observes) return;
    this.#observer = packet.token;
    if (this.#rebindTimer) clearTimeout(this.#rebindTimer);
    this.#next();
  }
}
