import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FailureCode, fail } from '../failures.ts';

/** Where the keys and certificates of a collector lie. */
export interface PkiFiles {
  readonly folder: string;
  readonly authorityKey: string;
  readonly authority: string;
  readonly serverKey: string;
  readonly server: string;
  /** Ids of gateways that are no longer let in, one a line. */
  readonly revoked: string;
  /** Every certificate ever given to a gateway, one JSON object a line. */
  readonly issued: string;
}

export function pkiFiles(data: string): PkiFiles {
  const folder = join(data, 'pki');
  const at = (name: string) => join(folder, name);
  return {
    folder,
    authorityKey: at('ca.key'),
    authority: at('ca.pem'),
    serverKey: at('server.key'),
    server: at('server.pem'),
    revoked: at('revoked'),
    issued: at('issued.jsonl'),
  };
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

/** The text of a file; null where there is none. */
export async function readIfThere(file: string, unreadable: FailureCode = 'authority-unreadable'): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw fail(unreadable, `${file} (${codeOf(error)})`, error);
  }
}

async function writing(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await write();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw fail('key-exists', file, error);
    throw fail('file-unwritten', `${file} (${codeOf(error)})`, error);
  }
}

/** A key is written once, for its owner alone, and never over another. */
export function writeKey(file: string, pem: string): Promise<void> {
  return writing(file, () => writeFile(file, pem, { flag: 'wx', mode: 0o600 }));
}

/** What may be renewed appears whole or not at all. */
export function writeWhole(file: string, text: string): Promise<void> {
  return writing(file, async () => {
    const half = `${file}.${randomUUID()}`;
    try {
      await writeFile(half, text, { flag: 'wx', mode: 0o644, flush: true });
      await rename(half, file);
    } finally {
      await rm(half, { force: true });
    }
  });
}
