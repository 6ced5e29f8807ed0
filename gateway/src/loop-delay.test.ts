import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoopDelay } from './loop-delay.ts';

const HELD_UP_MS = 400;

function holdUp(): void {
  const untilMs = performance.now() + HELD_UP_MS;
  while (performance.now() < untilMs);
}

describe('how late the loop is', () => {
  let delay: LoopDelay;

  beforeEach(() => {
    delay = new LoopDelay();
  });

  afterEach(() => delay.close());

  it('is nothing before the first look', () => {
    expect(delay.numbers()).toEqual({ loopDelayP99Ms: 0, loopDelayMaxMs: 0 });
    expect(delay.p99MsSinceLast()).toBe(0);
  });

  it('is what a thread that was held up was late by, and forgotten by the next window alone', async () => {
    // Due after one interval, come to when the thread is free again. The first look only begins to count.
    for (; delay.numbers().loopDelayMaxMs < HELD_UP_MS / 2; await sleep(20)) holdUp();
    expect(delay.p99MsSinceLast()).toBeGreaterThan(HELD_UP_MS / 2);
    expect(delay.p99MsSinceLast()).toBe(0);
    expect(delay.numbers().loopDelayMaxMs).toBeGreaterThan(HELD_UP_MS / 2);
  });
});
