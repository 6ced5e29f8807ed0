import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { platform } from 'node:process';
import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Trouble, Watcher } from './trouble.ts';

export interface KeyFiles {
  /** Setting → file: certificates of this gateway and of those it trusts. */
  readonly certificates: ReadonlyMap<string, string>;
  /** Setting → file: private keys. */
  readonly keys: ReadonlyMap<string, string>;
}

const DAY_MS = 86_400_000;

/** Certificates that near their end, and private keys that others of this machine can read. Files are looked at anew: a renewed one ends the trouble. */
export function keysWatcher(gateway: string, files: KeyFiles, clock: Clock, earliestMs: number): Watcher {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let found: readonly Trouble[] = [];
  return {
    judges: ['certificate-ending', 'key-exposed'],
    look: async () => {
      if (clock.monotonicMs() - lookedMs < limits.KEYS_EVERY_MS) return found;
      lookedMs = clock.monotonicMs();
      // A clock that is certainly wrong must not condemn a certificate.
      const nowMs = Math.max(clock.wallMs(), earliestMs);
      found = [...(await endings(gateway, files.certificates, nowMs)), ...(await exposures(gateway, files.keys))];
      return found;
    },
  };
}

async function endings(gateway: string, certificates: KeyFiles['certificates'], nowMs: number): Promise<Trouble[]> {
  const words: string[] = [];
  let level = 0;
  for (const [setting, file] of certificates) {
    const ends = await endOf(file);
    if (ends === null) continue; // the uplink says what is wrong with a file that cannot be read
    const days = Math.floor((ends - nowMs) / DAY_MS);
    const marks = limits.CERTIFICATE_DAYS.filter((mark) => days < mark).length;
    if (marks === 0) continue;
    level = Math.max(level, marks);
    words.push(`${setting} ${days < 0 ? 'has ended' : `ends in ${days} days`}, on ${new Date(ends).toISOString().slice(0, 10)} (${file})`);
  }
  if (level === 0) return [];
  const text = `${words.join('; ')}: make a new one at the collector (collector enrol) and put it here 证书即将到期`;
  return [{ what: 'certificate-ending', source: gateway, text, level }];
}

async function endOf(file: string): Promise<number | null> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validTo);
  } catch {
    return null;
  }
}

/** An exposed key is told and not refused: after an upgrade at night a box that does not start is worse than this. */
async function exposures(gateway: string, keys: KeyFiles['keys']): Promise<Trouble[]> {
  const exposed: string[] = [];
  for (const file of new Set(keys.values())) {
    const mode = await stat(file).then(
      (found) => found.mode & 0o777,
      () => 0,
    );
    if (platform !== 'win32' && (mode & 0o077) !== 0) exposed.push(`${file} (${mode.toString(8).padStart(4, '0')})`);
  }
  const text = `others of this machine may read ${exposed.join(', ')}: chmod 600, and make a new key if somebody could have 私钥权限过宽`;
  return exposed.length > 0 ? [{ what: 'key-exposed', source: gateway, text }] : [];
}
