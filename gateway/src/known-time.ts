import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MADE_MS } from './version.ts';

/**
 * It is certainly later than this, milliseconds since 1970-01-01 UTC, whatever the clock of the box says: later than when this
 * program was made, and than when its certificates began. Their makers had a clock.
 */
export function earliestTime(certificateFiles: readonly string[]): number {
  const beginnings = certificateFiles.flatMap((file) => {
    try {
      return [Date.parse(new X509Certificate(readFileSync(file)).validFrom)];
    } catch {
      return []; // whoever needs the file says what is wrong with it
    }
  });
  return Math.max(MADE_MS, ...beginnings.filter(Number.isFinite));
}
