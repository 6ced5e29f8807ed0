// What the page itself says, Chinese first. Names of kinds, states, quantities and parts come from the box.

/** @typedef {'zh' | 'en'} Language */

const WORDS = {
  title: ['烽燧网关', 'Fengsui gateway'],
  'tab-overview': ['总览', 'Overview'],
  'tab-wires': ['线路', 'Wires'],
  'tab-points': ['点位', 'Points'],
  'tab-journal': ['上行', 'Uplink'],
  'tab-test': ['试报警', 'Test'],
  'tab-more': ['诊断', 'More'],
  otherLanguage: ['English', '中文'],
  logout: ['退出', 'Log out'],
  login: ['登录', 'Log in'],
  enterPin: ['请输入维护 PIN', "Enter the installer's PIN"],
  wrongPin: ['PIN 不正确', 'The PIN is wrong'],
  notNow: ['网关现在无法核对 PIN,原因见网关日志', 'The gateway cannot look at the PIN now: its log says why'],
  pinLocked: ['错误次数过多,请等待 {n}', 'Too many wrong PINs: wait {n}'],
  unreachable: ['无法连接网关', 'The gateway cannot be reached'],
  pinHelp: [
    'PIN 在安装时由命令 fengsui-gateway pin 设置;没有出厂密码。首次打开时,请核对浏览器显示的证书指纹与网关日志中的一致。',
    "The PIN was set on the box with fengsui-gateway pin; there is no factory PIN. The first time, compare the fingerprint of the certificate in the browser with the one in the gateway's log.",
  ],
  lost: ['与网关的连接已中断 {n} — 页面数据已过时', 'Connection to the gateway lost for {n} — what is shown is out of date'],
  allRight: ['网关一切正常', 'The gateway is well'],
  siteAlarms: ['现场 {n} 点报警', 'in alarm on site: {n}'],
  toMend: ['{n} 项需要处理', 'Things to mend: {n}'],
  toLook: ['{n} 项需要留意', 'Things to look at: {n}'],
  running: ['已运行 {n}', 'running for {n}'],
  where: ['位置', 'Where'],
  remedy: ['处理办法', 'How to mend it'],
  itself: ['网关', 'the gateway'],
  since: ['自', 'since'],
  moreTroubles: ['另有 {n} 项', '{n} more'],
  wiresOpen: ['线路', 'Wires'],
  devicesUp: ['设备在线', 'devices up'],
  inAlarm: ['{n} 点报警', '{n} in alarm'],
  outOfOrder: ['{n} 点异常', '{n} abnormal'],
  ofPoints: ['共 {n} 点', 'of {n}'],
  waiting: ['待发记录', 'Rows waiting'],
  waitingFor: ['待 {n} 确认', 'for {n}'],
  oldest: ['最早', 'oldest'],
  uplink: ['上行链路', 'Uplink'],
  lastReceipt: ['最近回执', 'last receipt'],
  heardInOrder: ['{n} 点正常', '{n} in order'],
  unheardPoints: ['{n} 点本次启动以来未收到', '{n} not heard since the start'],
  unheard: ['本次启动({n})以来未收到', 'not heard since the start at {n}'],
  never: ['从未', 'never'],
  ago: ['{n}前', '{n} ago'],
  none: ['无', 'none'],
  'state-open': ['已打开', 'open'],
  'state-closed': ['未打开', 'closed'],
  'state-isolated': ['已隔离', 'isolated'],
  'state-up': ['已连接', 'up'],
  'state-down': ['未连接', 'down'],
  'state-connecting': ['连接中', 'connecting'],
  'link-up': ['在线', 'up'],
  'link-lost': ['失联', 'lost'],
  'link-unknown': ['未知', 'not heard'],
  'link-unknown-since': ['自 {n} 线路中断起未知', 'unknown since the wire went down at {n}'],
  received: ['接收', 'received'],
  sent: ['发送', 'sent'],
  packets: ['报文', 'packets'],
  events: ['事件', 'events'],
  noise: ['噪声', 'noise'],
  dropped: ['丢弃', 'dropped'],
  reopened: ['静默重开', 'opened anew'],
  stranger: ['未配置', 'not configured'],
  watch: ['实时字节', 'Live bytes'],
  heard: ['最近通信', 'heard'],
  pause: ['暂停', 'Pause'],
  resume: ['继续', 'Go on'],
  close: ['关闭', 'Close'],
  waitingBytes: ['等待字节…', 'waiting for bytes …'],
  leftOut: ['字节过多,已略去 {n} 段', 'too fast to show: {n} pieces left out'],
  pushedWire: ['推送线路不显示原始字节', 'the bytes of pushes are not shown'],
  lastNoise: ['最近的噪声', 'The last noise'],
  noNoise: ['没有噪声', 'no noise'],
  noLines: ['配置中没有线路', 'no wire is configured'],
  searchPoints: ['搜索位置、设备、地址', 'Search place, device, address'],
  'show-all': ['全部 {n}', 'All {n}'],
  'show-abnormal': ['异常 {n}', 'Abnormal {n}'],
  'show-silent': ['启动以来未收到 {n}', 'Not heard since the start {n}'],
  noPoints: ['没有符合条件的点位', 'no point fits'],
  normal: ['正常', 'normal'],
  notConfigured: ['点表外', 'not in the table'],
  test: ['测试', 'TEST'],
  sinceBefore: ['本次启动前已存在:{n}', 'since before the restart: {n}'],
  low: ['下限', 'low'],
  high: ['上限', 'high'],
  back: ['上一页', 'Back'],
  forth: ['下一页', 'Next'],
  range: ['第 {n} 个', '{n}'],
  uplinks: ['上行链路', 'Uplinks'],
  journal: ['站端日志', 'Journal'],
  'lane-alarm': ['报警车道', 'Alarm lane'],
  'lane-ordinary': ['普通车道', 'Ordinary lane'],
  rejected: ['拒收', 'rejected'],
  untold: ['无对应类型或测试,不上报', 'not told'],
  quarantined: ['损坏', 'damaged'],
  thinned: ['抽稀', 'thinned'],
  numbered: ['已编号', 'numbered'],
  file: ['文件', 'file'],
  disk: ['磁盘', 'Disk'],
  free: ['可用', 'free'],
  reserve: ['预留', 'reserve'],
  lastRejected: ['最近被拒收的记录', 'Rows rejected last'],
  noRejected: ['启动以来没有被拒收的记录', 'none since the start'],
  accepted: ['已确认', 'accepted'],
  overdue: ['重发', 'sent again'],
  roundTrip: ['往返', 'round trip'],
  connections: ['连接次数', 'connections'],
  testTitle: ['端到端试报警', 'Test alarm, end to end'],
  testWhat: [
    '发出一条标记为测试的火警,走与真实火警相同的路径:落盘、发送、平台回执。不向任何设备发送数据;汇集平台不转报市级平台,直连市级平台的链路不上报。60 秒后自动恢复。',
    'Says a fire that is flagged as a test and goes the way of a real one: onto the disk, over the uplink, to the receipt. Nothing is sent to any device, the collector does not pass it on to the city platform, and an uplink straight to a city centre is not told it. It ends by itself after 60 seconds.',
  ],
  testAbout: ['注明位置或点位(可不填)', 'Place or point it names (may stay empty)'],
  testTold: ['已通知消防控制室和平台值班人员', "The control room and the platform's operators know of it"],
  testBegin: ['发出试报警', 'Send the test alarm'],
  testStands: ['已有试报警正在进行', 'a test alarm stands already'],
  failed: ['失败:{n}', 'failed: {n}'],
  alarmTitle: ['试报警', 'Test alarm'],
  'step-durable': ['已写入站端日志(落盘)', 'durable in the journal'],
  'step-sent': ['已发送', 'sent'],
  'step-accepted': ['平台回执:已入总账', 'receipt: in the ledger'],
  'step-rejected': ['平台拒收', 'rejected'],
  'step-untold': ['不上报:该链路不接收测试', 'this uplink is not told tests'],
  'step-wait': ['等待上行链路与回执…', 'waiting for the uplink and its receipt …'],
  alarmEnds: ['{n}后自动恢复', 'ends by itself in {n}'],
  alarmEnded: ['已恢复 {n}', 'ended {n}'],
  alarmEnd: ['立即恢复', 'End it now'],
  unwatchedTitle: ['有一段时间无人监视', 'Nobody watched for a while'],
  unwatchedSpan: ['{n} 未监视', 'not watched from {n}'],
  unwatchedWhat: ['此期间的报警可能只在控制器上:请核对控制器。', 'An alarm of then may stand at the panel alone: look at the panel.'],
  unwatchedSeen: ['已核对,知道了', 'Seen, the panel is checked'],
  unwatchedClockSet: ['期间时钟被调整,时长未知', 'the clock was set meanwhile: nobody knows how long'],
  'unwatched-crash': ['原因:程序异常退出或被终止', 'cause: the program crashed or was killed'],
  'unwatched-power': ['原因:断电或设备重启', 'cause: the power was cut or the box was reset'],
  'unwatched-stop': ['原因:正常停止', 'cause: it was stopped in order'],
  'unwatched-unknown': ['原因:程序异常退出或断电', 'cause: a crash or a power cut'],
  dutyTitle: ['查岗待应答', 'A duty check waits'],
  dutyLeft: ['剩余 {n}', '{n} left'],
  dutyName: ['值班人员姓名', 'Name of the operator'],
  dutyAnswer: ['应答', 'Answer'],
  dutySound: ['启用声音', 'Enable sound'],
  dutySoundOn: ['声音已启用', 'Sound is on'],
  dutyGone: ['查岗已结束', 'it is over'],
  diagnostics: ['诊断信息', 'Diagnostics'],
  diagnosticsWhat: [
    '版本、配置(不含密钥、PIN 和密钥文件路径)、状态、体检结果、最近的噪声和日志。发给支持人员前可先打开查看。',
    'Version, configuration (without keys, PIN and names of key files), status, findings, the last noise and log. It is readable text: look at it before you hand it on.',
  ],
  download: ['导出诊断文件', 'Export diagnostics'],
  facts: ['网关信息', 'This gateway'],
  version: ['版本', 'version'],
  profile: ['规约', 'profile'],
  boot: ['启动序号', 'boot'],
  clock: ['时钟', 'clock'],
  clockRight: ['已同步', 'synchronised'],
  clockWrong: ['未同步', 'not synchronised'],
  memory: ['内存', 'memory'],
  loop: ['循环延迟 p99', 'loop delay p99'],
  uptime: ['已运行', 'running for'],
  // why bytes are no packet
  'why-no-start': ['无起始符', 'starts nothing'],
  'why-length': ['长度不符', 'length does not fit'],
  'why-terminator': ['结束符不符', 'end is wrong'],
  'why-checksum': ['校验和不符', 'checksum does not fit'],
  'why-repeat': ['重复', 'repeat'],
  'why-echo': ['回显', 'echo'],
  'why-timeout': ['应答超时', 'no answer in time'],
  'why-late': ['应答过迟', 'answer too late'],
  'why-refused': ['设备拒绝', 'the device refused'],
  'why-garbled': ['应答损坏', 'garbled answer'],
  'why-undecodable': ['无法解码', 'undecodable'],
  'why-unparsable': ['无法解析', 'unparsable'],
  'why-unknown-device': ['未知设备', 'unknown device'],
  'why-doubted': ['数值可疑,待复读', 'doubted, read again'],
  'quality-stale': ['陈旧', 'stale'],
  'quality-sensor-failed': ['传感器故障', 'sensor failed'],
  'quality-out-of-range': ['超量程', 'out of range'],
  'quality-saturated': ['饱和', 'saturated'],
  'quality-substituted': ['替代值', 'substituted'],
  'address-controller': ['{n}号机', 'controller {n}'],
  'address-loop': ['{n}回路', 'loop {n}'],
  'address-point': ['{n}点', 'point {n}'],
  'address-zone': ['{n}区', 'zone {n}'],
  'address-channel': ['{n}通道', 'channel {n}'],
  'address-device': ['{n}', '{n}'],
};

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
  const pair = Object.hasOwn(WORDS, word) ? WORDS[/** @type {keyof typeof WORDS} */ (word)] : undefined;
  return (pair?.[language === 'zh' ? 0 : 1] ?? word.replace(/^why-/, '')).replace('{n}', () => String(n));
}

/** @param {{ zh: string, en: string }} both */
export function inLanguage(both) {
  return both[language];
}

/** @typedef {Record<string, { zh: string, en: string }>} Names */
/** @type {any} */
let names = {};

/** @param {any} lists what the box calls things */
export function takeNames(lists) {
  names = lists;
}

/** @param {'kinds' | 'states' | 'quantities' | 'components'} list @param {string | number} key @returns {string} */
export function nameOf(list, key) {
  return names[list]?.[String(key)]?.[language] ?? String(key);
}

/** @param {string} kind @param {string} edge @returns {string} */
export function happeningOf(kind, edge) {
  return names.happenings?.[kind]?.[edge]?.[language] ?? `${kind} ${edge}`;
}

/** @param {string} quantity @returns {string} */
export function unitOf(quantity) {
  return names.units?.[quantity] ?? '';
}
