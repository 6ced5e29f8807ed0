import type { Clock, PolledFamily, RegisterPoint } from '@fengsui/protocol';
import type { Device, Narrate } from './device.ts';
import type { ModbusRequest, ModbusWrapping } from './modbus-frames.ts';
import { putValue, RegisterImage, readValue, widthOf } from './modbus-registers.ts';
import type { NoisyWire } from './noisy-wire.ts';
import { WrongInput } from './problems.ts';
import type { Action, ActionName, Misanswer } from './scenario.ts';
import type { Expect, TruthLine, TruthLog } from './truth.ts';
import type { Peer } from './wires/wire.ts';

/** Most a master may ask for in one read (Modbus Application Protocol V1.1b3 §6). */
const READ_MAX = { 1: 2000, 2: 2000, 3: 125, 4: 125 } as const;
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const BUSY = 6;
/** No whole request is longer than what two reads take: what piles up beyond is noise. */
const HELD_BYTES_MAX = 512;

export interface ModbusDeviceParts {
  readonly family: PolledFamily;
  readonly line: NoisyWire;
  readonly wrapping: ModbusWrapping;
  readonly clock: Clock;
  readonly truth: TruthLog;
  readonly narrate: Narrate;
  readonly unit: number;
}

/** What a master read of a point last, and the truth line that says so. */
interface Served {
  readonly value: number;
  truth: TruthLine;
}

/** Plays a polled family: a Modbus slave that serves the values a scenario sets. A stimulus is every value a master really read. */
export class ModbusDevice implements Device {
  readonly able: readonly ActionName[] = ['set', 'registers', 'misanswer', 'noise', 'cut', 'flip', 'silence', 'unplug'];
  readonly #parts: ModbusDeviceParts;
  readonly #image = new RegisterImage();
  readonly #served = new Map<string, Served>();
  readonly #held = new Map<Peer, Uint8Array>();
  readonly #misanswers: Array<{ readonly how: Misanswer; readonly delayMs: number }> = [];
  #plugTimer: NodeJS.Timeout | null = null;

  constructor(parts: ModbusDeviceParts) {
    this.#parts = parts;
    parts.line.wire.listen((bytes, from) => this.#heard(bytes, from));
  }

  get address(): string {
    return this.#parts.line.wire.address;
  }

  async start(): Promise<void> {
    await this.#parts.line.wire.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#plugTimer) clearTimeout(this.#plugTimer);
    await this.#parts.line.wire[Symbol.asyncDispose]();
    this.#parts.truth.close();
  }

  async perform(action: Action): Promise<void> {
    const { line } = this.#parts;
    if (action.kind === 'set') this.#set(action.values);
    if (action.kind === 'registers') this.#setRaw(action.registers);
    if (action.kind === 'misanswer') for (let time = 0; time < action.times; time++) this.#misanswers.push(action);
    if (action.kind === 'noise') await line.babble(action, () => this.#noteNoise());
    if (action.kind === 'cut') line.cutNext(action.keepBytes);
    if (action.kind === 'flip') line.flipNext(action.packets);
    if (action.kind === 'silence') line.silence(action.forMs);
    if (action.kind === 'unplug') await this.#unplug(action.forMs);
  }

  #set(values: Readonly<Record<string, number>>): void {
    const { family, narrate } = this.#parts;
    const names = family.points.map(({ name }) => name).join(', ');
    for (const [name, value] of Object.entries(values)) {
      const point = family.points.find((candidate) => candidate.name === name);
      if (!point) throw new WrongInput([`set.${name}: ${family.name} has ${names}`]);
      if (!putValue(this.#image, point, value)) throw new WrongInput([`set.${name}: ${value} does not fit into ${point.type}`]);
      narrate(`${name} = ${value}`);
    }
  }

  /** Raw registers go into every table that the family reads. */
  #setRaw(registers: ReadonlyArray<readonly [register: number, value: number]>): void {
    const tables = new Set(this.#parts.family.points.map((point) => point.function));
    for (const [register, value] of registers) for (const table of tables) this.#image.set(table, register, value);
  }

  #noteNoise(): void {
    this.#parts.truth.write({ atMs: this.#parts.clock.wallMs(), what: 'noise', address: {}, expect: 'mustNot' });
  }

  async #unplug(forMs: number): Promise<void> {
    const { truth, clock, line, narrate } = this.#parts;
    truth.write({ atMs: clock.wallMs(), what: 'unplugged', address: {}, expect: 'mustNot' });
    await line.wire.unplug();
    this.#held.clear();
    this.#plugTimer = setTimeout(() => void line.wire.open().catch((error: Error) => narrate(error.message)), forMs);
  }

  #heard(bytes: Uint8Array, from: Peer): void {
    const { wrapping, unit, line } = this.#parts;
    const held = this.#held.get(from) ?? new Uint8Array(0);
    const { requests, rest } = wrapping.take(new Uint8Array([...held, ...bytes]));
    this.#held.set(from, rest.slice(-HELD_BYTES_MAX));
    for (const request of requests) if (request.unit === unit && !line.silent) this.#asked(request, from);
  }

  #asked(request: ModbusRequest, to: Peer): void {
    const pdu = this.#answer(request);
    const wrong = this.#misanswers.shift();
    if (wrong) void this.#missay(wrong, request, pdu, to);
    else void this.#send(this.#wrapped(request, pdu), request, to, 'must');
  }

  #wrapped(request: ModbusRequest, pdu: Uint8Array, unit: number = request.unit): Uint8Array {
    return this.#parts.wrapping.wrap(request, unit, pdu);
  }

  #answer({ function: table, register, count }: ModbusRequest): Uint8Array {
    const refuse = (code: number) => Uint8Array.of(table | 0x80, code);
    if (table < 1 || table > 4) return refuse(ILLEGAL_FUNCTION);
    if (count < 1 || count > READ_MAX[table as 1 | 2 | 3 | 4] || register + count > 0x10000) return refuse(ILLEGAL_ADDRESS);
    const values = Array.from({ length: count }, (_, index) => this.#image.get(table, register + index));
    if (table > 2) return Uint8Array.of(table, 2 * count, ...values.flatMap((value) => [value >> 8, value & 0xff]));
    const bytes = new Uint8Array(Math.ceil(count / 8));
    for (const [index, value] of values.entries()) if (value) bytes[index >> 3]! |= 1 << (index & 7);
    return Uint8Array.of(table, bytes.length, ...bytes);
  }

  async #send(frame: Uint8Array, request: ModbusRequest, to: Peer, expect: Expect): Promise<void> {
    await this.#parts.line.send(frame, ({ whole }) => whole && this.#note(request, expect), to);
  }

  /** Writes every value that goes out for the first time, before it does. A value sent in doubt becomes certain when it is read again. */
  #note(request: ModbusRequest, expect: Expect): void {
    const { family, truth, clock, unit, narrate } = this.#parts;
    if (expect === 'mustNot') return;
    for (const point of family.points.filter((candidate) => covers(request, candidate))) {
      const value = readValue(this.#image, point);
      const served = this.#served.get(point.name);
      if (served?.value !== value) {
        const address = { unit, register: point.name };
        const line = truth.write({ atMs: clock.wallMs(), what: 'reading', address, value, expect });
        this.#served.set(point.name, { value, truth: line });
        narrate(`${point.name} ${value} was read`);
      } else if (served.truth.expect === 'may' && expect === 'must') {
        served.truth = truth.complete(served.truth, { expect });
      }
    }
  }

  /** An answer that goes wrong on its way. Only a late or doubled one carries the value. */
  async #missay(
    wrong: { readonly how: Misanswer; readonly delayMs: number },
    request: ModbusRequest,
    pdu: Uint8Array,
    to: Peer,
  ): Promise<void> {
    const right = this.#wrapped(request, pdu);
    this.#parts.narrate(`answers wrong: ${wrong.how}`);
    if (wrong.how === 'late') await this.#parts.clock.sleep(wrong.delayMs);
    if (wrong.how === 'late' || wrong.how === 'double') await this.#send(right, request, to, 'may');
    if (wrong.how === 'double') await this.#send(right, request, to, 'may');
    if (wrong.how === 'short') await this.#send(this.#parts.wrapping.shortened(request, pdu), request, to, 'mustNot');
    if (wrong.how === 'wrong-unit') await this.#send(this.#wrapped(request, pdu, (request.unit % 247) + 1), request, to, 'mustNot');
    if (wrong.how === 'exception')
      await this.#send(this.#wrapped(request, Uint8Array.of(request.function | 0x80, BUSY)), request, to, 'mustNot');
    if (wrong.how === 'bad-checksum') await this.#send(this.#parts.wrapping.spoilt(right), request, to, 'mustNot');
  }
}

/** Whether a read of these registers tells the master this point; registers that only help to read others say nothing. */
function covers(request: ModbusRequest, point: RegisterPoint): boolean {
  return (
    (point.quantity !== undefined || point.says !== undefined) &&
    request.function === point.function &&
    point.register >= request.register &&
    point.register + widthOf(point) <= request.register + request.count
  );
}
