import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type TLSSocket } from 'node:tls';

/** Purpose of a server's certificate (RFC 5280 4.2.1.12). */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CHAIN_MAX = 5;

/**
 * What speaks against a server whose certificate a box with a dead clock cannot judge by its own time: null where nothing does.
 * Everything is asked that TLS asks, names, purpose, signatures up to a pinned authority, but the beginning of a certificate is
 * not, and its end is held against the latest time that is known to be past. A box that starts in 1970 must still report a fire.
 */
export function againstServer(socket: TLSSocket, host: string, authorities: string, earliestMs: number): string | null {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return 'it showed no certificate';
  const misnamed = checkServerIdentity(host, leaf.toLegacyObject());
  if (misnamed) return misnamed.message;
  if (leaf.keyUsage && !leaf.keyUsage.includes(SERVER_AUTH)) return 'its certificate is not one of a server';
  return againstChain(leaf, authoritiesIn(authorities), earliestMs);
}

function againstChain(leaf: X509Certificate, roots: readonly X509Certificate[], earliestMs: number): string | null {
  let certificate = leaf;
  for (let depth = 0; depth < CHAIN_MAX; depth++) {
    if (Date.parse(certificate.validTo) < earliestMs) return `a certificate of its chain ended on ${certificate.validTo}`;
    const root = roots.find((one) => isIssuedBy(certificate, one));
    if (root) return Date.parse(root.validTo) < earliestMs ? `its authority ended on ${root.validTo}` : null;
    const issuer = certificate.issuerCertificate;
    if (!issuer || issuer.raw.equals(certificate.raw) || !isIssuedBy(certificate, issuer)) return 'no authority we trust vouches for it';
    certificate = issuer;
  }
  return 'its chain is too long';
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function authoritiesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
