import { createPublicKey, verify } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, configurationBytes, type OrderParameters, type SiteEvent } from '@fengsui/protocol';
import { checkConfiguration, type GatewayConfiguration } from '../config.ts';
import { replaceDurably } from '../durable-file.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { type CarryOut, done, type Outcome, refused, STOPPING, untilStopped } from './downlink.ts';
import type { KeptOrder } from './record.ts';

/** A configuration on trial: it stays when the uplink comes back with it. */
interface Trial {
  readonly order: string;
  readonly version: number;
  /** The file that stood before. */
  readonly before: string;
  /** Starts of the gateway with it. */
  readonly starts: number;
}

interface Past {
  /** Highest version that was ever applied, also one that was taken back: an older one is never taken. */
  readonly version: number;
  readonly trial: Trial | null;
  /** The order whose configuration was taken back last, and why. */
  readonly takenBack: { readonly order: string; readonly why: string } | null;
}

const NOTHING: Past = { version: 0, trial: null, takenBack: null };

/** What a gateway remembers of pushed configurations: `<data>/configuration/`, with every version and what stood before it. */
export class ConfigurationHistory {
  readonly #file: string;
  readonly #folder: string;

  /** `file`: the gateway's configuration; `data`: its data folder. */
  constructor(file: string, data: string) {
    this.#file = file;
    this.#folder = join(data, 'configuration');
  }

  async past(): Promise<Past> {
    try {
      return { ...NOTHING, ...(JSON.parse(await readFile(join(this.#folder, 'state.json'), 'utf8')) as Partial<Past>) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING;
      throw fail('configuration-unreadable', this.#folder, error);
    }
  }

  /** Puts a checked text in the place of the configuration, on trial. Every step is durable before the next. */
  async apply(order: string, version: number, text: string): Promise<void> {
    const before = join(this.#folder, `before-${version}.yaml`);
    await this.#write(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replaceDurably(before, await readFile(this.#file, 'utf8'));
      await replaceDurably(join(this.#folder, `${version}.yaml`), text);
      await this.#remember({ version, trial: { order, version, before, starts: 0 }, takenBack: null });
      await replaceDurably(this.#file, text);
    });
  }

  /** A start with a configuration on trial: one that cannot even run is taken back here. True when it was. */
  async began(): Promise<boolean> {
    const past = await this.past();
    if (!past.trial) return false;
    if (past.trial.starts >= limits.TRIAL_STARTS_MAX)
      return this.takeBack(`the gateway did not stay up with it in ${past.trial.starts} starts`);
    await this.#write(() => this.#remember({ ...past, trial: { ...past.trial!, starts: past.trial!.starts + 1 } }));
    return false;
  }

  async keep(): Promise<void> {
    const past = await this.past();
    await this.#write(() => this.#remember({ ...past, trial: null }));
  }

  /** Puts back what stood before a configuration on trial; false when none is. */
  async takeBack(why: string): Promise<boolean> {
    const past = await this.past();
    const { trial } = past;
    if (!trial) return false;
    await this.#write(async () => {
      await replaceDurably(this.#file, await readFile(trial.before, 'utf8'));
      await this.#remember({ ...past, trial: null, takenBack: { order: trial.order, why } });
    });
    return true;
  }

  #remember(past: Past): Promise<void> {
    return replaceDurably(join(this.#folder, 'state.json'), JSON.stringify(past));
  }

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw fail('configuration-unwritable', (error as Error).message, error);
    }
  }
}

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
  readonly signal: AbortSignal;
}

/** Takes another configuration: signed for this gateway, newer than the last, sound by the same schema; kept only if the uplink comes back. */
export class ConfigurationOrder implements CarryOut<'configuration'> {
  readonly #options: ConfigurationOrderOptions;

  constructor(options: ConfigurationOrderOptions) {
    this.#options = options;
  }

  async begin({ id }: KeptOrder, { version, text, signature }: OrderParameters<'configuration'>): Promise<Outcome> {
    const { history, again, signal, say } = this.#options;
    const why = await this.#against(version, text, signature);
    if (why !== null) {
      await say({ note: 'configuration-refused', edge: 'momentary', text: `version ${version}: ${why}` });
      return refused(why);
    }
    await history.apply(id, version, text);
    again();
    return untilStopped(signal);
  }

  /** The gateway runs again. Waits for the uplink, or says why the configuration was taken back. */
  async resume({ id, origin }: KeptOrder, { version }: OrderParameters<'configuration'>): Promise<Outcome> {
    const { history, say, again, signal, configuration } = this.#options;
    const { trial, takenBack } = await history.past();
    if (takenBack?.order === id) {
      await say({ note: 'configuration-refused', edge: 'momentary', text: `version ${version} taken back: ${takenBack.why}` });
      return refused(`taken back: ${takenBack.why}`);
    }
    if (trial?.order !== id) return refused('a restart of the gateway interrupted it before anything was changed');
    if (await this.#comesBack(origin)) {
      await history.keep();
      await say({ note: 'configuration-changed', edge: 'momentary', text: `version ${version}` });
      return done({ version });
    }
    await history.takeBack(`the uplink did not come back within ${configuration.orders.uplinkBackWithinMs} ms`);
    again();
    return untilStopped(signal);
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
    const newest = (await history.past()).version;
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
