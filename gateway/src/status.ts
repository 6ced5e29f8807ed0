import { knownOf, type StatusSources } from './known-status.ts';
import { troublesOf } from './told-troubles.ts';

/** Troubles of one telling; a site where everything is wrong says so once more in the number. */
const TROUBLES_MAX = 100;

/** Everything the gateway knows of itself, as JSON. Times are milliseconds since 1970-01-01 UTC unless they end in `AgeMs`. */
export async function statusOf(sources: StatusSources) {
  const known = await knownOf(sources);
  const troubles = troublesOf(known);
  /** What somebody should look at: the same for whoever reads this and on the installer's page. */
  return { ...known, troubles: troubles.slice(0, TROUBLES_MAX), troublesInAll: troubles.length };
}

export type Status = Awaited<ReturnType<typeof statusOf>>;

/** What of it fits an answer to an order. */
export function summaryOf({ gateway, narrowed, lines, journal, uplinks, noticed, power }: Status) {
  const lanes = Object.entries(journal.lanes).map(([lane, { waiting, rejected, oldestAgeMs }]) => [
    lane,
    { waiting, rejected, oldestAgeMs },
  ]);
  return {
    gateway,
    narrowed: narrowed.map(({ path, wrote, inForce }) => ({ path, wrote, inForce })),
    lanes: Object.fromEntries(lanes),
    uplinks: uplinks.map(({ name, state, path, sinceMs, lastReceiptMs }) => ({ name, state, path, sinceMs, lastReceiptMs })),
    troubles: noticed.map(({ what, source, text }) => ({ what, source, text: text.slice(0, 200) })),
    power,
    lines: lines.map(({ name, state, lastFailure, devices }) => ({
      name,
      state,
      lastFailure: lastFailure?.slice(0, 200) ?? null,
      devices: Object.fromEntries(devices.map((device) => [device.name, device.link])),
    })),
  };
}
