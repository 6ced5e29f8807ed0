import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration } from './config.ts';
import type { DutyDesk } from './downlink/duty.ts';
import { openStatusPage, STATUS_ADDRESS, type StatusPage } from './health.ts';
import type { Hearing } from './hearing.ts';
import { holdPage, type PageHolder } from './installer-page.ts';
import type { Keeping } from './keeping.ts';
import { metricsOf } from './metrics-table.ts';
import { dutyAnswer } from './ordering.ts';
import type { Sending } from './sending.ts';
import type { Status } from './status.ts';
import type { Log } from './supervision.ts';

export interface ShowingOptions {
  readonly configuration: GatewayConfiguration;
  readonly clock: Clock;
  readonly log: Log;
  /** The last lines of the log, oldest first. */
  readonly logLines: () => readonly string[];
  readonly keeping: Pick<Keeping, 'site' | 'sayApart' | 'unwatched'>;
  readonly hearing: Pick<Hearing, 'lines' | 'taps'>;
  readonly sending: Pick<Sending, 'trail'>;
  readonly duty: DutyDesk;
  readonly status: () => Promise<Status>;
  readonly signal: AbortSignal;
}

/** All that people at the box are shown, and where they answer: numbers for this machine, and the installer's page. */
export interface Showing {
  readonly page: StatusPage;
  readonly installer: PageHolder;
}

/** Rejects with Failure `status-listen`; an installer's page that cannot open is waited for and keeps nothing else. */
export async function openShowing(options: ShowingOptions): Promise<Showing> {
  const { configuration, clock, log, logLines, status, duty, signal } = options;
  const { keeping, hearing, sending } = options;
  const answerDuty = dutyAnswer(duty);
  const page = await openStatusPage({
    ...{ ...configuration.status, status },
    metrics: async () => metricsOf(await status()),
    told: { '/duty-answer': answerDuty },
    trouble: (error) => log.warn({ code: 'status-listen' }, error.message),
  });
  // Whoever cannot read it is told so; no alarm waits for it.
  await writeFile(join(configuration.data, STATUS_ADDRESS), page.url).catch((error: Error) => log.warn({}, error.message));
  const installer = await holdPage({
    ...{ configuration, clock, log, logLines, status, answerDuty, signal },
    ...{ site: keeping.site, say: keeping.sayApart, taps: hearing.taps, trail: sending.trail },
    lines: hearing.lines.map(({ line }) => line),
    seenUnwatched: () => keeping.unwatched.seen(),
  });
  return { page, installer };
}
