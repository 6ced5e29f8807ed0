import type { RegisterPoint } from '@fengsui/protocol';
import { familyLabel, type Heard, type Said } from '../line.ts';
import type { PolledDevice } from './driver.ts';
import { changesOf, firstLookOf, type Measurement, measure, planReads, type ReadBlock, type Registers } from './registers.ts';

/** Two missed polls say that what we know is stale. */
const STALE_AFTER_MISSES = 2;

/** A unit that is lost is asked this seldom: each question in vain costs the whole line four answer times. */
export const LOST_POLL_EVERY_MS = 30_000;

/** No slave we know answers later than this: what has not come by then will not come. */
export const SLOWEST_ANSWER_MS = 10_000;

/** A value that jumped beyond physics is asked for again this soon: a real fall of pressure must not wait for the next turn. */
export const CONFIRM_AFTER_MS = 1_000;

/** What one read of a point came to. `held`: nothing is said of it before the next read. */
interface Judged {
  readonly measurement: Measurement;
  readonly held?: true;
}

/** What the driver knows of one unit on the line; it outlives a lost wire. */
export class PolledUnit {
  readonly device: PolledDevice;
  readonly points: readonly RegisterPoint[];
  readonly blocks: readonly ReadBlock[];
  readonly pollEveryMs: number;
  nextPollMs: number;
  misses = 0;
  lost = false;
  /** When a question was last in vain: its answer may still be under way. */
  #unansweredMs: number | undefined;
  readonly #states = new Map<string, number>();
  readonly #measured = new Map<string, Measurement>();
  /** The value of the last read where it jumped and no other has agreed with it. */
  readonly #doubted = new Map<string, number>();
  /** The last value of each point that was believed. */
  readonly #believed = new Map<string, number>();
  #round: ReadonlyMap<string, Judged> = new Map();

  constructor(device: PolledDevice, nowMs: number) {
    const { family } = device;
    this.device = device;
    this.points = family.points.filter(({ name }) => device.registers.includes(name));
    this.blocks = planReads(this.points, family.readMax);
    this.pollEveryMs = device.pollEveryMs ?? family.pollEveryMs;
    this.nextPollMs = nowMs;
  }

  /** The rhythm is kept, polls that were too late are not made up for. */
  schedule(nowMs: number): void {
    const everyMs = this.lost ? LOST_POLL_EVERY_MS : this.pollEveryMs;
    this.nextPollMs = Math.max(nowMs, this.nextPollMs + everyMs);
  }

  heard(observations: readonly Said[], packet: Uint8Array | null, heardMs: number): Heard {
    return { device: this.device.name, family: familyLabel(this.device.family), observations, packet, heardMs };
  }

  /** What one round of reads says: a reading for each quantity, words for states that changed. */
  observe(registers: Registers): Said[] {
    this.#round = new Map(this.points.map((point) => [point.name, this.#judge(point, registers)]));
    return this.points.flatMap((point) => {
      const { measurement, held } = this.#round.get(point.name)!;
      const { value, quality } = measurement;
      if (held) return [];
      if (!point.says) return [reading(point, measurement)];
      if (value === null || quality !== 'good') return [];
      const before = this.#states.get(point.name);
      return [...changesOf(point, before, value), ...(before === undefined ? firstLookOf(point, value) : [])];
    });
  }

  /** Points of the round whose value jumped and is held back. */
  get doubts(): number {
    return [...this.#round.values()].filter(({ held }) => held).length;
  }

  /** What `observe` said is durable: from now on it is what was said before. */
  remember(): void {
    for (const point of this.points) {
      const judged = this.#round.get(point.name);
      if (!judged) continue;
      const { value, quality } = judged.measurement;
      const isJump = judged.held || (quality === 'out-of-range' && this.#doubted.has(point.name));
      if (isJump && value !== null) this.#doubted.set(point.name, value);
      else this.#doubted.delete(point.name);
      if (value !== null && quality === 'good' && !judged.held) this.#believed.set(point.name, value);
      if (judged.held) continue;
      this.#measured.set(point.name, judged.measurement);
      if (point.says && value !== null && quality === 'good') this.#states.set(point.name, value);
    }
  }

  /**
   * A value beyond what physics lets it reach since the last read may be another register's, late and plausible. It is held
   * back once; the next read either agrees with it, or what came is handed on as not to be believed.
   */
  #judge(point: RegisterPoint, registers: Registers): Judged {
    const measurement = measure(point, registers) ?? { value: null, quality: 'sensor-failed' as const };
    const jumpMax = this.device.jumps?.get(point.name);
    const before = this.#believed.get(point.name);
    const { value, quality } = measurement;
    if (jumpMax === undefined || before === undefined || value === null || quality !== 'good') return { measurement };
    const doubted = this.#doubted.get(point.name);
    const near = (other: number | undefined) => other !== undefined && Math.abs(value - other) <= jumpMax;
    if (near(before) || near(doubted)) return { measurement };
    return doubted === undefined ? { measurement, held: true } : { measurement: { value, quality: 'out-of-range' } };
  }

  /** Said once, at the second miss: the last values stand no longer for the present. */
  staleReadings(): Said[] {
    if (this.misses !== STALE_AFTER_MISSES) return [];
    return this.points
      .filter((point) => !point.says)
      .map((point) => reading(point, { ...(this.#measured.get(point.name) ?? { value: null }), quality: 'stale' }));
  }

  unanswered(nowMs: number): void {
    this.#unansweredMs = nowMs;
  }

  /** A reply has come that no earlier question can explain: a slave answers in order, so nothing is under way any more. */
  answered(): void {
    this.#unansweredMs = undefined;
  }

  /** Whether the next reply can only be the answer to the next question. */
  inStep(nowMs: number): boolean {
    return this.#unansweredMs === undefined || nowMs - this.#unansweredMs >= SLOWEST_ANSWER_MS;
  }
}

function reading(point: RegisterPoint, { value, quality, quantity = point.quantity }: Measurement): Said {
  return {
    what: 'reading',
    address: point.address ?? {},
    register: point.name,
    value,
    ...(quantity === undefined ? {} : { quantity }),
    ...(point.componentType === undefined ? {} : { componentType: point.componentType }),
    ...(quality === 'good' ? {} : { quality }),
  };
}
