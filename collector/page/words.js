// What the page itself says, Chinese first. Names of kinds, states, quantities and parts come from /api/words.

/** @typedef {'zh' | 'en'} Language */

const WORDS = {
  open: ['当前警情', 'Open incidents'],
  restored: ['最近恢复', 'Recently restored'],
  devices: ['设备', 'Devices'],
  timeline: ['事件记录', 'Events'],
  quiet: ['一切正常,无未恢复警情', 'All quiet: no open incident'],
  unknown: ['状态未知', 'State unknown'],
  noneRestored: ['暂无', 'none yet'],
  noDevices: ['尚无设备数据', 'no device heard of yet'],
  noMatch: ['没有符合条件的设备', 'no device matches'],
  search: ['搜索位置、设备、网关', 'Search place, device, gateway'],
  abnormal: ['仅看异常', 'Abnormal only'],
  fires: ['火警', 'Fires'],
  alarms: ['报警', 'Alarms'],
  faults: ['故障', 'Faults'],
  offline: ['离线', 'Offline'],
  total: ['设备', 'Devices'],
  live: ['实时', 'Live'],
  connecting: ['连接中…', 'Connecting…'],
  lost: [
    '连接中断 {n} 秒 — 页面数据已过时,请通过电话和现场控制器确认',
    'Connection lost for {n} s — this page is out of date; confirm by telephone and at the panel',
  ],
  lostShort: ['连接中断', 'Connection lost'],
  enableSound: ['报警声音未启用 — 点击此处启用', 'Alarm sound is off — click here to enable it'],
  silence: ['消音', 'Silence'],
  silenced: ['已消音', 'Silenced'],
  soundOn: ['声音已启用', 'Sound on'],
  soundOff: ['启用声音', 'Enable sound'],
  otherLanguage: ['English', '中文'],
  test: ['测试', 'TEST'],
  points: ['{n} 个报警点', '{n} points'],
  times: ['{n} 次', '{n} times'],
  firstPoint: ['首报', 'first'],
  began: ['发生', 'Began'],
  elapsed: ['已持续', 'for'],
  byOperator: ['值班员 {n}', 'by {n}'],
  restoredAt: ['恢复', 'Restored'],
  byReset: ['复位', 'by reset'],
  byDevice: ['设备恢复', 'by the device'],
  source: ['设备', 'Source'],
  gateway: ['网关', 'Gateway'],
  noPlace: ['位置未登记', 'place unknown'],
  normal: ['正常', 'normal'],
  heard: ['最近通信', 'heard'],
  battery: ['电量', 'battery'],
  signal: ['信号', 'signal'],
  low: ['下限', 'low'],
  high: ['上限', 'high'],
  more: ['另有 {n} 项未显示,请搜索', '{n} more not shown: search'],
  wholeSource: ['整机', 'whole device'],
  ledger: ['总账', 'Ledger'],
  entries: ['{n} 条', '{n} entries'],
  quarantined: ['隔离区 {n}', '{n} in quarantine'],
  missing: ['缺号 {n},未在补传', '{n} missing, none of them coming'],
  catchingUp: ['补传中,尚缺 {n}', 'catching up, {n} still to come'],
  damaged: ['损坏 {n}', '{n} damaged'],
  municipal: ['市级平台', 'Municipal platform'],
  upToDate: ['已同步', 'up to date'],
  behind: ['待推送 {n}', '{n} behind'],
  refused: ['拒收 {n}', '{n} refused'],
  clockWrong: ['时钟未同步', 'clock not synchronised'],
  connectedSince: ['在线,自', 'connected since'],
  goneSince: ['离线,自', 'gone since'],
  ago: ['{n}前', '{n} ago'],
  login: ['登录', 'Log in'],
  token: ['访问令牌', 'Access token'],
  wrongToken: ['令牌不正确', 'The token is wrong'],
  tryLater: ['请稍后再试', 'Try again in a moment'],
  // qualities of readings
  'quality-stale': ['陈旧', 'stale'],
  'quality-sensor-failed': ['传感器故障', 'sensor failed'],
  'quality-out-of-range': ['超量程', 'out of range'],
  'quality-saturated': ['饱和', 'saturated'],
  'quality-substituted': ['替代值', 'substituted'],
  // parts of an address
  'address-controller': ['{n}号机', 'controller {n}'],
  'address-loop': ['{n}回路', 'loop {n}'],
  'address-point': ['{n}点', 'point {n}'],
  'address-zone': ['{n}区', 'zone {n}'],
  'address-channel': ['{n}通道', 'channel {n}'],
  'address-device': ['{n}', '{n}'],
  // what a gateway says of itself
  'note-started': ['启动', 'started'],
  'note-stopped': ['停止', 'stopped'],
  'note-crashed': ['异常退出后恢复', 'came back from a crash'],
  'note-clock-stepped': ['时钟跳变', 'clock stepped'],
  'note-queue-high': ['队列积压', 'queue high'],
  'note-queue-normal': ['队列恢复', 'queue normal'],
  'note-disk-full': ['磁盘已满', 'disk full'],
  'note-disk-normal': ['磁盘恢复', 'disk normal'],
  'note-noise': ['线路噪声', 'noise on a wire'],
  'note-driver-failed': ['驱动失败', 'driver failed'],
  'note-driver-recovered': ['驱动恢复', 'driver recovered'],
  'note-journal-damaged': ['站端日志损坏', 'journal damaged'],
  'note-status': ['状态', 'status'],
  'note-readings-thinned': ['模拟量抽稀', 'readings thinned'],
  'note-configuration-changed': ['配置改变', 'configuration changed'],
  'note-datagrams-dropped': ['数据报丢弃', 'datagrams dropped'],
  'note-duty-unanswered': ['查岗无人应答', 'duty check unanswered'],
  'note-configuration-refused': ['下发配置被拒绝', 'pushed configuration refused'],
  'note-clock-unsynchronised': ['时钟未同步', 'clock not synchronised'],
  'note-certificate-ending': ['证书即将到期', 'certificate nears its end'],
  'note-key-exposed': ['私钥权限过宽', 'private key exposed'],
  'note-memory-high': ['内存不足', 'memory nearly used up'],
  'note-descriptors-high': ['文件句柄将耗尽', 'descriptors nearly used up'],
  'note-loop-slow': ['网关处理滞后', 'gateway overloaded'],
  'note-wire-down': ['线路未打开', 'wire not open'],
  'note-wire-silent': ['线路无数据', 'wire silent'],
  'note-receive-buffer-small': ['接收缓冲区过小', 'receive buffer too small'],
  'note-file-unusable': ['网关自有文件不可用,已移开', 'a file of the gateway was unusable, moved aside'],
  'note-power-unreadable': ['电源状态不可读', 'power cannot be read'],
  'note-program-failed': ['程序异常', 'error of the program'],
  'note-identity-shared': ['多台设备共用同一身份', 'several boxes under one identity'],
  'note-row-unanswered': ['个别行无回执', 'a row without a receipt'],
  'note-retention-short': ['站端日志保存不足30天', 'journal holds less than 30 days'],
  'note-page-locked': ['维护页面 PIN 连续错误被锁定', "installer's page locked after wrong PINs"],
};

/** @typedef {keyof typeof WORDS} Word */

/** @type {Language} */
let language = localStorage.getItem('language') === 'en' ? 'en' : 'zh';

export function currentLanguage() {
  return language;
}

export function switchLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  localStorage.setItem('language', language);
}

/**
 * What the page says, `{n}` replaced.
 * @param {string} word
 * @param {string | number} [n]
 * @returns {string}
 */
export function say(word, n = '') {
  const pair = WORDS[/** @type {Word} */ (word)] ?? [word, word];
  return (pair[language === 'zh' ? 0 : 1] ?? word).replace('{n}', String(n));
}

/** @typedef {Record<string, { zh: string, en: string }>} Names */

/** @type {Record<string, Names>} */
let names = {};
/** @type {Record<string, Names>} */
let happenings = {};

/** @param {Record<string, Names> & { happenings: Record<string, Names> }} lists what /api/words answers */
export function takeNames({ happenings: ofEvents, ...lists }) {
  names = lists;
  happenings = ofEvents;
}

/**
 * What an event is called.
 * @param {string} kind
 * @param {string} edge
 */
export function happeningOf(kind, edge) {
  return happenings[kind]?.[edge]?.[language] ?? `${kind} ${edge}`;
}

/**
 * The name of something in one of the lists of /api/words.
 * @param {'kinds' | 'states' | 'quantities' | 'classes' | 'components'} list
 * @param {string | number} key
 */
export function nameOf(list, key) {
  return names[list]?.[String(key)]?.[language] ?? String(key);
}
