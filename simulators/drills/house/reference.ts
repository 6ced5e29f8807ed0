import { COLLECTOR_SCHEMA } from '@fengsui/collector/src/config-schema.ts';
import { FAILURES as COLLECTOR_FAILURES } from '@fengsui/collector/src/failures.ts';
import { GATEWAY_SCHEMA } from '@fengsui/gateway/src/config-schema.ts';
import { FAILURES as GATEWAY_FAILURES } from '@fengsui/gateway/src/failures.ts';
import { METRICS } from '@fengsui/gateway/src/metrics-table.ts';
import type { FailureRow, Family, PolledFamily, RegisterPoint, Words } from '@fengsui/protocol';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { FAMILIES } from '@fengsui/protocol/families';
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
    return [`\`${family.name}\``, both(family.title), family.shape, family.tier, lineOf(family), family.basis, notes];
  });
  return table(['family', 'title · 名称', 'shape', 'tier', 'line', 'basis', 'notes · 说明'], rows);
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

Tier 1 has real sample packets, tier 2 is documented without one, tier 3 is experimental.
一级有真实样本报文;二级有文档而无样本;三级为试验。

${families()}

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
