import type { Clock } from './clock.ts';
import type { Heard, Said } from './heard.ts';

/** A device whose silence means something. */
export interface Watched {
  readonly name: string;
  /** Family `name/version`. */
  readonly family: string;
  readonly silenceMs: number;
}

type Standing = 'unknown' | 'up' | 'lost';

interface Link extends Watched {
  standing: Standing;
  /** Monotonic: a stepped clock neither loses nor finds a device. */
  spokeMs: number;
  /** Wall clock, to be shown; null before its first word. */
  heardMs: number | null;
}

/**
 * Which devices speak and which have fallen silent. It outlives the drivers of its line, so a device is also lost while its
 * wire cannot be opened. The first word of a device after a start says that its link is there: whoever heard of a loss
 * before the start hears that it is over.
 */
export class Links {
  readonly #clock: Clock;
  readonly #links: ReadonlyMap<string, Link>;

  constructor(devices: readonly Watched[], clock: Clock) {
    this.#clock = clock;
    const now = clock.monotonicMs();
    this.#links = new Map(devices.map((device) => [device.name, { ...device, standing: 'unknown', spokeMs: now, heardMs: null }]));
  }

  watches(name: string): boolean {
    return this.#links.has(name);
  }

  /** The device spoke. Returns the word that its link is back, when that is news; `settle` it once it is durable. */
  spoke(name: string): Said | null {
    const link = this.#links.get(name);
    if (!link) return null;
    link.spokeMs = this.#clock.monotonicMs();
    link.heardMs = this.#clock.wallMs();
    return link.standing === 'up' ? null : { what: 'link', address: {}, detail: 'restored' };
  }

  /** Why a device counts as lost before its silence is over: it was asked and did not answer. */
  lose(name: string): Heard | null {
    const link = this.#links.get(name);
    return link && link.standing !== 'lost' ? this.#lost(link) : null;
  }

  /** Those whose silence is over their time and who are not yet known as lost. */
  overdue(): Heard[] {
    const now = this.#clock.monotonicMs();
    return [...this.#links.values()]
      .filter((link) => link.standing !== 'lost' && now - link.spokeMs >= link.silenceMs)
      .map((link) => this.#lost(link));
  }

  /** Milliseconds until the next device is overdue; Infinity when all are lost. */
  dueInMs(): number {
    return Math.max(0, this.dueAtMs() - this.#clock.monotonicMs());
  }

  /** Monotonic time from which the device that is silent longest is overdue; Infinity when all are lost. */
  dueAtMs(): number {
    const standing = [...this.#links.values()].filter(({ standing }) => standing !== 'lost');
    return Math.min(Number.POSITIVE_INFINITY, ...standing.map(({ spokeMs, silenceMs }) => spokeMs + silenceMs));
  }

  /** Every device is known as lost; never where one may be silent for ever. */
  areLost(): boolean {
    return this.#links.size > 0 && [...this.#links.values()].every(({ standing }) => standing === 'lost');
  }

  /** What was said of links in these is durable now. */
  settle(heard: readonly Heard[]): void {
    for (const { device, observations } of heard) {
      const link = this.#links.get(device);
      if (!link) continue;
      for (const { what, detail } of observations) {
        if (what !== 'link') continue;
        if (detail === 'lost') link.standing = 'lost';
        else if (detail === 'restored') link.standing = 'up';
      }
    }
  }

  /** How each device stands, for the status page. */
  standings(): ReadonlyMap<string, Standing> {
    return new Map([...this.#links].map(([name, { standing }]) => [name, standing]));
  }

  /** When a device last spoke, an answer that merely measured counted: milliseconds since 1970-01-01 UTC; null: not since the start. */
  heardMs(name: string): number | null {
    return this.#links.get(name)?.heardMs ?? null;
  }

  #lost({ name, family }: Link): Heard {
    const observations = [{ what: 'link', address: {}, detail: 'lost' }] as const;
    return { device: name, family, observations, packet: null, heardMs: this.#clock.wallMs() };
  }
}
