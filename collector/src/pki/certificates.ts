import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { AUTHORITY_DAYS, CERTIFICATE_BACKDATE_DAYS, GATEWAY_CERTIFICATE_DAYS, SERVER_CERTIFICATE_DAYS } from '../limits.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

export type KeyPair = webcrypto.CryptoKeyPair;

/** Who signs: the certificate and the key of the authority. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly keys: KeyPair;
}

export async function makeKeys(): Promise<{ readonly keys: KeyPair; readonly pem: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { keys, pem: `${PemConverter.encode(der, PemConverter.PrivateKeyTag)}\n` };
}

/** Both halves of a private key in PKCS #8 PEM. Throws for what is none of P-256. */
export async function readKeys(pem: string): Promise<KeyPair> {
  const privateKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), ALGORITHM, true, ['sign']);
  const { d: _, key_ops: __, ...point } = await webcrypto.subtle.exportKey('jwk', privateKey);
  return { privateKey, publicKey: await webcrypto.subtle.importKey('jwk', point, ALGORITHM, true, ['verify']) };
}

export function certificatePem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function lifetime(nowMs: number, days: number) {
  const serialNumber = randomBytes(16);
  serialNumber[0] = (serialNumber[0]! & 0x7f) | 0x40; // a positive number of full length (RFC 5280 4.1.2.2)
  return {
    serialNumber: serialNumber.toString('hex'),
    notBefore: new Date(nowMs - CERTIFICATE_BACKDATE_DAYS * DAY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
}

export async function makeAuthority(keys: KeyPair, name: string, nowMs: number): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    ...lifetime(nowMs, AUTHORITY_DAYS),
    name: [{ CN: [name] }],
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

async function signed(
  authority: Authority,
  name: string,
  publicKey: webcrypto.CryptoKey | PublicKey,
  when: ReturnType<typeof lifetime>,
  own: readonly Extension[],
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    ...when,
    subject: [{ CN: [name] }],
    issuer: authority.certificate.subjectName,
    publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...own,
    ],
  });
}

/** The collector's own certificate, for every name and address by which gateways reach it. */
export function makeServer(authority: Authority, keys: KeyPair, hosts: readonly string[], nowMs: number): Promise<X509Certificate> {
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const);
  return signed(authority, hosts[0]!, keys.publicKey, lifetime(nowMs, SERVER_CERTIFICATE_DAYS), [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names),
  ]);
}

/** A gateway's certificate: its common name is its id. */
export function makeGateway(
  authority: Authority,
  id: string,
  publicKey: webcrypto.CryptoKey | PublicKey,
  nowMs: number,
): Promise<X509Certificate> {
  return signed(authority, id, publicKey, lifetime(nowMs, GATEWAY_CERTIFICATE_DAYS), [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ]);
}

export function readCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}
