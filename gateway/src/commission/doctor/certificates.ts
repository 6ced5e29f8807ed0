import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { codeOf, doubtful, type Finding, right, wrong } from './finding.ts';

const DAY_MS = 86_400_000;
/** Days before the end: time to act, high time, and so late that a holiday may cut the site off. */
const DAYS_SOON = 30;
const DAYS_URGENT = 14;
const DAYS_LAST = 7;

export interface Identity {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

const RENEW = 'make a new certificate at the collector (collector enrol) and put its files here';

/** How long a certificate is good for. */
export function expiryFinding(about: string, certificate: X509Certificate, nowMs: number): Finding {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const days = Math.floor((to - nowMs) / DAY_MS);
  const until = new Date(to).toISOString().slice(0, 10);
  if (nowMs < from)
    return wrong(
      about,
      `counts only from ${new Date(from).toISOString()}`,
      '尚未生效',
      'check the clock of this machine first, then the certificate',
    );
  if (nowMs > to) return wrong(about, `expired on ${until}`, `已于 ${until} 过期`, `${RENEW}; check the clock, too`);
  const [en, zh] = [`good until ${until}, ${days} days`, `有效期至 ${until},剩 ${days} 天`];
  if (days <= DAYS_LAST) return wrong(about, en, zh, `at once: ${RENEW}`);
  if (days <= DAYS_URGENT) return doubtful(about, en, zh, `this week: ${RENEW}`);
  return days <= DAYS_SOON ? doubtful(about, en, zh, `this month: ${RENEW}`) : right(about, en, zh);
}

/** Whether the files of an uplink, named by its path in the configuration, can be read, fit each other and the gateway's name, are kept private and are not about to end. */
export function certificateFindings(uplink: string, identity: Identity, gateway: string, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  const read = <T>(about: string, path: string | undefined, make: (bytes: Buffer) => T): T | null => {
    if (path === undefined) return null;
    try {
      return make(readFileSync(path));
    } catch (error) {
      findings.push(wrong(about, `${path} cannot be read (${codeOf(error)})`, `${path} 无法读取`, RENEW));
      return null;
    }
  };
  const ca = read(`${uplink}.ca`, identity.ca, (bytes) => new X509Certificate(bytes));
  const certificate = read(`${uplink}.certificate`, identity.certificate, (bytes) => new X509Certificate(bytes));
  const key = read(`${uplink}.key`, identity.key, (bytes) => createPrivateKey(bytes));
  if (ca) findings.push(expiryFinding(`${uplink}.ca`, ca, nowMs));
  if (certificate) findings.push(expiryFinding(`${uplink}.certificate`, certificate, nowMs), nameFinding(uplink, certificate, gateway));
  if (key) findings.push(privacyFinding(uplink, identity.key!));
  return [...findings, ...fitFindings(uplink, ca, certificate, key)];
}

function nameFinding(uplink: string, certificate: X509Certificate, gateway: string): Finding {
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
  if (name === gateway) return right(`${uplink}.certificate`, `names ${gateway}`, `名称为 ${gateway}`);
  const remedy = 'gateway.id and the name in the certificate must be the same: the collector knows the gateway by it';
  return wrong(
    `${uplink}.certificate`,
    `names ${name || 'nobody'}, the gateway is ${gateway}`,
    `证书名 ${name || '空'} 与网关标识 ${gateway} 不符`,
    remedy,
  );
}

function privacyFinding(uplink: string, path: string): Finding {
  const mode = statSync(path).mode & 0o777;
  const shown = mode.toString(8).padStart(4, '0');
  if ((mode & 0o077) === 0) return right(`${uplink}.key`, `private to its owner (${shown})`, `仅属主可读 (${shown})`);
  return wrong(`${uplink}.key`, `others of this machine may read it (${shown})`, `本机其他用户可读 (${shown})`, `chmod 600 ${path}`);
}

function fitFindings(uplink: string, ca: X509Certificate | null, certificate: X509Certificate | null, key: KeyObject | null): Finding[] {
  const remedy = 'take all three files from one enrolment';
  return [
    ...(certificate && key && !certificate.checkPrivateKey(key)
      ? [wrong(`${uplink}.key`, 'is not the key of the certificate', '与证书不匹配', remedy)]
      : []),
    ...(certificate && ca && !certificate.checkIssued(ca)
      ? [wrong(`${uplink}.certificate`, `was not issued by ${uplink}.ca`, `不是由 ${uplink}.ca 签发`, remedy)]
      : []),
  ];
}
