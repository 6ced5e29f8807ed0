import type { RegisterPoint } from '@fengsui/protocol';
import { familyLabel, type Heard, type Said } from '../line.ts';
import type { PolledDevice } from './driver.ts';
import { changesOf, type Measurement, measure, planReads, type ReadBlock, type Registers } from './registers.ts';

/** Two missed polls say that what we know is stale. */
const STALE_AFTER_MISSES = 2;

/** A unit that is lost is asked this seldom: each question in vain costs the whole line four answer times. */
export const LOST_POLL_EVERY_MS = 30_000;

/** No slave we know answers later than this: what has not come by then will not come. */
export const SLOWEST_ANSWER_MS = 10_000;

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
    return this.points.flatMap((point) => {
      const now = measure(point, registers) ?? { value: null, quality: 'sensor-failed' as const };
      if (!point.says) return [reading(point, now)];
      if (now.value === null || now.quality !== 'good') return [];
      return changesOf(point, this.#states.get(point.name), now.value);
    });
  }

  /** What `observe` said is durable: from now on it is what was said before. */
  remember(registers: Registers): void {
    for (const point of this.points) {
      const now = measure(point, registers);
      if (!now) continue;
      this.#measured.set(point.name, now);
      if (point.says && now.value !== null && now.quality === 'good') this.#states.set(point.name, now.value);
    }
  }

  /** Said once, at the second miss: the last values stand no longer for the present. */
  staleReadings(): Said[] {
    if (this.misses !== STALE_AFTER_MISSES) return [];
    return this.points
      .filter((point) => !point.says)
      .map((point) => reading(point, { value: this.#measured.get(point.name)?.value ?? null, quality: 'stale' }));
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

function reading(point: RegisterPoint, { value, quality }: Measurement): Said {
  return {
    what: 'reading',
    address: point.address ?? {},
    register: point.name,
    value,
    ...(point.quantity === undefined ? {} : { quantity: point.quantity }),
    ...(point.componentType === undefined ? {} : { componentType: point.componentType }),
    ...(quality === 'good' ? {} : { quality }),
  };
}
