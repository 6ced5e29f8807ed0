import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably } from '../durable-file.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { asidesOf, jsonIn, readOwn } from '../own-files.ts';

/** A configuration on trial: it stays when the uplink comes back with it. */
interface Trial {
  readonly order: string;
  readonly version: number;
  /** The file that stood before. */
  readonly before: string;
  /** Starts of the gateway with it; 0: it may not have taken the place of the file yet. */
  readonly starts: number;
  /** The newest version before it; absent: an earlier version of this program wrote this. */
  readonly newestBefore?: number;
  /** Why it is being taken back: the file may have been put back already. */
  readonly leaving?: string;
}

interface Past {
  /** Highest version that was ever in force, also one that was taken back: an older one is never taken. */
  readonly version: number;
  readonly trial: Trial | null;
  /** The order whose configuration was taken back last, and why. `isFileBack`: what stood before it stands again. */
  readonly takenBack: { readonly order: string; readonly why: string; readonly isFileBack?: boolean } | null;
  /** The order whose configuration was kept last. */
  readonly kept: string | null;
}

const NOTHING: Past = { version: 0, trial: null, takenBack: null, kept: null };

/** What a text remembers; null where no gateway wrote it. */
function pastIn(text: string): Past | null {
  const past = jsonIn(text) as Partial<Past> | null;
  if (typeof past !== 'object' || past === null || !Number.isSafeInteger(past.version)) return null;
  const { trial = null, takenBack = null } = past;
  const isTrial =
    trial === null || (isText(trial.order) && Number.isSafeInteger(trial.version) && isText(trial.before) && trial.starts >= 0);
  const isTakenBack = takenBack === null || (isText(takenBack.order) && isText(takenBack.why));
  return isTrial && isTakenBack ? { ...NOTHING, ...past } : null;
}

const isText = (value: unknown) => typeof value === 'string';

/** The texts a trial is judged by; null: there is no such file. */
interface Texts {
  readonly now: string | null;
  readonly pushed: string | null;
  readonly before: string | null;
}

/**
 * What a gateway remembers of pushed configurations: `<data>/configuration/`, with every version and what stood before it. A step that a
 * kill or a full disk interrupts is finished or undone by the next; a file that somebody else changed since is never written over.
 */
export class ConfigurationHistory {
  readonly #file: string;
  readonly #folder: string;

  /** `file`: the gateway's configuration; `data`: its data folder. */
  constructor(file: string, data: string) {
    this.#file = file;
    this.#folder = join(data, 'configuration');
  }

  /** Rejects with Failure `configuration-unreadable` where what is remembered can neither be read nor moved aside. */
  async past(): Promise<Past> {
    const path = this.#state;
    try {
      return (await readOwn(path, pastIn)) ?? (await this.#anew());
    } catch (error) {
      throw fail('configuration-unreadable', path, error);
    }
  }

  /** Nothing is remembered. Where that is because it was unusable, the newest version that lies in the folder counts as the last. */
  async #anew(): Promise<Past> {
    const isLost = (await asidesOf(this.#state)).length + (await asidesOf(this.#folder)).length > 0;
    if (!isLost) return NOTHING;
    const names = await readdir(this.#folder).catch(() => []);
    const versions = names.flatMap((name) => /^([0-9]{1,15})\.yaml$/.exec(name)?.[1] ?? []).map(Number);
    const past = { ...NOTHING, version: Math.max(0, ...versions) };
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      .then(() => this.#remember(past))
      .catch(() => {}); // it is found out anew the next time
    return past;
  }

  /**
   * Puts a checked text in the place of the configuration, on trial. Every step is durable before the next. Rejects with Failure
   * `configuration-unwritable`; then it may be on trial all the same, and `takeBack` ends that.
   */
  async apply(order: string, version: number, text: string): Promise<void> {
    const before = join(this.#folder, `before-${version}.yaml`);
    const past = await this.past();
    const trial = { order, version, before, starts: 0, newestBefore: past.version };
    await this.#write(async () => {
      const stood = await readFile(this.#file, 'utf8');
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replaceDurably(before, stood);
      await replaceDurably(this.#pushed(version), text);
      await this.#remember({ ...past, version, trial });
      if ((await readFile(this.#file, 'utf8')) !== stood) throw new Error(CHANGED);
      await replaceDurably(this.#file, text);
    });
  }

  /**
   * A start while a configuration is on trial: what was interrupted is finished, and one that cannot even run is taken back. True when
   * the file may be another one now. Rejects with Failure `configuration-unwritable`; then the file is what it was.
   */
  async began(): Promise<boolean> {
    const past = await this.past();
    const { trial } = past;
    if (!trial) return false;
    if (trial.leaving !== undefined) return this.takeBack(trial.leaving);
    const { now, pushed, before } = await this.#texts(trial);
    if (now !== pushed && trial.starts === 0 && now === before && pushed !== null) return this.#putInForce(pushed);
    if (now !== pushed) return this.takeBack(CHANGED);
    if (trial.starts >= limits.TRIAL_STARTS_MAX) return this.takeBack(`the gateway did not stay up with it in ${trial.starts} starts`);
    await this.#write(() => this.#remember({ ...past, trial: { ...trial, starts: trial.starts + 1 } }));
    return false;
  }

  /** Ends the trial of an order well; false: the file is not the pushed one, so there was nothing to keep. May be tried again. */
  async keep(order: string): Promise<boolean> {
    const past = await this.past();
    const { trial } = past;
    if (!trial) return past.kept === order;
    const { now, pushed, before } = await this.#texts(trial);
    if (now === pushed) await this.#write(() => this.#remember({ ...past, trial: null, kept: trial.order }));
    else await this.takeBack(now === before ? 'it could not take the place of the file' : CHANGED);
    return now === pushed;
  }

  /** Ends the trial, if there is one, and puts back what stood before it: true when that stands. May be tried again. */
  async takeBack(why: string): Promise<boolean> {
    const past = await this.past();
    if (!past.trial) return false;
    const trial = { ...past.trial, leaving: past.trial.leaving ?? why };
    const { now, pushed, before } = await this.#texts(trial);
    const isOurs = now === pushed && before !== null;
    const isFileBack = isOurs || now === before;
    const isTouched = now !== pushed && now !== before && trial.leaving !== CHANGED;
    const takenBack = { order: trial.order, why: isTouched ? `${trial.leaving}; ${CHANGED}` : trial.leaving, isFileBack };
    const version = trial.starts > 0 ? past.version : (trial.newestBefore ?? past.version);
    await this.#write(async () => {
      await this.#remember({ ...past, trial });
      if (isOurs) await replaceDurably(this.#file, before);
      await this.#remember({ ...past, version, trial: null, takenBack });
    });
    return isFileBack;
  }

  async #putInForce(pushed: string): Promise<true> {
    await this.#write(() => replaceDurably(this.#file, pushed));
    return true;
  }

  #pushed(version: number): string {
    return join(this.#folder, `${version}.yaml`);
  }

  async #texts({ version, before }: Trial): Promise<Texts> {
    const [now, pushed, stood] = await Promise.all([this.#file, this.#pushed(version), before].map(textOf));
    return { now: now ?? null, pushed: pushed ?? null, before: stood ?? null };
  }

  get #state(): string {
    return join(this.#folder, 'state.json');
  }

  #remember(past: Past): Promise<void> {
    return replaceDurably(this.#state, JSON.stringify(past));
  }

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw fail('configuration-unwritable', (error as Error).message, error);
    }
  }
}

const CHANGED = 'somebody changed the configuration file since; it is left as it is';

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fail('configuration-unreadable', path, error);
  }
}
