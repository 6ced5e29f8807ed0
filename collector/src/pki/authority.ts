import { X509Certificate as NodeCertificate } from 'node:crypto';
import type { Clock } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import {
  type Authority,
  certificatePem,
  type KeyPair,
  makeAuthority,
  makeKeys,
  makeServer,
  readCertificate,
  readKeys,
} from './certificates.ts';
import { pkiFiles, readIfThere, writeKey, writeWhole } from './files.ts';

/** What the intake needs to prove itself and to check gateways, as PEM. */
export interface ServerIdentity {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Initialised {
  readonly authority: string;
  readonly server: string;
  readonly hosts: readonly string[];
  /** ISO time at which the server's certificate ends. */
  readonly until: string;
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

async function readable<T>(file: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw fail('authority-unreadable', `${file} (${(error as Error).message})`, error);
  }
}

/** The keys in a file, made where there is no file: a key that is there is used, never replaced. */
async function keysIn(file: string): Promise<KeyPair> {
  const pem = await readIfThere(file);
  if (pem !== null) return readable(file, () => readKeys(pem));
  const made = await makeKeys();
  await writeKey(file, made.pem);
  return made.keys;
}

/**
 * Makes the private authority where there is none, and a fresh certificate of the server for the hosts by which gateways reach
 * it. Run again it renews the server's certificate and keeps every key and the authority. Rejects with a `Failure`.
 */
export async function initialise(data: string, hosts: readonly string[], clock: Clock): Promise<Initialised> {
  const files = pkiFiles(data);
  const keys = await keysIn(files.authorityKey);
  const there = await readIfThere(files.authority);
  const made = there === null ? await makeAuthority(keys, 'Fengsui collector authority', clock.wallMs()) : null;
  if (made) await writeWhole(files.authority, certificatePem(made));
  const certificate = made ?? (await readable(files.authority, () => readCertificate(there!)));
  const all = [...new Set([...LOCAL_HOSTS, ...hosts])];
  const server = await makeServer({ certificate, keys }, await keysIn(files.serverKey), all, clock.wallMs());
  await writeWhole(files.server, certificatePem(server));
  return { authority: files.authority, server: files.server, hosts: all, until: server.notAfter.toISOString() };
}

async function pemIn(file: string): Promise<string> {
  const pem = await readIfThere(file);
  if (pem === null) throw fail('authority-missing', file);
  return pem;
}

/** The authority in a data folder. Rejects with a `Failure` that says how to make one. */
export async function openAuthority(data: string): Promise<Authority> {
  const files = pkiFiles(data);
  const [key, pem] = [await pemIn(files.authorityKey), await pemIn(files.authority)];
  return {
    keys: await readable(files.authorityKey, () => readKeys(key)),
    certificate: await readable(files.authority, () => readCertificate(pem)),
  };
}

/** Key and certificates of the server. Rejects with a `Failure` that says how to make them. */
export async function openServerIdentity(data: string): Promise<ServerIdentity> {
  const files = pkiFiles(data);
  const [authority, certificate, key] = await Promise.all([files.authority, files.server, files.serverKey].map(pemIn));
  await readable(files.server, () => new NodeCertificate(certificate!));
  return { authority: authority!, certificate: certificate!, key: key! };
}
