import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isGatewayId } from '../gateway-id.ts';
import type { Refusal } from './refusals.ts';

/** Characters of what a stranger wrote that are told of him. */
const TOLD_CHARACTERS = 64;

/** Who knocks, as far as that is known. */
export interface Caller {
  /** The gateway its certificate names; null: none, or what it names can be no gateway. */
  readonly gateway: string | null;
  /** Our authority signed that name, and the caller holds its key. Otherwise he only says so. */
  readonly isProven: boolean;
  readonly address: string;
  /** What more there is to say of why it was turned away: a time, a name it gave. */
  readonly detail?: string;
}

/** What a stranger wrote, fit for a line of a log: short, and with nothing in it that moves a cursor or turns a line round. */
export function quoted(text: unknown): string {
  return JSON.stringify(String(text).slice(0, TOLD_CHARACTERS)).replaceAll(/[^\x20-\x7e\u4e00-\u9fff]/gu, '?');
}

const BY_ERROR: Readonly<Record<string, Refusal>> = { CERT_HAS_EXPIRED: 'expired', CERT_NOT_YET_VALID: 'not-yet-valid' };

interface Known {
  readonly caller: Caller;
  readonly refusal: Refusal | null;
}

/** Who is behind a finished handshake, and why it may not come in; `refusal` null: it is the gateway it names. Never throws. */
export function callerOf(socket: TLSSocket, authority: X509Certificate): Known {
  const address = socket.remoteAddress ?? 'an unknown address';
  try {
    return known(socket, authority, address);
  } catch (error) {
    // What a stranger calls his certificate may be anything that OpenSSL lets through.
    return { caller: { gateway: null, isProven: false, address, detail: quoted((error as Error).message) }, refusal: 'not-accepted' };
  }
}

/** Of several faults of a certificate OpenSSL tells the last, so one that has ended may be forged as well: whose it is says the signature alone. */
function known(socket: TLSSocket, authority: X509Certificate, address: string): Known {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { caller: { gateway: null, isProven: false, address }, refusal: 'no-certificate' };
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  const isProven = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  const gateway = isGatewayId(name) ? name : null;
  const caller = { gateway, isProven, address };
  if (!isProven) return { caller, refusal: 'other-authority' };
  if (!socket.authorized) {
    const refusal = BY_ERROR[String(socket.authorizationError)] ?? 'not-accepted';
    const bounds: Partial<Record<Refusal, string>> = { expired: certificate.validTo, 'not-yet-valid': certificate.validFrom };
    return { caller: { ...caller, detail: bounds[refusal] ?? quoted(socket.authorizationError) }, refusal };
  }
  return gateway === null ? { caller: { ...caller, detail: quoted(name) }, refusal: 'no-name' } : { caller, refusal: null };
}
