import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration, PageConfiguration } from '../config.ts';
import type { Unheard } from '../drivers/driver.ts';
import type { Status } from '../status.ts';
import type { RejectedRow } from '../trail.ts';
import type { LiveBytes } from './live-bytes.ts';
import type { Point } from './points.ts';
import type { TestAlarm } from './test-alarm.ts';

/** One thing the doctor found, as far as it can be told beside a running gateway. */
export interface Finding {
  readonly about: string;
  readonly health: 'right' | 'doubtful' | 'wrong';
  readonly en: string;
  readonly zh: string;
  readonly remedy?: string;
}

/** A piece of noise as it is kept. */
export interface Noise {
  readonly atMs: number;
  readonly why: Unheard;
  readonly hex: string;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What the page needs of the gateway. It reads; the only things it does are a duty answer and a test alarm of the gateway itself. */
export interface PageNeeds {
  readonly page: PageConfiguration & { readonly pinFile: string };
  readonly configuration: GatewayConfiguration;
  readonly clock: Clock;
  readonly log: Log;
  readonly status: () => Promise<Status>;
  /** Resolves when it is known what earlier runs heard. */
  readonly points: () => Promise<readonly Point[]>;
  readonly noise: (line: string) => readonly Noise[];
  readonly rejected: () => readonly RejectedRow[];
  /** Hands what crosses a line's wire to somebody who looks; returns the way to stop that. null: no such line. */
  readonly watch: (line: string, watcher: LiveBytes) => (() => void) | null;
  readonly answerDuty: (said: unknown) => readonly [code: number, answer: object];
  readonly alarm: TestAlarm;
  /** Somebody at the box has seen when nobody watched. */
  readonly seenUnwatched: () => Promise<void>;
  readonly findings: () => Promise<readonly Finding[]>;
  /** The last lines of the log, oldest first. */
  readonly logLines: () => readonly string[];
  /** Makes durable, for the far side, that guesses at the PIN were locked out. */
  readonly tellLocked: (text: string) => Promise<unknown>;
}
