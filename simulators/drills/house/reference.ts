import { COLLECTOR_SCHEMA } from '@fengsui/collector/src/config-schema.ts';
import { FAILURES as COLLECTOR_FAILURES } from '@fengsui/collector/src/failures.ts';
import { GATEWAY_SCHEMA } from '@fengsui/gateway/src/config-schema.ts';
import { FAILURES as GATEWAY_FAILURES } from '@fengsui/gateway/src/failures.ts';
import { METRICS } from '@fengsui/gateway/src/metrics-table.ts';
import type { FailureRow, Family, PolledFamily, RegisterPoint, Words } from '@fengsui/protocol';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { FAMILIES, isExperimental } from '@fengsui/protocol/families';
import { type Schema, settings } from './settings-table.ts';

/** One line of a cell, without what would break a table. */
function cell(value: unknown): string {
  return String(value).replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
}

function table(head: readonly string[], rows: ReadonlyArray<readonly unknown[]>): string {
  const line = (cells: readonly unknown[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const both = ({ en, zh }: Words) => `${en} · ${zh}`;

function lineOf(family: Family): string {
  if (family.shape === 'publishes') return family.carrier === 'coap' ? 'CoAP' : 'HTTP';
  const { baudRate, dataBits, parity, stopBits } = family.line;
  return `${baudRate} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
}

function families(): string {
  const rows = [...FAMILIES.values()].map((family) => {
    const notes = (family.notes ?? []).map(both).join('<br>');
    const tier = isExperimental(family) ? `${family.tier} · experimental 实验` : family.tier;
    return [`\`${family.name}\``, both(family.title), family.shape, tier, lineOf(family), family.basis, notes];
  });
  return table(['family', 'title · 名称', 'shape', 'tier', 'line', 'basis', 'notes · 说明'], rows);
}

/** Fourth tier: devices that people ask for and that nobody could read honestly. */
const NOT_BUILT: ReadonlyArray<readonly [device: Words, why: Words]> = [
  [
    { en: 'FSCN8001, frames of its own (68 … 16)', zh: 'FSCN8001 私有帧(68 … 16)' },
    {
      en: 'the only published code contradicts its own logs, which hold GB/T 26875.3 frames: use `fs5101w` or `gb26875`',
      zh: '唯一公开代码与其日志矛盾,日志实为 GB/T 26875.3 帧:请用 `fs5101w` 或 `gb26875`',
    },
  ],
  [
    { en: 'GST transmitter, digit protocol (0D 0B 0C)', zh: '海湾传输装置数字协议(0D 0B 0C)' },
    { en: 'the meaning of its codes is not settled: use its GB/T 26875.3', zh: '代码含义未定:请用其 GB/T 26875.3 接口' },
  ],
  [
    {
      en: 'Siemens FC720R, Notifier NFS2-640/320/NCA printer, Bosch, EST, Hochiki',
      zh: '西门子 FC720R,诺蒂菲尔 NFS2-640/320/NCA 打印口,博世,EST,豪驰',
    },
    { en: 'no usable document, capture or implementation', zh: '无可用文档、抓包或实现' },
  ],
  [
    { en: 'Songjiang 3102A, Lantian 5LI', zh: '松江 3102A,蓝天 5LI' },
    { en: 'only the line setting is known (9600 8N1), no layout', zh: '仅知串口参数(9600 8N1),无报文格式' },
  ],
  [
    { en: 'ARCM300, register map', zh: 'ARCM300 寄存器表' },
    { en: 'the map is not known: give the site’s own to `modbus-basic`', zh: '寄存器表未知:以现场表配置 `modbus-basic`' },
  ],
  [
    { en: 'Jade Bird behind a Modbus gateway', zh: 'Modbus 网关后的青鸟控制器' },
    { en: 'its numbering is a rumour: use `jbf-193k` or `jbf-native`', zh: '编号规则无依据:请用 `jbf-193k` 或 `jbf-native`' },
  ],
  [
    { en: 'smoke-exhaust fan cabinets and gas-suppression panels, as protocols', zh: '排烟风机控制柜、气体灭火控制器(作为协议)' },
    {
      en: 'no map is known: `modbus-basic` with the site’s registers, dry contacts, or the panel’s own events',
      zh: '无通用寄存器表:用 `modbus-basic` 加现场表、干接点,或控制器自身事件',
    },
  ],
];

function notBuilt(): string {
  return table(
    ['device · 设备', 'why, and what to use instead · 原因与替代'],
    NOT_BUILT.map(([device, why]) => [both(device), both(why)]),
  );
}

function clouds(): string {
  const rows = [...CLOUDS.values()].map(({ name, title, family, proves, encrypts, notes }) => {
    const proof = proves === 'token' ? 'secret path, signature · 保密路径、签名' : 'secret path · 保密路径';
    return [`\`${name}\``, both(title), `\`${family.name}\``, proof, encrypts ? 'optional' : 'no', notes.map(both).join('<br>')];
  });
  return table(['cloud', 'title · 名称', 'family', 'proof · 校验', 'encrypts', 'notes · 说明'], rows);
}

/** `contact-3` → `contact-`: what numbered points share. Names without a number share nothing. */
function stem(point: RegisterPoint): string {
  return /^(.*\D)?\d+$/.exec(point.name)?.[1] ?? point.name;
}

/** Neighbours that differ by their number only are one row: 2,400 points of a panel are no reading matter. */
function pointRows(family: PolledFamily): string[][] {
  const runs: RegisterPoint[][] = [];
  for (const point of family.points) {
    const run = runs.at(-1);
    if (run?.[0] && run[0].name !== point.name && stem(run[0]) === stem(point) && run[0].quantity === point.quantity) run.push(point);
    else runs.push([point]);
  }
  return runs.map((run) => {
    const [first, last] = [run[0]!, run.at(-1)!];
    const names = first === last ? `\`${first.name}\`` : `\`${first.name}\` … \`${last.name}\` (${run.length})`;
    return [`\`${family.name}\``, names, both(first.title), first.quantity ?? ''];
  });
}

function points(): string {
  const rows = [...FAMILIES.values()].flatMap((family) => (family.shape === 'polled' ? pointRows(family) : []));
  return table(['family', 'register', 'title · 名称', 'quantity'], rows);
}

function failures(rows: Readonly<Record<string, FailureRow>>): string {
  return table(
    ['code', 'what · 含义', 'tried again', 'remedy'],
    Object.entries(rows).map(([code, row]) => [`\`${code}\``, both(row), row.retry, row.remedy]),
  );
}

function configuration(schema: Schema): string {
  return table(
    ['setting', 'value', 'default'],
    settings(schema).map(({ path, value, standard }) => [`\`${path}\``, value, standard]),
  );
}

function metrics(): string {
  const rows = METRICS.map(({ name, type, help }) => [`\`${name}\``, type, help]);
  return table(['metric', 'type', 'meaning'], rows);
}

/** The reference page, whole. */
export function reference(): string {
  return `<!-- Made by \`npm run generate\` from the code; do not edit. -->
# Reference · 参考

## Device families · 设备族

Tier 1 has real sample packets. Tier 2 is documented without one, tier 3 rests on one implementation or on samples whose meaning is not
settled: both are experimental, the log says so at every start, and every kind of alarm has to be tested on site.
一级有真实样本报文。二级有文档而无样本,三级仅有一种实现或样本含义未定:二、三级均为实验性支持,每次启动在日志中标明,须现场逐类测试报警。

${families()}

### What is not built, and why · 未支持的设备及原因

${notBuilt()}

## Operator clouds · 运营商云

${clouds()}

## Register points of polled families · 轮询设备的寄存器点

${points()}

## Configuration of the gateway · 网关配置

Paths count from the folder of the YAML file. A setting with neither a default nor the word *optional* has to be given.

${configuration(GATEWAY_SCHEMA as unknown as Schema)}

## Configuration of the collector · 采集端配置

${configuration(COLLECTOR_SCHEMA as unknown as Schema)}

## Failures of the gateway · 网关失败代码

${failures(GATEWAY_FAILURES)}

## Failures of the collector · 采集端失败代码

${failures(COLLECTOR_FAILURES)}

## Metrics of the gateway · 网关指标

\`GET /metrics\` on the address of \`status\`, in the text format of Prometheus.

${metrics()}
`;
}
