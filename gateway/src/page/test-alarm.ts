import type { Clock, SiteEvent } from '@fengsui/protocol';
import type { Footstep, RowName } from '../trail.ts';
import * as limits from './limits.ts';

export interface TestAlarmNeeds {
  readonly clock: Clock;
  /** Makes an event about the gateway itself durable. */
  readonly append: (event: Pick<SiteEvent, 'kind' | 'edge'> & Partial<SiteEvent>) => Promise<RowName>;
  readonly follow: (row: RowName, heard: (step: Footstep) => void) => () => void;
}

/** One thing that happened to the test alarm, so many milliseconds after the button. */
export interface AlarmStep {
  readonly what: 'durable' | Footstep['what'];
  readonly afterMs: number;
  readonly uplink?: string;
  readonly reason?: string;
}

export interface AlarmShown {
  /** What the alarm names: a place, or a point. Empty: the gateway itself. */
  readonly about: string;
  readonly startedMs: number;
  readonly steps: readonly AlarmStep[];
  /** Wall clock when its end became durable; null while it stands. */
  readonly endedMs: number | null;
  /** Wall clock when it ends by itself. */
  readonly endsMs: number;
}

/**
 * A fire alarm that is none, flagged as a test on its whole way. It is the gateway's own: it names a point in words but never
 * in its part or its source, so that its end can end no alarm that is real. No byte of it goes to a device.
 */
export class TestAlarm {
  readonly #needs: TestAlarmNeeds;
  #shown: AlarmShown | null = null;
  #unfollow: () => void = () => {};
  #over: AbortController | null = null;
  #ending: Promise<unknown> = Promise.resolve();
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(needs: TestAlarmNeeds) {
    this.#needs = needs;
  }

  get shown(): AlarmShown | null {
    return this.#shown;
  }

  get stands(): boolean {
    return this.#shown !== null && this.#shown.endedMs === null;
  }

  /** Begins one, unless another stands or began a moment ago. Rejects with a Failure when the journal does not take it. */
  async begin(about: string): Promise<'begun' | 'stands' | 'too soon'> {
    if (this.#over) return 'stands';
    const { clock, append, follow } = this.#needs;
    if (clock.monotonicMs() - this.#begunMs < limits.TEST_ALARM_EVERY_MS) return 'too soon';
    const over = new AbortController();
    this.#over = over;
    const [startMs, startedMs] = [clock.monotonicMs(), Math.round(clock.wallMs())];
    const step = (what: AlarmStep['what'], more: object = {}) =>
      this.#step({ what, afterMs: Math.round(clock.monotonicMs() - startMs), ...more });
    this.#unfollow();
    try {
      const row = await append({ kind: 'fire', edge: 'began', ...words(about) });
      this.#begunMs = startMs;
      this.#shown = { about, startedMs, steps: [], endedMs: null, endsMs: startedMs + limits.TEST_ALARM_MS };
      step('durable');
      this.#unfollow = follow(row, ({ what, ...more }) => step(what, more));
    } catch (error) {
      this.#over = null;
      throw error;
    }
    this.#ending = clock
      .sleep(limits.TEST_ALARM_MS, over.signal)
      .catch(() => {})
      .then(() => this.#end(about));
    return 'begun';
  }

  /** Ends it now, where one stands; resolves when its end is durable, or cannot be. */
  async end(): Promise<void> {
    this.#over?.abort();
    await this.#ending;
  }

  /** A full disk may be over in a moment. What is not ended then is ended by the next test; until then it stands as a test and as nothing else. */
  async #end(about: string): Promise<void> {
    const { clock, append } = this.#needs;
    for (let attempt = 1; attempt <= limits.TEST_ALARM_ENDS_MAX; attempt++) {
      try {
        await append({ kind: 'fire', edge: 'ended', ...words(about) });
        break;
      } catch {
        await clock.sleep(limits.TEST_ALARM_END_AGAIN_MS);
      }
    }
    if (this.#shown) this.#shown = { ...this.#shown, endedMs: Math.round(clock.wallMs()) };
    this.#over = null;
  }

  #step(step: AlarmStep): void {
    const shown = this.#shown;
    if (!shown || shown.steps.some(({ what, uplink }) => what === step.what && uplink === step.uplink)) return;
    this.#shown = { ...shown, steps: [...shown.steps, step] };
  }
}

function words(about: string): Pick<SiteEvent, 'test' | 'text'> & Partial<SiteEvent> {
  return {
    test: ['maintenance'],
    text: 'test alarm of the installer, no fire 安装维护人员试报警,非真实火警',
    ...(about === '' ? {} : { place: about }),
  };
}
