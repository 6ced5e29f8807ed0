import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration } from '../config-schema.ts';
import * as limits from '../limits.ts';
import type { LevelSaid, Trouble, Watcher, What } from './trouble.ts';

type Power = GatewayConfiguration['power'];
type Source = string | readonly string[];

/** How the box is fed, as far as a source is configured; null: nobody says. */
export interface PowerState {
  readonly mains: boolean | null;
  /** 0 to 100. */
  readonly batteryPercent: number | null;
}

/** Reads the box's own power where the site said how. None configured: nothing is said. */
export class PowerWatcher implements Watcher {
  readonly judges = ['main-power', 'backup-power', 'power-unreadable'] as const;
  readonly #gateway: string;
  readonly #power: Power;
  readonly #clock: Clock;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #state: PowerState = { mains: null, batteryPercent: null };
  /** What was last read: a source that cannot be read ends no trouble. */
  #known: PowerState = this.#state;
  #found: readonly Trouble[] = [];

  constructor(gateway: string, power: Power, clock: Clock) {
    this.#gateway = gateway;
    this.#power = power;
    this.#clock = clock;
  }

  state(): PowerState {
    return this.#state;
  }

  async look(levelSaid: LevelSaid): Promise<readonly Trouble[]> {
    if (this.#clock.monotonicMs() - this.#lookedMs < limits.POWER_EVERY_MS) return this.#found;
    this.#lookedMs = this.#clock.monotonicMs();
    const { mains, battery } = this.#power;
    const unreadable: string[] = [];
    const tried = async (setting: string, source: Source) =>
      said(source).catch((error: Error) => {
        unreadable.push(`${setting}: ${error.message}`);
        return null;
      });
    const online = mains ? await tried('power.mains', mains.read) : null;
    const charge = battery ? percentOf(await tried('power.battery', battery.read), unreadable) : null;
    this.#state = { mains: online === null || !mains ? null : online === mains.on, batteryPercent: charge };
    this.#known = { mains: this.#state.mains ?? this.#known.mains, batteryPercent: charge ?? this.#known.batteryPercent };
    this.#found = [...this.#troubles(levelSaid), ...this.#unreadable(unreadable)];
    return this.#found;
  }

  /** A source that could not be read since the start has not shown that its trouble is over. */
  hasSeen(what: What, source: string): boolean {
    const { mains, battery } = this.#power;
    if (source !== this.#gateway) return true;
    if (what === 'main-power') return !mains || this.#known.mains !== null;
    return what !== 'backup-power' || !battery || this.#known.batteryPercent !== null;
  }

  #troubles(levelSaid: LevelSaid): Trouble[] {
    const { mains, batteryPercent } = this.#known;
    const limit = this.#power.battery?.lowPercent ?? 0;
    // A battery that charges back and forth around its limit is one trouble, not many.
    const isSaid = levelSaid('backup-power', this.#gateway) !== null;
    const isLow = batteryPercent !== null && batteryPercent < (isSaid ? limit + limits.BATTERY_RISE_PERCENT : limit);
    const battery = {
      ...(batteryPercent === null ? {} : { percent: batteryPercent }),
      ...(mains === null ? {} : { externalPower: mains }),
      low: isLow,
    };
    const charge = batteryPercent === null ? '' : `, battery ${batteryPercent} %`;
    const source = this.#gateway;
    return [
      ...(mains === false ? [{ what: 'main-power' as const, source, text: `the box has no mains${charge} 主电断开`, battery }] : []),
      ...(isLow ? [{ what: 'backup-power' as const, source, text: `battery of the box ${batteryPercent} % 备电不足`, battery }] : []),
    ];
  }

  #unreadable(words: readonly string[]): Trouble[] {
    if (words.length === 0) return [];
    return [
      {
        what: 'power-unreadable',
        source: this.#gateway,
        text: `${words.join('; ')}: check the source of power in the configuration 电源状态不可读`,
      },
    ];
  }
}

/** What a file holds or a program says, its first line. */
function said(source: Source): Promise<string> {
  if (typeof source === 'string') return readFile(source, 'utf8').then(firstLine);
  const [program, ...words] = source;
  return new Promise((resolve, reject) => {
    const bounds = { timeout: limits.COMMAND_WITHIN_MS, killSignal: 'SIGKILL', maxBuffer: 4_096 } as const;
    execFile(program!, words, bounds, (error, output) => (error ? reject(error) : resolve(firstLine(output))));
  });
}

const firstLine = (text: string) => text.split('\n', 1)[0]!.trim();

function percentOf(text: string | null, unreadable: string[]): number | null {
  if (text === null) return null;
  const percent = Number(text.replace(/\s*%$/, ''));
  if (text !== '' && percent >= 0 && percent <= 100) return Math.round(percent);
  unreadable.push(`power.battery: no number from 0 to 100 (${text.slice(0, 40)})`);
  return null;
}
