import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import { Pkcs10CertificateRequest, type PublicKey } from '@peculiar/x509';
import { fail } from '../failures.ts';
import { isGatewayId } from '../gateway-id.ts';
import { openAuthority } from './authority.ts';
import { certificatePem, makeGateway, makeKeys } from './certificates.ts';
import { pkiFiles, readIfThere, writeKey, writeWhole } from './files.ts';

export interface Enrolment {
  readonly data: string;
  readonly gateway: string;
  /** Folder for the gateway's files; made where it is missing. */
  readonly out: string;
  /** File of a PKCS #10 request: the key was made on the box and stays there. */
  readonly request?: string;
}

export interface Enrolled {
  readonly gateway: string;
  readonly authority: string;
  readonly certificate: string;
  /** Absent where the key stayed on the box. */
  readonly key?: string;
  readonly serial: string;
  /** ISO time at which the certificate ends. */
  readonly until: string;
}

/** Gives a gateway its certificate. Never overwrites a key; rejects with a `Failure` that says what to do instead. */
export async function enrol({ data, gateway, out, request }: Enrolment, clock: Clock): Promise<Enrolled> {
  if (!isGatewayId(gateway)) throw fail('gateway-name-refused', JSON.stringify(gateway));
  const files = pkiFiles(data);
  const authority = await openAuthority(data);
  if ((await readRevoked(files.revoked)).has(gateway)) throw fail('gateway-revoked', gateway);
  const at = { authority: join(out, 'ca.pem'), certificate: join(out, `${gateway}.pem`), key: join(out, `${gateway}.key`) };
  const publicKey = request === undefined ? await newKey(at.key) : await requestedKey(request, gateway);
  const certificate = await makeGateway(authority, gateway, publicKey, clock.wallMs());
  await writeWhole(at.authority, certificatePem(authority.certificate));
  await writeWhole(at.certificate, certificatePem(certificate));
  const enrolled = { gateway, serial: certificate.serialNumber, until: certificate.notAfter.toISOString() };
  await note(files.issued, { ...enrolled, atMs: clock.wallMs() });
  const { key, ...withoutKey } = at;
  return { ...enrolled, ...withoutKey, ...(request === undefined ? { key } : {}) };
}

/** Ids on the list of revoked gateways: one a line, `#` begins a remark. */
export async function readRevoked(file: string): Promise<ReadonlySet<string>> {
  const lines = ((await readIfThere(file, 'revocations-unreadable')) ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
  return new Set(lines.filter((line) => line !== ''));
}

async function newKey(file: string) {
  const { keys, pem } = await makeKeys();
  await writeKey(file, pem);
  return keys.publicKey;
}

/** The key of a signing request that proves to hold it, names the gateway and nothing else, and is of P-256. */
async function requestedKey(file: string, gateway: string): Promise<PublicKey> {
  const refused = (why: string, cause?: unknown) => fail('request-refused', `${file}: ${why}`, cause);
  const pem = await readFile(file, 'utf8').catch((error) => {
    throw refused((error as Error).message, error);
  });
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(pem);
  } catch (error) {
    throw refused('is no PKCS #10 request in PEM', error);
  }
  const names = request.subjectName.getField('CN');
  if (names.length !== 1 || names[0] !== gateway) throw refused(`names ${names.join(', ') || 'nobody'}, not ${gateway}`);
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
  if (name !== 'ECDSA' || namedCurve !== 'P-256') throw refused(`its key is ${namedCurve ?? name}, not P-256`);
  const holds = await request.verify().catch(() => false);
  if (!holds) throw refused('its signature does not fit its key');
  return request.publicKey;
}

/** The register of certificates: written for people and audits, read by nothing of ours. */
async function note(file: string, line: object): Promise<void> {
  try {
    await appendFile(file, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
  } catch (error) {
    throw fail('file-unwritten', file, error);
  }
}
