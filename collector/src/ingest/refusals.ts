import type { Words } from '@fengsui/protocol';
import { STANDBY_LOOK_LONGEST_MS, STANDBY_LOOKS_MISSED, TURNED_AWAY_STANDS_MS } from '../limits.ts';

/** Why the intake turned somebody away who did not get in, and what to do when that is a gateway of ours. */
const ENTRY_REFUSALS = {
  revoked: {
    en: 'a revoked gateway',
    zh: '已吊销的网关',
    remedy: {
      en: 'where the box is retired or lost, find it and switch it off; where it is to go on, enrol it under a new id, or take its id from pki/revoked',
      zh: '若已退役或遗失,请找到并关闭设备;若需继续使用,以新编号重新登记,或从 pki/revoked 删去此编号',
    },
  },
  expired: {
    en: 'its certificate has ended',
    zh: '证书已过期',
    remedy: {
      en: 'renew it: `collector enrol --request` with a signing request of its key, then put the new certificate on the box',
      zh: '以现有密钥的签名请求执行 collector enrol --request 续签,并将新证书放到设备上',
    },
  },
  'not-yet-valid': {
    en: 'its certificate does not hold yet',
    zh: '证书尚未生效',
    remedy: { en: 'set the clock of this collector right', zh: '校正本采集端的时钟' },
  },
  'not-accepted': {
    en: 'its certificate is not one of a gateway',
    zh: '证书未通过校验',
    remedy: { en: 'give it a certificate made by `collector enrol`', zh: '请用 collector enrol 重新签发证书' },
  },
  'no-name': {
    en: 'a certificate whose name is no gateway id',
    zh: '证书名称不是有效网关编号',
    remedy: { en: 'enrol the box under a permitted id', zh: '请以有效编号重新登记' },
  },
  'other-name': {
    en: 'a client id that is not the name in the certificate',
    zh: '客户端标识与证书不符',
    remedy: {
      en: 'make `gateway.id` of its configuration the name in its certificate, or give it the certificate of its own name',
      zh: '请使其配置中的 gateway.id 与证书名称一致,或换上本名证书',
    },
  },
  'not-clean': {
    en: 'a session that would be kept',
    zh: '要求保留会话',
    remedy: { en: 'it is no gateway of ours: see what program uses its certificate', zh: '非本系统网关程序:请查明谁在使用其证书' },
  },
  will: {
    en: 'a last will',
    zh: '携带遗嘱',
    remedy: { en: 'it is no gateway of ours: see what program uses its certificate', zh: '非本系统网关程序:请查明谁在使用其证书' },
  },
} as const satisfies Record<string, Words & { readonly remedy: Words }>;
export type EntryRefusal = keyof typeof ENTRY_REFUSALS;

/** Why the intake turned something away. */
export const REFUSALS = {
  'too-many-sockets': { en: 'more connections than allowed', zh: '连接总数超限' },
  'too-many-from-address': { en: 'more connections from one address than allowed', zh: '单一地址连接数超限' },
  'no-handshake': { en: 'no TLS handshake', zh: 'TLS 握手失败' },
  'no-certificate': { en: 'no certificate', zh: '未出示证书' },
  'other-authority': { en: 'a certificate of another authority', zh: '证书非本采集端签发' },
  ...ENTRY_REFUSALS,
  'not-connect': { en: 'bytes before CONNECT', zh: '首包不是 CONNECT' },
  'packet-too-long': { en: 'a packet longer than its kind may be', zh: '报文超长' },
  retain: { en: 'a retained message', zh: '保留消息' },
  'quality-of-service': { en: 'a quality of service that is not 1', zh: '服务质量不是 1' },
  topic: { en: 'a topic that is not its own', zh: '主题越权' },
  subscription: { en: 'a subscription that is not its own', zh: '订阅越权' },
} as const satisfies Record<string, Words>;
export type Refusal = keyof typeof REFUSALS;

export type RefusalCounts = Readonly<Record<Refusal, number>>;

/** What to do for a gateway that is kept out for this; null: it is not kept out, or it is none of ours. */
export function remedyOf(refusal: Refusal): Words | null {
  return refusal in ENTRY_REFUSALS ? ENTRY_REFUSALS[refusal as EntryRefusal].remedy : null;
}

/** What TLS tells of a certificate: who only looks whether the way is there is turned away for it as well. */
const AT_LOOKS: ReadonlySet<Refusal> = new Set(['expired', 'not-yet-valid', 'not-accepted']);

/** Who was turned away for this and has not come again for so long, milliseconds, does not try any more. */
export function standsMs(refusal: Refusal): number {
  return AT_LOOKS.has(refusal) ? STANDBY_LOOKS_MISSED * STANDBY_LOOK_LONGEST_MS : TURNED_AWAY_STANDS_MS;
}

/** Counts refusals by their reason. */
export class RefusalTally {
  readonly #counts = Object.fromEntries(Object.keys(REFUSALS).map((reason) => [reason, 0])) as Record<Refusal, number>;

  add(reason: Refusal): void {
    this.#counts[reason] += 1;
  }

  counts(): RefusalCounts {
    return { ...this.#counts };
  }
}
