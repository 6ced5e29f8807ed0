import type { FailureCode } from './failures.ts';

/** Failures that can stand against a wire, the journal, an uplink or an order: whoever adds one says in Chinese, too, how it is mended. */
type Shown = Extract<
  FailureCode,
  `${'wire' | 'line' | 'journal' | 'uplink' | 'orders' | 'registrations' | 'secret' | 'driver' | 'capture'}-${string}`
>;

/** What a person at the box can do, in Chinese: the table of failures has it in English. */
export const REMEDIES_ZH: Readonly<Record<Shown, string>> = {
  'wire-open': '检查线缆、设备路径或地址、网关用户是否在 dialout 组,以及是否被其他程序占用',
  'line-hung': '看门狗停止喂狗,服务管理器将重新启动网关;请连同之前的日志一起报告',
  'wire-lost': '检查线缆、转换器和设备电源',
  'secret-unreadable': '检查密钥文件的属主和权限(chmod 600)',
  'registrations-unreadable': '检查数据目录的权限',
  'registrations-unwritable': '检查数据目录的剩余空间和权限',
  'journal-full': '清理数据目录所在磁盘;设备会重发未被应答的信息',
  'journal-io': '检查磁盘和内核日志;文件会重新打开并重试',
  'journal-unopened':
    '检查数据目录所在卷已挂载且可写(见 dmesg)、目录及文件属于网关用户、同名处没有其他东西、打开的文件数未超限;会自动重试,文件未移动也未改动',
  'journal-damaged': '损坏文件已移开,新文件继续工作;请保留文件名含 damaged 的文件以便恢复',
  'journal-absent': '请指定网关的数据目录或其副本:其中应有 alarm.sqlite 和 ordinary.sqlite',
  'journal-unreadable': '请以网关用户或 root 身份运行;只读目录请先复制;此前读出的内容完好',
  'journal-closed': '网关正在停止',
  'journal-newer': '重新安装较新的版本,或换用另一个数据目录',
  'journal-not-durable': '数据目录须放在本地磁盘,不要用网络或叠加文件系统',
  'journal-locked': '停止另一个网关进程,或换用另一个数据目录',
  'journal-hung': '检查磁盘是否卡顿;站端日志会重新启动',
  'journal-lost': '会自动重新启动;若再次发生,请查看之前的日志',
  'journal-busy': '检查磁盘是否卡顿、线路是否有大量报文涌入',
  'uplink-unreachable': '检查网络、上行地址,以及汇集平台是否在运行',
  'uplink-unready': '平台正在启动或停止,或其前置服务器无法连到它:查看平台日志;长时间不恢复则重新登记网关',
  'uplink-refused': '检查网关是否已在平台登记,证书是否过期或被吊销',
  'uplink-untrusted': '检查 ca、certificate、key、服务器名称,以及本机时钟',
  'uplink-lost': '检查网络;平台确认之前,所有记录都保存在站端日志中',
  'uplink-silent': '检查汇集平台的磁盘和日志',
  'uplink-unanswered': '不会丢失:该行至少每分钟重发一次,其余照常上报;查看汇集平台此时的日志,并连同该行(gateway journal list)一起报告',
  'uplink-shared': '查找仍在运行的克隆磁盘或复制的数据目录:停用并另行登记;若找不到,在平台吊销此编号并重新登记本机',
  'uplink-stuck': '看门狗将重新启动网关;请连同日志一起报告,这是程序错误',
  'orders-unreadable': '检查数据目录的权限',
  'orders-unwritable': '检查数据目录的剩余空间和权限;未记录的命令不会执行',
  'capture-unwritable': '检查数据目录下 captures 目录的剩余空间和权限',
  'driver-crashed': '请把该日志行报告给开发者;其他线路不受影响',
};
