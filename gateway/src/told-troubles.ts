import { FAILURES, type FailureCode } from './failures.ts';
import type { Known } from './known-status.ts';
import { REMEDIES_ZH } from './remedies.ts';

interface Words {
  readonly en: string;
  readonly zh: string;
}

/** What is wrong, where, and how to mend it, in two languages. */
export interface Trouble {
  readonly code: string;
  /** `wrong`: the gateway does not do its work there. `doubtful`: somebody should look. */
  readonly health: 'wrong' | 'doubtful';
  /** Name of the line, the device, the uplink; empty: the gateway itself. */
  readonly where: string;
  readonly what: Words;
  readonly remedy: Words;
  /** The program's own words, where it has any. */
  readonly detail?: string;
  /** Wall clock since when. */
  readonly sinceMs?: number;
}

type More = Pick<Trouble, 'detail' | 'sinceMs'>;
type Line = Known['lines'][number];

const MINUTE_MS = 60_000;

interface Help {
  readonly what: Words;
  readonly remedy: Words;
}

/** What the gateway notices of itself and says upstream, too. */
const NOTICED: Readonly<Record<Known['noticed'][number]['what'], Help>> = {
  'queue-high': {
    what: { en: 'many rows wait for a receipt, or wait long', zh: '大量或长时间未收到回执的记录' },
    remedy: { en: 'Look at the uplink; nothing is lost meanwhile', zh: '检查上行链路;期间不会丢失' },
  },
  'disk-full': {
    what: { en: 'the volume of the data folder is nearly full', zh: '数据目录所在磁盘将满' },
    remedy: { en: 'Free space on it; alarms have a reserve, readings are given up first', zh: '清理磁盘;火警有预留空间,先舍弃模拟量' },
  },
  'retention-short': {
    what: { en: 'the journal holds less than the 30 days that are asked for', zh: '站端日志保存不足 30 天' },
    remedy: {
      en: 'Raise journal.ordinaryMiB as said and give it such a disk, or have sensors report less often',
      zh: '按提示增大 journal.ordinaryMiB 并配足磁盘,或降低上报、轮询频率',
    },
  },
  'driver-failed': {
    what: { en: 'the driver failed too often and rests for some minutes', zh: '驱动连续异常,暂停数分钟' },
    remedy: { en: 'Export the diagnostics and report them; the other lines go on', zh: '请导出诊断信息并报告;其他线路不受影响' },
  },
  noise: {
    what: { en: 'much of what the wire carries is no packet', zh: '线路上大量字节不构成报文' },
    remedy: {
      en: 'Compare baud rate and parity with the device; swap A and B; look for a second master; check ground and termination',
      zh: '核对波特率和校验;对调 A/B;检查是否有第二个主机;检查共地和终端电阻',
    },
  },
  'wire-down': {
    what: { en: 'the wire is not open, or not for long', zh: '线路未打开或不能保持打开' },
    remedy: { en: FAILURES['wire-open'].remedy, zh: REMEDIES_ZH['wire-open'] },
  },
  'wire-silent': {
    what: { en: 'the wire carries nothing', zh: '线路没有数据' },
    remedy: { en: 'Check the cable, the power of the device and the line setting', zh: '检查线缆、设备电源和串口参数' },
  },
  'receive-buffer-small': {
    what: { en: 'a burst of alarms may be dropped: the receive buffer is too small', zh: '接收缓冲区过小,突发报警可能丢失' },
    remedy: {
      en: 'sysctl -w net.core.rmem_max=4194304 (keep it in /etc/sysctl.d), then restart the gateway',
      zh: '执行 sysctl -w net.core.rmem_max=4194304(写入 /etc/sysctl.d 永久生效),然后重启网关',
    },
  },
  'file-unusable': {
    what: { en: 'a file that the gateway keeps for itself was unusable and is moved aside', zh: '网关自有文件不可用,已移开' },
    remedy: {
      en: 'See whether the disk fails (dmesg) or who wrote there, then remove the file with "unusable" in its name from the data folder',
      zh: '检查磁盘(dmesg)以及是谁写入的,然后删除数据目录中名称含 unusable 的文件',
    },
  },
  'identity-shared': {
    what: { en: FAILURES['uplink-shared'].en, zh: FAILURES['uplink-shared'].zh },
    remedy: { en: FAILURES['uplink-shared'].remedy, zh: REMEDIES_ZH['uplink-shared'] },
  },
  'row-unanswered': {
    what: { en: FAILURES['uplink-unanswered'].en, zh: FAILURES['uplink-unanswered'].zh },
    remedy: { en: FAILURES['uplink-unanswered'].remedy, zh: REMEDIES_ZH['uplink-unanswered'] },
  },
  'memory-high': {
    what: { en: 'the memory of the box is nearly used up', zh: '内存即将用尽' },
    remedy: {
      en: 'Look for other programs on it; export the diagnostics and report them',
      zh: '检查是否有其他程序占用;导出诊断信息并报告',
    },
  },
  'descriptors-high': {
    what: { en: 'the descriptors of the process are nearly used up', zh: '文件句柄即将用尽' },
    remedy: { en: 'Export the diagnostics and report them; a restart helps for now', zh: '请导出诊断信息并报告;重启可暂时缓解' },
  },
  'loop-slow': {
    what: { en: 'the box is overloaded', zh: '设备负载过高' },
    remedy: { en: 'Look for other programs on it, or spread the lines over two boxes', zh: '检查是否有其他程序占用,或分到两台设备' },
  },
  'clock-unsynchronised': {
    what: { en: 'the clock is not set from the network', zh: '时钟未与网络同步' },
    remedy: {
      en: 'timedatectl set-ntp true; UDP 123 must pass to a time server',
      zh: '执行 timedatectl set-ntp true;放行到时间服务器的 UDP 123',
    },
  },
  'certificate-ending': {
    what: { en: 'a certificate nears its end', zh: '证书即将到期' },
    remedy: { en: 'Have it renewed at the collector: a signing request of this box', zh: '用本机的签名请求在汇集平台续签' },
  },
  'key-exposed': {
    what: { en: 'others can read a private key', zh: '私钥可被他人读取' },
    remedy: { en: 'chmod 600, owned by the user of the gateway', zh: 'chmod 600,属主为网关用户' },
  },
  'power-unreadable': {
    what: { en: 'the source of the power state cannot be read', zh: '无法读取电源状态' },
    remedy: { en: 'Check power in the configuration and the file or program it names', zh: '检查配置中的 power 及其指定的文件或程序' },
  },
  'main-power': {
    what: { en: 'mains power is missing', zh: '主电故障' },
    remedy: { en: 'Check the breaker and the plug; the battery lasts for a while only', zh: '检查空开和插头;备电只能维持一段时间' },
  },
  'backup-power': {
    what: { en: 'the battery is missing or weak', zh: '备电故障' },
    remedy: { en: 'Check its cable; replace the battery', zh: '检查接线;更换电池' },
  },
};

/** What the page adds: of single devices, and of rows. */
const WORDS = {
  'setting-narrowed': {
    what: { en: 'a setting that an earlier version permitted is not in force', zh: '旧版本允许的设置值未生效' },
    remedy: {
      en: 'Write the value that is in force into the configuration, or another within the bounds',
      zh: '将生效值(或范围内的其他值)写入配置文件',
    },
  },
  'line-isolated': {
    what: { en: 'the driver failed too often and rests for some minutes', zh: '驱动连续异常,暂停数分钟' },
    remedy: { en: 'Export the diagnostics and report them; the other lines go on', zh: '请导出诊断信息并报告;其他线路不受影响' },
  },
  'device-lost': {
    what: { en: 'the device has gone silent', zh: '设备失联' },
    remedy: { en: 'Check its power, its cable and its unit number', zh: '检查设备电源、线缆和站号' },
  },
  'device-unheard': {
    what: { en: 'the device was not heard since the start', zh: '启动以来未收到该设备数据' },
    remedy: {
      en: 'Compare wire, unit or device number with the plate; let the device speak (self-test)',
      zh: '核对线路、站号或设备编号;让设备发送一次(自检)',
    },
  },
  stranger: {
    what: { en: 'a device speaks that nobody configured', zh: '出现未配置的设备' },
    remedy: {
      en: 'Add it to the configuration, or find out whose it is; its events have no place',
      zh: '将其加入配置或查明来源;其事件没有位置',
    },
  },
  'rows-rejected': {
    what: { en: 'the far side rejected rows', zh: '平台拒收了记录' },
    remedy: {
      en: 'Export the diagnostics and report them; the rows are kept with the reason',
      zh: '请导出诊断信息并报告;记录及原因均已保留',
    },
  },
  'rows-damaged': {
    what: { en: 'the disk damaged rows of the journal', zh: '磁盘损坏了站端日志' },
    remedy: { en: 'Replace the disk or the card soon; what is good goes on', zh: '尽快更换磁盘或存储卡;完好的记录不受影响' },
  },
} as const satisfies Readonly<Record<string, Help>>;

function trouble(code: keyof typeof WORDS, health: Trouble['health'], where: string, more: More = {}): Trouble {
  return { code, health, where, ...WORDS[code], ...more };
}

function chineseRemedy(code: FailureCode): string {
  return (REMEDIES_ZH as Partial<Record<FailureCode, string>>)[code] ?? FAILURES[code].remedy;
}

/** What a failure's message says beside its remedy, which people are told in their own language. */
export function withoutRemedy(message: string): string {
  const code = /^([a-z-]+): /.exec(message)?.[1] ?? '';
  return Object.hasOwn(FAILURES, code) ? message.replace(`. ${FAILURES[code as FailureCode].remedy}`, '') : message;
}

/** The trouble a failure's message tells of: it begins with its code. */
function failed(where: string, message: string | null, sinceMs: number, otherwise: FailureCode): Trouble {
  const named = /^([a-z-]+): /.exec(message ?? '')?.[1] ?? '';
  const code = Object.hasOwn(FAILURES, named) ? (named as FailureCode) : otherwise;
  const { en, zh, remedy } = FAILURES[code];
  const detail = message === null ? {} : { detail: withoutRemedy(message) };
  return { code, health: 'wrong', where, what: { en, zh }, remedy: { en: remedy, zh: chineseRemedy(code) }, sinceMs, ...detail };
}

function ofLine(line: Line, nowMs: number, startedMs: number): Trouble[] {
  const { name, state, lastFailure, sinceMs, devices, strangers } = line;
  const isOldEnough = nowMs - startedMs > MINUTE_MS;
  return [
    ...(state === 'isolated'
      ? [trouble('line-isolated', 'wrong', name, { sinceMs, ...(lastFailure ? { detail: lastFailure } : {}) })]
      : []),
    ...(state === 'closed' && lastFailure !== null ? [failed(name, lastFailure, sinceMs, 'wire-lost')] : []),
    ...devices.flatMap(({ name: device, link, heardMs }) => {
      const where = `${name} · ${device}`;
      if (link === 'lost') return [trouble('device-lost', 'wrong', where, heardMs === null ? {} : { sinceMs: heardMs })];
      return heardMs === null && state === 'open' && isOldEnough ? [trouble('device-unheard', 'doubtful', where)] : [];
    }),
    ...strangers.map(({ name: device, heardMs }) => trouble('stranger', 'doubtful', `${name} · ${device}`, { sinceMs: heardMs })),
  ];
}

/** Since when is not known: only that it is so. */
function shutLane(lane: string, failure: string): Trouble {
  const { sinceMs: _, ...shut } = failed(lane, failure, 0, 'journal-unopened');
  return shut;
}

function ofJournal({ journal }: Known): Trouble[] {
  const { damagedFiles } = journal;
  const ofLanes = Object.entries(journal.lanes).flatMap(([lane, { failure, rejected, quarantined }]) => [
    ...(failure === null ? [] : [shutLane(lane, failure)]),
    ...(rejected > 0 ? [trouble('rows-rejected', 'doubtful', lane, { detail: String(rejected) })] : []),
    ...(quarantined > 0 ? [trouble('rows-damaged', 'wrong', lane, { detail: String(quarantined) })] : []),
  ]);
  return [...ofLanes, ...(damagedFiles.length > 0 ? [trouble('rows-damaged', 'wrong', '', { detail: damagedFiles.join(', ') })] : [])];
}

/** What the gateway noticed, except what is said with its cause already. */
function noticed({ noticed: said, lines, gateway, journal }: Known): Trouble[] {
  const open = new Set(lines.flatMap(({ name, state }) => (state === 'open' ? [name] : [])));
  const isolated = new Set(lines.flatMap(({ name, state }) => (state === 'isolated' ? [name] : [])));
  return said.flatMap(({ what, source, text, saidMs }): Trouble[] => {
    if ((what === 'wire-down' && !open.has(source)) || (what === 'driver-failed' && isolated.has(source))) return [];
    const health = what === 'disk-full' && journal.space.isFull ? 'wrong' : 'doubtful';
    return [{ code: what, health, where: source === gateway.id ? '' : source, ...NOTICED[what], detail: text, sinceMs: saidMs }];
  });
}

/** Everything somebody should look at, the wrong before the doubtful. */
export function troublesOf(status: Known): Trouble[] {
  const { gateway, lines, uplinks } = status;
  const { nowMs, startedMs } = gateway;
  const all = [
    // Each attempt begins anew: since when nothing gets through, the last receipt says.
    ...uplinks.flatMap(({ name, state, lastFailure, lastReceiptMs }) =>
      state !== 'up' && lastFailure !== null ? [failed(name, lastFailure, lastReceiptMs ?? startedMs, 'uplink-lost')] : [],
    ),
    ...lines.flatMap((line) => ofLine(line, nowMs, startedMs)),
    ...ofJournal(status),
    ...noticed(status),
    ...status.narrowed.map(({ line: detail }) => trouble('setting-narrowed', 'doubtful', '', { detail })),
  ];
  return [...all.filter(({ health }) => health === 'wrong'), ...all.filter(({ health }) => health === 'doubtful')];
}
