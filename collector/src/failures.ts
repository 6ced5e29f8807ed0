import { Failure, type FailureRow } from '@fengsui/protocol';

/** Every failure the collector knows: the reference page is generated from this table. */
export const FAILURES = {
  'ledger-unopened': {
    retry: 'later',
    en: 'the ledger cannot be opened',
    zh: '总账无法打开',
    remedy: 'Check that the data folder exists, belongs to the collector and lies on a local disk',
  },
  'ledger-newer': {
    retry: 'never',
    en: 'the ledger was written by a newer collector',
    zh: '总账由更新版本的采集端写成',
    remedy: 'Install the newer collector again; an older one must not write into its ledger',
  },
  'ledger-damaged': {
    retry: 'never',
    en: 'the ledger is damaged',
    zh: '总账已损坏',
    remedy: 'Stop the collector, keep the file as evidence and restore the last backup; the gateways send what it lacks',
  },
  'entries-damaged': {
    retry: 'never',
    en: 'entries of the ledger are damaged and were set aside',
    zh: '总账中有条目损坏,已隔离',
    remedy:
      'Check the disk and the memory of this machine (dmesg, smartctl) and back the ledger up; everything else goes on. What is left of them lies ' +
      'in the table quarantine of the ledger, by position, once the disk takes it: whoever is on duty must know what they said 检查磁盘与内存并备份总账;其余照常,损坏条目按位置存于隔离区,请人工核对',
  },
  'numbers-missing': {
    retry: 'later',
    en: 'rows of gateways are missing and none of them is coming',
    zh: '网关数据缺号,且未在补传',
    remedy:
      'Look at the gateway: one that is offline sends them when it is back; where it is online and nothing waits in its journal ' +
      '(`journal.lanes.*.waiting` of its /status), its journal lost them: ask the site what happened 查看网关:离线者恢复后自动补传;在线且无待发者系站端日志丢失,请向现场核实',
  },
  'ledger-full': {
    retry: 'later',
    en: 'the disk of the ledger is full',
    zh: '总账所在磁盘已满',
    remedy: 'Make room on the disk; nothing is acknowledged until then and the gateways keep what they have',
  },
  'ledger-unwritten': {
    retry: 'later',
    en: 'the ledger could not be written or read',
    zh: '总账读写失败',
    remedy: 'Check the disk (dmesg, smartctl); nothing of the transaction was acknowledged',
  },
  'ledger-silent': {
    retry: 'later',
    en: 'the ledger did not answer in time',
    zh: '总账超时未响应',
    remedy: 'Check the load and the health of the disk; nothing of the transaction was acknowledged',
  },
  'ledger-closed': {
    retry: 'never',
    en: 'the ledger is closed',
    zh: '总账已关闭',
    remedy: 'Nothing to do: the collector is stopping',
  },
  'authority-missing': {
    retry: 'never',
    en: 'there is no certificate authority in the data folder',
    zh: '数据目录中没有证书颁发机构',
    remedy: 'Run `collector init --data <folder>` first, with the same folder as `data` of the configuration',
  },
  'authority-unreadable': {
    retry: 'never',
    en: 'a file of the certificate authority cannot be read',
    zh: '证书颁发机构的文件无法读取',
    remedy: 'Check owner and mode of the folder pki in the data folder, and that its files are PEM',
  },
  'file-unwritten': {
    retry: 'never',
    en: 'a file cannot be written',
    zh: '文件无法写入',
    remedy: 'Check that the folder exists, belongs to you and has room',
  },
  'key-exists': {
    retry: 'never',
    en: 'a private key is there already and is never overwritten',
    zh: '私钥已存在,不会覆盖',
    remedy: 'Choose another folder with --out, or renew with --request and a signing request made from the existing key',
  },
  'request-refused': {
    retry: 'never',
    en: 'the signing request cannot be granted',
    zh: '证书签名请求无法受理',
    remedy: 'Make it on the gateway: openssl req -new -key gateway.key -subj /CN=<gateway id> (P-256 key)',
  },
  'gateway-name-refused': {
    retry: 'never',
    en: 'the name cannot be the id of a gateway',
    zh: '该名称不能用作网关编号',
    remedy: 'Begin with a letter or digit and use at most 64 letters, digits, dots and hyphens; names with cloud- are the collector’s own',
  },
  'gateway-revoked': {
    retry: 'never',
    en: 'the gateway is on the list of revoked ones',
    zh: '该网关已被吊销',
    remedy: 'Enrol the new box under a new id, or take the id from the file pki/revoked',
  },
  'intake-unopened': {
    retry: 'later',
    en: 'the intake cannot listen',
    zh: '接入端口无法监听',
    remedy: 'Check host and port under `intake` and that no other process has the port',
  },
  'intake-busy': {
    retry: 'later',
    en: 'more deliveries wait for the ledger than the intake holds',
    zh: '等待写入总账的数据超过接入上限',
    remedy: 'Check the disk of the ledger; the gateways send again by themselves',
  },
  'push-unopened': {
    retry: 'later',
    en: 'the intake of an operator cloud cannot listen',
    zh: '运营商云推送接入端口无法监听',
    remedy: 'Check host and port of the entry under `pushes` and that no other process has the port',
  },
  'push-rejected': {
    retry: 'now',
    en: 'the ledger did not take rows of an operator cloud',
    zh: '总账拒收运营商云推送的数据',
    remedy: 'Check that no other collector writes under the same `pushes[].gateway`; the rows lie in quarantine',
  },
  'secret-unreadable': {
    retry: 'later',
    en: 'the file of a secret or a key cannot be read',
    zh: '密钥文件无法读取',
    remedy: 'Check owner and mode of the file',
  },
  'revocations-unreadable': {
    retry: 'later',
    en: 'the list of revoked gateways cannot be read',
    zh: '吊销名单无法读取',
    remedy: 'Check owner and mode of the file pki/revoked in the data folder; until then the last list holds',
  },
  'tokens-guessed': {
    retry: 'later',
    en: 'many different wrong tokens come from these addresses, for a while only one a second is looked at',
    zh: '以下地址使用多个不同的错误令牌,已暂时锁定,每秒只核对一个',
    remedy:
      'Somebody guesses: find him by the address, block him in the firewall. Whoever has the right token there gets in by trying again; ' +
      'sessions that are open and every other address go on 按地址查找并在防火墙封禁;持正确令牌者重试即可登录,已登录的页面与其他地址不受影响',
  },
  'http-unopened': {
    retry: 'later',
    en: 'the page and the interface cannot listen',
    zh: '网页与接口端口无法监听',
    remedy: 'Check host and port under `http` and that no other process has the port',
  },
  'refusals-unwritten': {
    retry: 'later',
    en: 'what the municipal platform refused cannot be kept',
    zh: '市级平台拒收的事件无法保存',
    remedy: 'Check owner, mode and room of the data folder; nothing is passed over until then',
  },
} as const satisfies Record<string, FailureRow>;
export type FailureCode = keyof typeof FAILURES;

/** A failure of the table, with what it happened to and what caused it. */
export function fail(code: FailureCode, detail: string, cause?: unknown): Failure {
  return new Failure(code, FAILURES[code], detail, cause);
}
