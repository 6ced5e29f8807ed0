import type { Action, ActionName } from './scenario.ts';

/** A simulated device: a scenario, or a person through `--live`, tells it what to do. */
export interface Device extends AsyncDisposable {
  /** What the host opens: a path, host:port, or the endpoint name of a device that calls. */
  readonly address: string;
  /** What this device can do. */
  readonly able: readonly ActionName[];
  start(): Promise<void>;
  /** Does it. Resolves when the last byte of it left; rejects with `WrongInput` where the device cannot say that. */
  perform(action: Action): Promise<void>;
}

/** Tells people what the device does: one line, to standard error. */
export type Narrate = (line: string) => void;
