import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher } from './trouble.ts';

/** An uplink as far as this looks at it. */
interface NamedUplink<Key extends string> {
  readonly name: string;
  readonly numbers: { readonly state: string } & { readonly [key in Key]: string | null };
}

/**
 * One thing that each uplink can suffer from, and says itself in its numbers. An uplink that has not been up for long since the start
 * has not shown that it is over.
 */
export function uplinksWatcher<Key extends string>(
  uplinks: ReadonlyArray<NamedUplink<Key>>,
  clock: Clock,
  what: Trouble['what'],
  key: Key,
  words: string,
): Watcher {
  const upMs = new Map(uplinks.map(({ name }) => [name, 0]));
  let lookedMs = clock.monotonicMs();
  return {
    judges: [what],
    look: () => {
      const passedMs = clock.monotonicMs() - lookedMs;
      lookedMs += passedMs;
      for (const { name, numbers } of uplinks) if (numbers.state === 'up') upMs.set(name, upMs.get(name)! + passedMs);
      return uplinks.flatMap(({ name, numbers }) => {
        const failure = numbers[key];
        return failure === null ? [] : [{ what, source: name, text: `${failure} ${words}` }];
      });
    },
    hasSeen: (_, source) => (upMs.get(source) ?? Number.POSITIVE_INFINITY) >= limits.UPLINK_JUDGED_MS,
  };
}
