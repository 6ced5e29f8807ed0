import { flagsAfter, type Measured, type SiteEvent, STATES, type State } from '@fengsui/protocol';

interface Left {
  readonly all: readonly State[];
  /** The same without what was said of it in tests. */
  readonly live: readonly State[];
}

const ORDER = Object.keys(STATES) as State[];

/**
 * What earlier runs heard of points and nobody has ended since. The flags that events carry are those of one run's memory: a fault
 * that this run hears of says nothing of the fire that stood before. So those flags go on beside it, until they are ended or reset,
 * or a value shows that they are over.
 */
export class EarlierFlags {
  #left = new Map<string, Left>();

  /** A run is over: what stands was said by it. */
  begin(points: Iterable<readonly [key: string, { readonly states: readonly State[]; readonly liveStates: readonly State[] }]>): void {
    this.#left = new Map([...points].map(([key, { states, liveStates }]) => [key, { all: states, live: liveStates }]));
  }

  /** All flags of a point after one more event, by what the event or this run says of it. */
  beside(key: string, said: readonly State[], event: SiteEvent, isTest: boolean): readonly State[] {
    const left = this.#left.get(key);
    if (!left) return said;
    const after = (flags: readonly State[]) => {
      const kept = flagsAfter(disproved(flags, event.measured), event).filter((flag) => flags.includes(flag));
      return kept.filter((flag) => !said.includes(flag));
    };
    const live = isTest ? left.live : after(left.live);
    const all = isTest ? after(left.all) : live;
    this.#put(key, { all, live });
    return inOrder([...said, ...all]);
  }

  /** A value of a point that is no event: the flags that it shows to be over. */
  measured(key: string, measured: Measured): readonly State[] {
    const left = this.#left.get(key);
    if (!left) return [];
    this.#put(key, { all: disproved(left.all, measured), live: disproved(left.live, measured) });
    return left.all.filter((flag) => !disproved(left.all, measured).includes(flag));
  }

  /** What stands of a point since before this run: nobody has said in it that it does, nor that it is over. */
  of(key: string): readonly State[] {
    return this.#left.get(key)?.all ?? [];
  }

  reset(key: string, event: SiteEvent): void {
    const left = this.#left.get(key);
    if (left) this.#put(key, { all: flagsAfter(left.all, event), live: flagsAfter(left.live, event) });
  }

  forget(key: string): void {
    this.#left.delete(key);
  }

  #put(key: string, left: Left): void {
    if (left.all.length + left.live.length > 0) this.#left.set(key, left);
    else this.#left.delete(key);
  }
}

function inOrder(flags: readonly State[]): State[] {
  return ORDER.filter((flag) => flags.includes(flag));
}

/** A sensor that measures has not failed. That a limit is kept again is an event. */
function disproved(flags: readonly State[], measured: Measured | undefined): readonly State[] {
  if (measured?.quality !== 'good' || measured.value === null) return flags;
  return flags.filter((flag) => flag !== 'sensor-failed');
}
