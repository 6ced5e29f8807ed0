import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BOX_LIFE_MS } from './limits.ts';
import { MADE_MS } from './version.ts';

/**
 * It is certainly later than this, milliseconds since 1970-01-01 UTC, whatever the clock of the box says: later than when this
 * program was made, and than when its certificates began. Their makers had a clock.
 */
export function earliestTime(certificateFiles: readonly string[]): number {
  return Math.max(MADE_MS, ...timesIn(certificateFiles, 'validFrom'));
}

/**
 * No clock is to be set later than this, milliseconds since 1970-01-01 UTC: a box lives no longer, and with the first of its own certificates
 * that ends its way to the collector does. One that has ended by our clock holds nothing up any more.
 */
export function latestTime(ownCertificateFiles: readonly string[], nowMs: number): number {
  const ends = timesIn(ownCertificateFiles, 'validTo').filter((endMs) => endMs >= nowMs);
  return Math.min(MADE_MS + BOX_LIFE_MS, ...ends);
}

/** Whoever needs a file that cannot be read says what is wrong with it. */
function timesIn(certificateFiles: readonly string[], edge: 'validFrom' | 'validTo'): number[] {
  const times = certificateFiles.flatMap((file) => {
    try {
      return [Date.parse(new X509Certificate(readFileSync(file))[edge])];
    } catch {
      return [];
    }
  });
  return times.filter(Number.isFinite);
}
