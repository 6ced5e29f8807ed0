import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expiryFinding, type Identity } from './certificates.ts';
import { codeOf, type Finding, right, wrong } from './finding.ts';

export interface UplinkTarget extends Identity {
  readonly url: string;
  readonly serverName?: string;
}

const TIMEOUT_MS = 5_000;
/** With TLS 1.3 the far side judges our certificate after the handshake: its refusal comes a moment later. */
const VERDICT_WITHIN_MS = 500;

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the collector running, is the port right?',
  ETIMEDOUT: 'nobody answers: check the route, the firewall between, and the address',
  EHOSTUNREACH: 'no way there: check cable, SIM card and route (ip route)',
  ENETUNREACH: 'no way there: check cable, SIM card and route (ip route)',
  CERT_HAS_EXPIRED: "the collector's certificate ended, or the clock of this machine is wrong",
  CERT_NOT_YET_VALID: 'the clock of this machine is behind',
  ERR_TLS_CERT_ALTNAME_INVALID: "the collector's certificate has another name: use that name in its url or serverName",
  SELF_SIGNED_CERT_IN_CHAIN: 'ca is not the authority of this collector',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'ca is not the authority of this collector',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'ca is not the authority of this collector',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'ca is not the authority of this collector',
};

const remedyFor = (code: string) =>
  REMEDIES[code] ??
  (/ALERT|ECONNRESET|EPIPE/.test(code)
    ? 'the collector refused the gateway: is it enrolled there, is its certificate revoked?'
    : 'check the url, the network and the collector');

/** Walks the way of an uplink, named by its path in the configuration, with the real certificates: name, connection, handshake. Sends no MQTT. */
export async function uplinkFindings(about: string, target: UplinkTarget, nowMs: number): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(target.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'mqtts:';
  const findings: Finding[] = [];
  try {
    if (!isIP(host)) findings.push(right(about, `${host} is ${(await lookup(host)).address}`, `域名解析正常 ${host}`));
  } catch (error) {
    return [
      wrong(
        about,
        `${host} has no address (${codeOf(error)})`,
        `域名 ${host} 无法解析`,
        'check DNS: cat /etc/resolv.conf, and the name in its url',
      ),
    ];
  }
  const number = Number(port || (secure ? 8883 : 1883));
  try {
    const startMs = performance.now();
    const socket = await plainConnection(host, number);
    socket.destroy();
    const took = Math.round(performance.now() - startMs);
    findings.push(right(about, `${host}:${number} accepts connections (${took} ms)`, `TCP 可达 ${took} ms`));
  } catch (error) {
    return [...findings, wrong(about, `${host}:${number}: ${codeOf(error)}`, `TCP 不可达 ${host}:${number}`, remedyFor(codeOf(error)))];
  }
  return secure ? [...findings, ...(await handshakeFindings(about, target, host, number, nowMs))] : findings;
}

function plainConnection(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  return opened(socket, 'connect');
}

function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), TIMEOUT_MS);
    const settle = (done: () => void) => {
      clearTimeout(timer);
      done();
    };
    socket.once(event, () => settle(() => resolve(socket)));
    socket.once('error', (error) => settle(() => reject(error)));
    socket.once('close', () => settle(() => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))));
  });
}

async function handshakeFindings(about: string, target: UplinkTarget, host: string, port: number, nowMs: number): Promise<Finding[]> {
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const name = target.serverName ?? host;
  let socket: TLSSocket | undefined;
  try {
    const own = Object.fromEntries(
      Object.entries({ ca: file(target.ca), cert: file(target.certificate), key: file(target.key) }).filter(
        ([, bytes]) => bytes !== undefined,
      ),
    );
    // A name that is an address is checked all the same, only not sent (RFC 6066 §3).
    socket = connectTls({ host, port, ...own, ...(isIP(name) ? {} : { servername: name }), minVersion: 'TLSv1.2' });
    await opened(socket, 'secureConnect');
    const refusal = await refusalOf(socket);
    if (refusal) throw refusal;
    const raw = socket.getPeerCertificate().raw;
    const protocol = socket.getProtocol() ?? 'TLS';
    const [en, zh] = [`${protocol} handshake with our certificate, the collector is ${name}`, `${protocol} 双向认证握手成功`];
    return [right(about, en, zh), expiryFinding("collector's certificate", new X509Certificate(raw), nowMs)];
  } catch (error) {
    const code = codeOf(error);
    return [wrong(about, `TLS with ${name}: ${code} (${(error as Error).message})`, 'TLS 握手失败', remedyFor(code))];
  } finally {
    socket?.destroy();
  }
}

/** Why the far side turns us away after the handshake; null when it keeps us. */
async function refusalOf(socket: TLSSocket): Promise<Error | null> {
  const turned = new Promise<Error>((resolve) => {
    socket.once('error', resolve);
    socket.once('close', () => resolve(Object.assign(new Error('closed after the handshake'), { code: 'ECONNRESET' })));
    socket.resume();
  });
  return Promise.race([turned, sleep(VERDICT_WITHIN_MS, null)]);
}
