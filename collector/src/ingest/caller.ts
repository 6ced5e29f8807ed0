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

interface Known {
  readonly caller: Caller;
  readonly refusal: Refusal | null;
}

/** Who is behind a finished handshake, and why it may not come in at `nowMs`; `refusal` null: it is the gateway it names. Never throws. */
export function callerOf(socket: TLSSocket, authority: X509Certificate, nowMs: number): Known {
  const address = socket.remoteAddress ?? 'an unknown address';
  try {
    return known(socket, authority, address, nowMs);
  } catch (error) {
    // What a stranger calls his certificate may be anything that OpenSSL lets through.
    return { caller: { gateway: null, isProven: false, address, detail: quoted((error as Error).message) }, refusal: 'not-accepted' };
  }
}

/**
 * Of several faults of a certificate OpenSSL tells the last, so one that has ended may be forged as well: whose it is says the signature
 * alone. Of a resumed session (RFC 8446 2.2) it tells what it found when that began: whether the certificate holds now is looked at here.
 */
function known(socket: TLSSocket, authority: X509Certificate, address: string, nowMs: number): Known {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { caller: { gateway: null, isProven: false, address }, refusal: 'no-certificate' };
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  const isProven = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  const gateway = isGatewayId(name) ? name : null;
  const caller = { gateway, isProven, address };
  if (!isProven) return { caller, refusal: 'other-authority' };
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) <= nowMs) return { caller: { ...caller, detail: validTo }, refusal: 'expired' };
  if (Date.parse(validFrom) > nowMs) return { caller: { ...caller, detail: validFrom }, refusal: 'not-yet-valid' };
  if (!socket.authorized) return { caller: { ...caller, detail: quoted(socket.authorizationError) }, refusal: 'not-accepted' };
  return gateway === null ? { caller: { ...caller, detail: quoted(name) }, refusal: 'no-name' } : { caller, refusal: null };
}
