import { createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, configurationBytes, Failure, type OrderParameters, type SiteEvent } from '@fengsui/protocol';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Log } from '../supervision.ts';
import type { ConfigurationHistory } from './configuration-history.ts';
import { type CarryOut, done, type Outcome, refused, STOPPING, untilStopped } from './downlink.ts';
import type { KeptOrder } from './record.ts';

export interface ConfigurationOrderOptions {
  readonly configuration: GatewayConfiguration;
  /** The file the configuration was read from. */
  readonly file: string;
  readonly history: ConfigurationHistory;
  readonly clock: Clock;
  /** Whether the uplink that brought an order has had a receipt since the start. */
  readonly isUplinkBack: (origin: string) => boolean;
  readonly say: (event: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>) => Promise<unknown>;
  /** Starts the gateway anew with the file as it is now. */
  readonly again: () => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Takes another configuration: signed for this gateway, newer than the last, sound by the same schema; kept only if the uplink comes back. */
export class ConfigurationOrder implements CarryOut<'configuration'> {
  readonly #options: ConfigurationOrderOptions;
  /** The order whose configuration this run of the gateway tries. */
  #trying: string | null = null;
  /** One after the other: what is being put in force is not passed by the next. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigurationOrderOptions) {
    this.#options = options;
  }

  async begin({ id }: KeptOrder, pushed: OrderParameters<'configuration'>): Promise<Outcome> {
    const turn = this.#turn.then(() => this.#take(id, pushed));
    this.#turn = turn.catch(() => {}); // its own order tells it
    const why = await turn;
    if (why !== null) return this.#refused(pushed.version, why);
    this.#options.again();
    return untilStopped(this.#options.signal);
  }

  /** The gateway runs again. Waits for the uplink, or says why the configuration was taken back. */
  async resume({ id, origin }: KeptOrder, { version }: OrderParameters<'configuration'>): Promise<Outcome> {
    const { history, again, signal, configuration } = this.#options;
    const { trial, takenBack, kept } = await this.#past();
    if (kept === id) return this.#changed(version);
    if (takenBack?.order === id) return this.#refused(version, `taken back: ${takenBack.why}`);
    if (trial?.order !== id) return refused('a restart of the gateway interrupted it before anything was changed');
    this.#trying = id;
    if ((await this.#comesBack(origin)) && (await this.#written(() => history.keep(id)))) return this.#changed(version);
    const late = `the uplink did not come back within ${configuration.orders.uplinkBackWithinMs} ms`;
    await this.#written(() => history.takeBack(late));
    const now = (await this.#past()).takenBack;
    if (now?.order !== id || !now.isFileBack) return this.#refused(version, `taken back: ${now?.why ?? late}`);
    again();
    return untilStopped(signal);
  }

  /** What is remembered, however long it takes to read it. */
  #past() {
    return this.#written(() => this.#options.history.past());
  }

  async #changed(version: number): Promise<Outcome> {
    await this.#say('configuration-changed', `version ${version}`);
    return done({ version });
  }

  async #refused(version: number, why: string): Promise<Outcome> {
    await this.#say('configuration-refused', `version ${version}: ${why}`);
    return refused(why);
  }

  #say(note: 'configuration-changed' | 'configuration-refused', text: string): Promise<unknown> {
    return this.#written(() => this.#options.say({ note, edge: 'momentary', text }));
  }

  /** Why a configuration is not on trial now; null: it is. */
  async #take(id: string, { version, text, signature }: OrderParameters<'configuration'>): Promise<string | null> {
    const { history } = this.#options;
    const why = await this.#against(version, text, signature);
    if (why !== null) return why;
    this.#trying = id;
    try {
      await history.apply(id, version, text);
      return null;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await this.#written(() => history.takeBack(error.message));
      const { takenBack } = await this.#past();
      return takenBack?.order === id ? takenBack.why : error.message;
    }
  }

  /** Tries until it is done: while nobody knows what the next start will find, or it is not said, an order is not over. */
  async #written<T>(write: () => Promise<T>): Promise<T> {
    const { clock, signal, log } = this.#options;
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (isFirst) log.warn({ code: error.code }, error.message);
      }
      await clock.sleep(limits.RETELL_AFTER_MS, signal).catch(() => {});
      if (signal.aborted) throw STOPPING;
    }
  }

  async #comesBack(origin: string): Promise<boolean> {
    const { configuration, clock, isUplinkBack, signal } = this.#options;
    const untilMs = clock.monotonicMs() + configuration.orders.uplinkBackWithinMs;
    while (!isUplinkBack(origin) && clock.monotonicMs() < untilMs) {
      await clock.sleep(limits.TRIAL_LOOK_EVERY_MS, signal).catch(() => {});
      if (signal.aborted) throw STOPPING;
    }
    return isUplinkBack(origin);
  }

  /** Why a configuration is not taken; null: it is. */
  async #against(version: number, text: string, signature: string): Promise<string | null> {
    const { configuration, file, history } = this.#options;
    const { configurationKey } = configuration.orders;
    if (configurationKey === undefined) return 'no key is configured that could vouch for it (orders.configurationKey)';
    const bytes = configurationBytes(configuration.gateway.id, version, text);
    if (!(await isSigned(configurationKey, bytes, signature))) return 'the signature does not fit this gateway, this version and this text';
    const { version: newest, trial } = await history.past();
    if (trial !== null && trial.order === this.#trying) return `version ${trial.version} is on trial: push this one when that is decided`;
    if (version <= newest) return `version ${version} is not newer than ${newest}`;
    const checked = checkConfiguration(text, dirname(file));
    if ('problems' in checked) return checked.problems.join('; ');
    if (checked.gateway.id !== configuration.gateway.id) return 'gateway.id: cannot be changed from afar';
    return checked.data === configuration.data ? null : 'data: cannot be changed from afar, the journal would be left behind';
  }
}

async function isSigned(keyFile: string, bytes: Uint8Array, signature: string): Promise<boolean> {
  try {
    const key = createPublicKey(await readFile(keyFile));
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch (error) {
    throw fail('configuration-key', keyFile, error);
  }
}
