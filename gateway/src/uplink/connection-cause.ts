import type { Failure } from '@fengsui/protocol';
import { type FailureCode, fail } from '../failures.ts';

/** How far a connection had come when it failed. */
export interface Come {
  /** The TLS greeting was over: the far side is believed, and judges us. */
  readonly isGreeted: boolean;
  /** When our own certificate ends, milliseconds since 1970-01-01 UTC; null where there is none, or it cannot be read. */
  readonly certificateEndsMs: number | null;
  readonly nowMs: number;
}

interface Cause {
  readonly of: RegExp | number;
  readonly code: FailureCode;
  readonly words: string;
}

/**
 * What stands behind an error of MQTT (return codes of CONNACK, 3.1.1 §3.2.2.3), of TLS (codes of Node and OpenSSL, also the alerts the far
 * side sends) or of TCP, in the words of somebody who can mend it. The first that fits.
 */
const CAUSES: readonly Cause[] = [
  {
    of: 2,
    code: 'uplink-refused',
    words: 'it does not take this name (CONNACK 2): gateway.id must be the name in the certificate 编号与证书不符',
  },
  {
    of: 3,
    code: 'uplink-unready',
    words: 'it is not ready (CONNACK 3): it lets us in by itself when it is; where that lasts, look at its log 平台尚未就绪',
  },
  { of: 4, code: 'uplink-refused', words: 'it wants a password (CONNACK 4): that is no collector of ours 对方要求密码' },
  {
    of: 5,
    code: 'uplink-refused',
    words: 'it does not let this gateway in (CONNACK 5): the name is revoked there, or not known 编号已吊销或未登记',
  },
  {
    of: /ALERT_CERTIFICATE_EXPIRED/,
    code: 'uplink-refused',
    words: 'it says that our certificate has ended: enrol this gateway anew 本机证书已过期',
  },
  { of: /ALERT_CERTIFICATE_REVOKED/, code: 'uplink-refused', words: 'it says that our certificate is revoked 本机证书已吊销' },
  {
    of: /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/,
    code: 'uplink-refused',
    words: 'it does not know the authority of our certificate: take the one that this collector issued 平台不认本机证书的签发机构',
  },
  {
    of: /^CERT_HAS_EXPIRED$/,
    code: 'uplink-untrusted',
    words: "the server's certificate has ended: renew it there (collector init), or the clock of this box is ahead 服务器证书已过期",
  },
  {
    of: /^CERT_NOT_YET_VALID$/,
    code: 'uplink-untrusted',
    words: "the server's certificate is not valid yet: look at the clocks of both 服务器证书尚未生效",
  },
  {
    of: /ALTNAME|HOSTNAME_MISMATCH/,
    code: 'uplink-untrusted',
    words: "the server's certificate is for another name: url or serverName must be one of its names 服务器名称不符",
  },
  {
    of: /SELF_SIGNED|UNABLE_TO/,
    code: 'uplink-untrusted',
    words:
      "the server's certificate is of another authority than `ca`: take ca.pem of this collector, or url leads to another server 服务器证书的签发机构不符",
  },
];

/** Codes of TLS that speak of certificates, names and times. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|ERR_OSSL|ALTNAME|HOSTNAME_MISMATCH/;
/** Codes of a connection that the far side ended. */
const ENDED = /^(ECONNRESET|EPIPE|)$/;

const NOT_COME: Come = { isGreeted: false, certificateEndsMs: null, nowMs: 0 };

/** What an error of a connection means to everybody else. */
export function failureOf(cause: Error | undefined, come: Come = NOT_COME): Failure {
  const { code = '', message = '' } = (cause ?? {}) as { code?: string | number; message?: string };
  const known = CAUSES.find(({ of }) => (typeof of === 'number' ? of === code : of.test(String(code))));
  if (known) return fail(known.code, message ? `${known.words} (${message})` : known.words, cause);
  if (typeof code === 'number') return fail('uplink-refused', message || `CONNACK ${code}`, cause);
  if (come.isGreeted && ENDED.test(code)) return unwelcome(come, cause);
  const kind = UNTRUSTED.test(code) ? 'uplink-untrusted' : 'uplink-unreachable';
  return fail(kind, message || code || 'no answer', cause);
}

/** Nothing came for too long: who takes a connection and says nothing is no collector, or one that hangs. */
export function mute(withinMs: number, { isGreeted }: Pick<Come, 'isGreeted'>): Failure {
  const what = isGreeted ? 'it greeted by TLS and then said nothing' : 'no answer to our greeting';
  return fail(
    'uplink-unreachable',
    `${what} for ${Math.round(withinMs / 1000)} s: the way loses everything or takes seconds (then the next try has longer), the collector hangs, something else listens there, or a firewall swallows it 对方无应答或链路时延过大`,
  );
}

/**
 * A server judges our certificate after the greeting, and ends the connection without a word (Node does). So does one that goes down, and a
 * front without anybody behind it: as long as our certificate lasts that is no refusal.
 */
function unwelcome({ certificateEndsMs, nowMs }: Come, cause: Error | undefined): Failure {
  const what = 'it ended the connection right after the greeting';
  const until = certificateEndsMs === null ? null : dateOf(certificateEndsMs);
  if (certificateEndsMs !== null && certificateEndsMs < nowMs)
    return fail('uplink-refused', `${what}: our certificate ended on ${until}, enrol this gateway anew 本机证书已过期`, cause);
  const lasts = until === null ? '' : ` (by our clock it lasts until ${until})`;
  return fail(
    'uplink-unready',
    `${what}: it is going down, or does not accept our certificate${lasts} 平台握手后断开,可能不接受本机证书`,
    cause,
  );
}

const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
