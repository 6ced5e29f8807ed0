import { type Clock, PacketCutter, type Stimulus, type TalkingFamily } from '@fengsui/protocol';
import { deviceTime } from './clock.ts';
import type { Device, Narrate } from './device.ts';
import type { NoisyWire } from './noisy-wire.ts';
import { WrongInput } from './problems.ts';
import type { Action, ActionName } from './scenario.ts';
import type { TruthLine, TruthLog } from './truth.ts';
import type { Peer } from './wires/wire.ts';

/** A host that polled within so many of its periods is polling: the device waits to be asked. */
const POLL_PERIODS = 3;
const TICK_MS = 20;

/** Something the device wants to say: it waits to be fetched, to be confirmed, or just for its turn. */
interface Saying {
  readonly stimulus: Stimulus;
  readonly packet: Uint8Array;
  truth: TruthLine | null;
  sentAtMs: number | null;
  readonly left: () => void;
}

export interface StreamDeviceParts {
  readonly family: TalkingFamily;
  readonly line: NoisyWire;
  readonly clock: Clock;
  readonly truth: TruthLog;
  readonly narrate: Narrate;
  readonly zoneMinutes: number;
}

/** Plays a talking family from its own description: idles, says, answers polls, repeats until confirmed. */
export class StreamDevice implements Device {
  readonly able: readonly ActionName[] = ['say', 'noise', 'cut', 'flip', 'glue', 'duplicate', 'silence', 'unplug', 'clock'];
  readonly #parts: StreamDeviceParts;
  readonly #cutters = new Map<Peer, PacketCutter>();
  readonly #queue: Saying[] = [];
  #polledAtMs: number | null = null;
  #spokeAtMs = 0;
  #clockOffsetMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #plugTimer: NodeJS.Timeout | null = null;

  constructor(parts: StreamDeviceParts) {
    this.#parts = parts;
    parts.line.wire.listen((bytes, from) => this.#heard(bytes, from));
  }

  get address(): string {
    return this.#parts.line.wire.address;
  }

  async start(): Promise<void> {
    await this.#parts.line.wire.open();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#plugTimer) clearTimeout(this.#plugTimer);
    await this.#parts.line.wire[Symbol.asyncDispose]();
    this.#parts.truth.close();
  }

  async perform(action: Action): Promise<void> {
    const { line } = this.#parts;
    if (action.kind === 'say') return this.#say(action.say);
    if (action.kind === 'noise') return line.babble(action, () => this.#noteNoise());
    if (action.kind === 'cut') line.cutNext(action.keepBytes);
    if (action.kind === 'flip') line.flipNext(action.packets);
    if (action.kind === 'glue') line.glueNext(action.packets);
    if (action.kind === 'duplicate') line.duplicateNext(action.packets, action.copies);
    if (action.kind === 'silence') line.silence(action.forMs);
    if (action.kind === 'clock') this.#clockOffsetMs = action.offsetMs;
    if (action.kind === 'unplug') await this.#unplug(action.forMs);
  }

  #deviceTime(): string {
    return deviceTime(this.#parts.clock.wallMs() + this.#clockOffsetMs, this.#parts.zoneMinutes);
  }

  #say(said: Omit<Stimulus, 'deviceTime'>): Promise<void> {
    const stimulus = { ...said, deviceTime: this.#deviceTime() };
    const packet = this.#parts.family.play.say(stimulus);
    if (!packet) throw new WrongInput([`say: ${this.#parts.family.name} has no packet for ${JSON.stringify(said)}`]);
    return new Promise((left) => {
      this.#queue.push({ stimulus, packet, truth: null, sentAtMs: null, left });
      this.#tick();
    });
  }

  #noteNoise(): void {
    this.#parts.truth.write({ atMs: this.#parts.clock.wallMs(), what: 'noise', address: {}, expect: 'mustNot' });
  }

  async #unplug(forMs: number): Promise<void> {
    const { truth, clock, line, narrate } = this.#parts;
    truth.write({ atMs: clock.wallMs(), what: 'unplugged', address: {}, expect: 'mustNot' });
    narrate(`unplugged for ${forMs} ms`);
    await line.wire.unplug();
    this.#cutters.clear();
    this.#plugTimer = setTimeout(() => void line.wire.open().catch((error: Error) => narrate(error.message)), forMs);
  }

  get #polled(): boolean {
    const { family, clock } = this.#parts;
    if (family.play.onlyWhenPolled) return true;
    return (
      family.poll !== undefined && this.#polledAtMs !== null && clock.monotonicMs() - this.#polledAtMs < POLL_PERIODS * family.poll.everyMs
    );
  }

  /** What the device does of its own accord: the next thing to say, a repeat of what nobody confirmed, its heartbeat. */
  #tick(): void {
    const { family, line, clock } = this.#parts;
    if (line.silent || this.#polled) return;
    const now = clock.monotonicMs();
    const head = this.#queue[0];
    if (head) {
      const due = head.sentAtMs === null || (family.play.repeatEveryMs !== undefined && now - head.sentAtMs >= family.play.repeatEveryMs);
      if (due) this.#speak(head, null);
    } else if (family.play.idle && family.play.idleEveryMs !== undefined && now - this.#spokeAtMs >= family.play.idleEveryMs) {
      this.#spokeAtMs = now;
      void line.send(family.play.idle(this.#deviceTime()));
    }
  }

  /** Sends what waits, or the host's answer that carries it. Without a confirmation in the protocol it is said once it left. */
  #speak(saying: Saying, answer: { readonly packet: Uint8Array; readonly to: Peer } | null): void {
    const { family, line, clock } = this.#parts;
    saying.sentAtMs = clock.monotonicMs();
    this.#spokeAtMs = saying.sentAtMs;
    if (!family.play.confirms) this.#queue.shift();
    void line
      .send(answer?.packet ?? saying.packet, ({ whole }, listened) => this.#note(saying, whole, listened), answer?.to ?? null)
      .then(saying.left);
  }

  /** Writes the truth before the bytes go out. A repeat adds nothing, unless the first copy was broken or unheard. */
  #note(saying: Saying, whole: boolean, listened: boolean): void {
    const { truth, clock, narrate, family } = this.#parts;
    const { what, address, value, deviceTime: time } = saying.stimulus;
    // With a confirmation only that makes a stimulus certain; without one, leaving whole towards a host that listens does.
    const expect = family.play.confirms ? 'may' : whole ? (listened ? 'must' : 'may') : 'mustNot';
    if (saying.truth) return;
    saying.truth = truth.write({
      ...{ atMs: clock.wallMs(), what, address, expect, deviceTime: time },
      ...(value === undefined ? {} : { value }),
    });
    narrate(`${what} ${JSON.stringify(address)}${whole ? '' : ' (broken on the wire)'}${listened ? '' : ' (nobody listens)'}`);
  }

  #heard(bytes: Uint8Array, from: Peer): void {
    const { family, line } = this.#parts;
    if (!family.play.hostCut) return;
    const cutter = this.#cutters.get(from) ?? new PacketCutter(family.play.hostCut);
    this.#cutters.set(from, cutter);
    for (const cut of cutter.feed(bytes)) if (cut.kind === 'packet' && !line.silent) this.#asked(cut.bytes, from);
  }

  #asked(packet: Uint8Array, from: Peer): void {
    const { family, clock, line } = this.#parts;
    const head = this.#queue[0];
    if (head?.truth && family.play.confirms?.(packet)) this.#confirmed(head);
    const waiting = this.#queue[0];
    const time = this.#deviceTime();
    const idle = family.play.answer?.(packet, null, time) ?? null;
    const answer = waiting ? (family.play.answer?.(packet, waiting.packet, time) ?? null) : idle;
    if (!answer) return;
    this.#polledAtMs = clock.monotonicMs();
    if (waiting && !same(answer, idle)) this.#speak(waiting, { packet: answer, to: from });
    else void line.send(answer, null, from);
  }

  #confirmed(saying: Saying): void {
    const { truth, clock } = this.#parts;
    this.#queue.shift();
    saying.truth = truth.complete(saying.truth!, { acknowledgedMs: clock.wallMs(), expect: 'must' });
  }
}

function same(one: Uint8Array, other: Uint8Array | null): boolean {
  return other !== null && one.length === other.length && one.every((byte, at) => byte === other[at]);
}
