/** Why the intake turned something away. */
export const REFUSALS = {
  'too-many-sockets': { en: 'more connections than allowed', zh: '连接总数超限' },
  'too-many-from-address': { en: 'more connections from one address than allowed', zh: '单一地址连接数超限' },
  'no-handshake': { en: 'no TLS handshake, or no certificate of ours', zh: 'TLS 握手失败或证书无效' },
  'no-name': { en: 'a certificate whose name is no gateway id', zh: '证书名称不是有效网关编号' },
  revoked: { en: 'a revoked gateway', zh: '已吊销的网关' },
  'not-connect': { en: 'bytes before CONNECT', zh: '首包不是 CONNECT' },
  'packet-too-long': { en: 'a packet longer than its kind may be', zh: '报文超长' },
  'other-name': { en: 'a client id that is not the name in the certificate', zh: '客户端标识与证书不符' },
  'not-clean': { en: 'a session that would be kept', zh: '要求保留会话' },
  will: { en: 'a last will', zh: '携带遗嘱' },
  retain: { en: 'a retained message', zh: '保留消息' },
  'quality-of-service': { en: 'a quality of service that is not 1', zh: '服务质量不是 1' },
  topic: { en: 'a topic that is not its own', zh: '主题越权' },
  subscription: { en: 'a subscription that is not its own', zh: '订阅越权' },
} as const;
export type Refusal = keyof typeof REFUSALS;

export type RefusalCounts = Readonly<Record<Refusal, number>>;

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
