import { Failure, type FailureRow } from '@fengsui/protocol';
import { PROGRAM } from './program.ts';

/** Every failure the gateway knows: the reference page is generated from this table. */
export const FAILURES = {
  'wire-open': {
    retry: 'later',
    en: 'the wire cannot be opened',
    zh: '线路无法打开',
    remedy:
      'Check the cable, the path or address of the wire, the permission of the gateway (group dialout), and that nothing else has it open',
  },
  'wire-lost': {
    retry: 'later',
    en: 'the wire was lost',
    zh: '线路中断',
    remedy: 'Check the cable, the converter and the power of the device',
  },
  'line-hung': {
    retry: 'later',
    en: 'the supervisor of a line shows no sign of life',
    zh: '线路监管无响应',
    remedy: 'The watchdog is not fed: the service manager starts the gateway anew. Report it with the log above this line',
  },
  'service-manager': {
    retry: 'later',
    en: 'the service manager could not be told',
    zh: '无法通知服务管理器',
    remedy: 'Check that systemd-notify is installed and the unit has NotifyAccess=all',
  },
  'secret-unreadable': {
    retry: 'later',
    en: 'the file of a secret or a key cannot be read',
    zh: '密钥文件无法读取',
    remedy: 'Check owner and mode of the file',
  },
  'registrations-unreadable': {
    retry: 'never',
    en: 'the file of CoAP registrations cannot be read',
    zh: 'CoAP 注册文件无法读取',
    remedy: 'Check the permissions of the data folder',
  },
  'registrations-unwritable': {
    retry: 'later',
    en: 'the file of CoAP registrations cannot be written',
    zh: 'CoAP 注册文件无法写入',
    remedy: 'Check the space and the permissions of the data folder',
  },
  'journal-full': {
    retry: 'later',
    en: 'the disk of the journal is full',
    zh: '站端日志所在磁盘已满',
    remedy: 'Free space on the volume of the data folder; devices repeat what they were not answered',
  },
  'journal-io': {
    retry: 'later',
    en: 'the disk of the journal failed to read or write',
    zh: '站端日志磁盘读写失败',
    remedy: 'Check the disk and the kernel log; the file is opened anew and tried again',
  },
  'journal-unopened': {
    retry: 'later',
    en: 'a file of the journal cannot be opened',
    zh: '站端日志文件无法打开',
    remedy:
      'See that its volume is mounted and not read-only (dmesg), that the folder and its files belong to the user of the gateway, that nothing else lies in their place, and that not too many files are open (LimitNOFILE). It is tried again; nothing was moved or changed',
  },
  'journal-damaged': {
    retry: 'later',
    en: 'a file of the journal is damaged',
    zh: '站端日志文件损坏',
    remedy:
      'It is moved aside (name with "damaged" and the date, in the data folder), a new one takes its place and what waited in it is taken over: nothing has to be done. Where it comes again, the disk is failing: see dmesg and replace it',
  },
  'journal-newer': {
    retry: 'never',
    en: 'the journal was written by a newer version',
    zh: '站端日志由更新的版本写入',
    remedy: 'Install that version again, or start with another data folder',
  },
  'journal-absent': {
    retry: 'never',
    en: 'there is no journal in this folder',
    zh: '该目录中没有站端日志',
    remedy: 'Name the data folder of the gateway, or the folder of a copy: it holds alarm.sqlite and ordinary.sqlite',
  },
  'journal-unreadable': {
    retry: 'later',
    en: 'the journal cannot be read',
    zh: '站端日志无法读取',
    remedy: 'Run it as the user of the gateway or as root; of a read-only folder make a copy first. What was read before this is sound',
  },
  'journal-not-durable': {
    retry: 'never',
    en: 'the journal cannot be made durable here',
    zh: '站端日志无法保证落盘',
    remedy: 'Put the data folder on a local disk; network and overlay file systems may refuse a write-ahead log',
  },
  'journal-locked': {
    retry: 'later',
    en: 'another gateway has this journal open',
    zh: '另一个网关进程正在使用该站端日志',
    remedy: 'Stop the other process, or give this one another data folder',
  },
  'journal-hung': {
    retry: 'later',
    en: 'the journal did not answer in time',
    zh: '站端日志应答超时',
    remedy: 'Check the disk for stalls; the journal is started anew',
  },
  'journal-lost': {
    retry: 'later',
    en: 'the worker of the journal ended',
    zh: '站端日志工作线程退出',
    remedy: 'It is started anew; if it happens again, read the log above this line',
  },
  'journal-busy': {
    retry: 'later',
    en: 'too many events wait for the disk',
    zh: '等待落盘的事件过多',
    remedy: 'Check the disk for stalls and the lines for a flood',
  },
  'journal-closed': {
    retry: 'never',
    en: 'the journal is closed',
    zh: '站端日志已关闭',
    remedy: 'The gateway is stopping',
  },
  'event-unencodable': {
    retry: 'never',
    en: 'an event does not fit the profile',
    zh: '事件无法按规约编码',
    remedy: 'Report it with the log line: it is an error of this program',
  },
  'uplink-unreachable': {
    retry: 'later',
    en: 'the collector cannot be reached',
    zh: '无法连接汇集平台',
    remedy: 'Check the network, the url of the uplink and that the collector runs',
  },
  'uplink-unready': {
    retry: 'later',
    en: 'the collector is there, and lets nobody in yet',
    zh: '汇集平台在线但尚未就绪',
    remedy:
      'It is starting, stopping, or hides behind a front that cannot reach it: look at its log. Where that lasts, enrol the gateway anew',
  },
  'uplink-refused': {
    retry: 'later',
    en: 'the collector refused the connection',
    zh: '汇集平台拒绝连接',
    remedy: 'Check that the gateway is enrolled and its certificate is neither expired nor revoked',
  },
  'uplink-untrusted': {
    retry: 'later',
    en: 'the certificates of the uplink do not fit',
    zh: '上行链路证书校验失败',
    remedy: 'Check ca, certificate, key and serverName of the uplink, and the clock',
  },
  'uplink-lost': {
    retry: 'later',
    en: 'the connection to the collector was lost',
    zh: '与汇集平台的连接中断',
    remedy: 'Check the network; the journal keeps everything until the collector confirms it',
  },
  'uplink-silent': {
    retry: 'later',
    en: 'the collector takes batches and confirms none',
    zh: '汇集平台不返回回执',
    remedy: 'Check the disk and the log of the collector',
  },
  'uplink-unanswered': {
    retry: 'later',
    en: 'the collector gives a row no receipt, and others it does',
    zh: '汇集平台对个别行不返回回执,其余正常',
    remedy:
      'Nothing is lost: the row is sent again at least once a minute, and everything else goes past it. Look in the log of the collector for what it says at those times, and report that with the row (gateway journal list)',
  },
  'uplink-shared': {
    retry: 'later',
    en: 'another box seems to use the certificate of this gateway',
    zh: '疑有另一台设备使用本网关的证书',
    remedy:
      'Look for a cloned disk or a copied data folder that still runs: switch it off and enrol it under a name of its own; where none is found, revoke this name at the collector and enrol this box anew',
  },
  'uplink-stuck': {
    retry: 'never',
    en: 'an uplink hangs while rows wait for it',
    zh: '上行链路停滞,有数据待发',
    remedy: 'The watchdog starts the gateway anew; report it with the log: it is an error of this program',
  },
  'orders-unreadable': {
    retry: 'never',
    en: 'the record of orders cannot be read',
    zh: '命令记录无法读取',
    remedy: 'Check the permissions of the data folder',
  },
  'orders-unwritable': {
    retry: 'later',
    en: 'the record of orders cannot be written',
    zh: '命令记录无法写入',
    remedy: 'Check the space and the permissions of the data folder; nothing is carried out that is not on the record',
  },
  'order-crashed': {
    retry: 'never',
    en: 'an order failed by an error of this program',
    zh: '命令执行异常',
    remedy: 'Report it with the log line',
  },
  'configuration-unreadable': {
    retry: 'never',
    en: 'the configuration or its history cannot be read',
    zh: '配置或其历史无法读取',
    remedy: 'Check the permissions of the configuration file and of the folder configuration in the data folder',
  },
  'configuration-unwritable': {
    retry: 'never',
    en: 'a pushed configuration cannot be written',
    zh: '下发的配置无法写入',
    remedy: 'Let the user of the gateway write the configuration file and its folder, or push no configuration',
  },
  'configuration-key': {
    retry: 'never',
    en: 'the key that vouches for pushed configurations cannot be read',
    zh: '配置签名公钥无法读取',
    remedy: 'Check orders.configurationKey: a PEM file with an Ed25519 public key',
  },
  'capture-unwritable': {
    retry: 'later',
    en: 'a capture cannot be written',
    zh: '抓包文件无法写入',
    remedy: 'Check the space and the permissions of the folder captures in the data folder',
  },
  'driver-crashed': {
    retry: 'later',
    en: 'a driver failed by an error of this program',
    zh: '驱动程序异常',
    remedy: 'Report it with the log line; the other lines go on',
  },
  'status-listen': {
    retry: 'never',
    en: 'the status page cannot listen',
    zh: '状态接口无法监听',
    remedy: 'Choose another status.port, or 0 for any free one',
  },
  'page-pin': {
    retry: 'later',
    en: 'the installer’s page has no PIN',
    zh: '安装维护页面未设置 PIN',
    remedy: `Set one with ${PROGRAM} pin --config <file>, as the user of the gateway; the page opens by itself then`,
  },
  'page-certificate': {
    retry: 'later',
    en: 'the certificate of the installer’s page cannot be read or made',
    zh: '安装维护页面的证书无法读取或生成',
    remedy:
      'Check page.certificate and page.key; where they are not set, remove the folder page from the data folder and the box makes itself a new certificate, with another fingerprint',
  },
  'page-listen': {
    retry: 'later',
    en: 'the installer’s page cannot listen',
    zh: '安装维护页面无法监听',
    remedy: 'Choose another page.port, and a page.host that is an address of this machine',
  },
} as const satisfies Record<string, FailureRow>;
export type FailureCode = keyof typeof FAILURES;

/** A failure of the table, with what it happened to and what caused it. */
export function fail(code: FailureCode, detail: string, cause?: unknown): Failure {
  return new Failure(code, FAILURES[code], detail, cause);
}
