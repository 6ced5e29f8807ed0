import { chmod, mkdir, readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { PageConfiguration } from '../config.ts';
import { replaceDurably } from '../durable-file.ts';
import { fail } from '../failures.ts';
import { type Identity, namesFor, newKey, selfSigned, serves } from './certificate.ts';

/** The certificate the page shows: the site's own, or one that the box made for itself in its data folder and keeps fresh. */
export async function identityOf(page: PageConfiguration, data: string, nowMs: number): Promise<Identity> {
  const { certificate, key } = page;
  if (certificate === undefined || key === undefined) return ownIdentity(page.host, join(data, 'page'), nowMs);
  try {
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
  } catch (error) {
    throw fail('page-certificate', (error as Error).message, error);
  }
}

/** Where the box keeps what it made for itself. */
export function ownFiles(folder: string): { readonly certificate: string; readonly key: string } {
  return { certificate: join(folder, 'page.pem'), key: join(folder, 'page.key') };
}

async function ownIdentity(host: string, folder: string, nowMs: number): Promise<Identity> {
  const names = namesFor(host, hostname(), machineAddresses());
  const files = ownFiles(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = (await readIfThere(files.key)) ?? (await written(files.key, newKey()));
    const there = (await readIfThere(files.certificate)) ?? '';
    if (serves({ certificate: there, key }, names, nowMs)) return { certificate: there, key };
    return { certificate: await written(files.certificate, selfSigned(key, names, nowMs)), key };
  } catch (error) {
    throw fail('page-certificate', `${folder}: ${(error as Error).message}`, error);
  }
}

/** A key is for its owner alone: the file is born so, and made so again where somebody widened it. */
async function written(path: string, text: string): Promise<string> {
  await replaceDurably(path, text);
  await chmod(path, 0o600);
  return text;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
