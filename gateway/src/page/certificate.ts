import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { BlockList, isIP, SocketAddress } from 'node:net';
import { bits, der, integer, octets, oid, sequence, TRUE, time, utf8 } from './der.ts';

/*
 * Why by hand: the certificate library of the collector costs 19 MB of resident memory for one certificate a year, a fifth of what
 * a gateway may take. Node's own cryptography makes the key and the signature; here is only the envelope (RFC 5280).
 */

const DAY_MS = 86_400_000;
/** Browsers refuse server certificates that last longer (398 days, CA/Browser Forum Ballot SC31). */
const LASTS_DAYS = 397;
/** Made anew when no more than this is left. */
const RENEW_DAYS = 30;
/** A box and a telephone differ about what time it is. */
const BACKDATE_DAYS = 1;

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/** A certificate with its key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A new private key of P-256, PKCS #8 PEM. */
export function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** A certificate that vouches for itself, for a server that is reached by those names and addresses; the first is its own name. */
export function selfSigned(key: string, names: readonly string[], nowMs: number): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = sequence(der(0x31, sequence(oid('2.5.4.3'), utf8((names[0] ?? 'fengsui-gateway').slice(0, 64)))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // a positive number of full length (RFC 5280 4.1.2.2)
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    name,
    sequence(time(nowMs - BACKDATE_DAYS * DAY_MS), time(nowMs + (LASTS_DAYS - BACKDATE_DAYS) * DAY_MS)),
    name,
    spki,
    der(0xa3, sequence(...extensions(spki, names))),
  );
  const whole = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, key)));
  const lines = whole.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extensions(spki: Uint8Array, names: readonly string[]): Buffer[] {
  const critical = (id: string, value: Uint8Array) => sequence(oid(id), TRUE, octets(value));
  const plain = (id: string, value: Uint8Array) => sequence(oid(id), octets(value));
  return [
    critical('2.5.29.19', sequence()), // no authority
    critical('2.5.29.15', bits(Buffer.from([0x80]), 7)), // signs handshakes
    plain('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))), // of servers
    plain('2.5.29.14', octets(createHash('sha1').update(spki).digest())), // a name for the key, no proof
    plain('2.5.29.17', sequence(...names.map(alternativeName))),
  ];
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? der(0x82, Buffer.from(name, 'ascii')) : der(0x87, addressBytes(name));
}

/** An address in network order: 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = canonical(address).split('::');
  const words = (part = '') => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail)];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** An IPv6 address without its zone and without dots in it. */
function canonical(address: string): string {
  return new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
}

/** Whether a certificate still serves: readable, of this key, lasting for a while, and good for every name. */
export function serves({ certificate, key }: Identity, names: readonly string[], nowMs: number): boolean {
  try {
    const read = new X509Certificate(certificate);
    const isTimely = Date.parse(read.validFrom) <= nowMs && Date.parse(read.validTo) - nowMs > RENEW_DAYS * DAY_MS;
    return isTimely && read.checkPrivateKey(createPrivateKey(key)) && names.every((name) => covers(read, name));
  } catch {
    return false;
  }
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name.replace(/%.*$/, ''))) !== undefined;
}

/** By which an installer compares what the browser shows with what the box says: SHA-256 in pairs of hex digits. */
export function fingerprintOf(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256;
}

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** The names by which a server is reached that listens on `host`, its own first; `addresses` are those of the machine. */
export function namesFor(host: string, machine: string, addresses: readonly string[]): string[] {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const reached = isEverywhere ? addresses.filter((address) => !isLinkLocal(address)) : [host];
  const own = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(machine) ? [machine] : [];
  return [...new Set([...own, 'localhost', '127.0.0.1', '::1', ...reached])];
}

function isLinkLocal(address: string): boolean {
  return isIP(address) === 6 && LINK_LOCAL.check(new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }));
}
