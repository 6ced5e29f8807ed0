import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { OrderParameters } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { type CarryOut, done, type Outcome, refused } from './downlink.ts';
import type { KeptOrder } from './record.ts';
import type { SiteState } from './site-state.ts';
import { answerUnit, type UnitSources } from './site-units.ts';
import { unheardOf } from './unheard.ts';

export interface ReadOrderOptions {
  readonly site: SiteState;
  /** How the gateway itself is doing. */
  readonly status: () => Promise<object>;
  /** The file of its configuration. It holds no secrets: keys are named by their paths. */
  readonly file: string;
  readonly version: () => Promise<object>;
  readonly units: UnitSources;
}

/** Answers with what the gateway has: nothing is asked of any device for it. */
export class ReadOrder implements CarryOut<'read'> {
  readonly #options: ReadOrderOptions;

  constructor(options: ReadOrderOptions) {
    this.#options = options;
  }

  async begin(_order: KeptOrder, { what, source, unit, objects }: OrderParameters<'read'>): Promise<Outcome> {
    const { version, units, site } = this.#options;
    if (what === 'unit' || what === 'state') await site.recalled;
    if (what === 'unit') return unit === undefined ? refused('unit: is missing') : done(answerUnit(unit, objects ?? [], units));
    if (what === 'version') return done(await version());
    return done(what === 'configuration' ? await this.#configuration() : await this.#state(source));
  }

  async #configuration(): Promise<object> {
    const { file, version } = this.#options;
    const text = await readFile(file, 'utf8').catch((cause) => {
      throw fail('configuration-unreadable', file, cause);
    });
    const known = { ...(await version()), sha256: createHash('sha256').update(text).digest('hex'), bytes: Buffer.byteLength(text) };
    return Buffer.byteLength(JSON.stringify(text)) <= limits.READ_RESULT_BYTES_MAX ? { ...known, text } : known;
  }

  /** The latest points that fit one receipt; how many there are in all is said. */
  async #state(source: string | undefined): Promise<object> {
    const { site, status, units } = this.#options;
    const all = site.points(source).reverse();
    const gateway = source === undefined ? await status() : {};
    let bytes = Buffer.byteLength(JSON.stringify(gateway));
    const points = all.filter((point) => (bytes += Buffer.byteLength(JSON.stringify(point)) + 1) <= limits.READ_RESULT_BYTES_MAX);
    const configured = units.configured.filter((point) => source === undefined || point.source === source);
    const unheard = unheardOf(configured, all, units.startedMs, units.zoneMinutes);
    return { ...gateway, points, pointsInAll: all.length, ...(unheard ? { unheard } : {}) };
  }
}
