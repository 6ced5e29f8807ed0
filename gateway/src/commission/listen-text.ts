import { type DeviceAddress, EVENT_KINDS, MEANINGS, type Observation } from '@fengsui/protocol';
import { type Ink, padded, printable, REASONS } from './explain.ts';
import type { HeardView, Tally } from './listen.ts';
import type { View } from './views.ts';

const BYTES_A_ROW = 16;
const HEX_COLUMNS = BYTES_A_ROW * 3 + 1;
const TIME_COLUMNS = 14;

/** Time of day with milliseconds, in the zone of this machine. */
function timeOfDay(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const PARTS = { controller: '控制器', loop: '回路', point: '点', zone: '区', channel: '通道', device: '设备' } as const;

/** `控制器1 回路1 点2` */
export function showAddress(address: DeviceAddress): string {
  const parts = Object.entries(PARTS).flatMap(([key, zh]) => {
    const value = address[key as keyof DeviceAddress];
    return value === undefined ? [] : [`${zh}${value}`];
  });
  return parts.join(' ');
}

const EDGES = { began: '', ended: '解除', still: '持续', momentary: '' } as const;

/** An observation in one line of two languages. */
export function showObservation({ what, address, detail, text, value, deviceTime }: Observation): string {
  const { kind, edge } = MEANINGS[what];
  const said = `${EVENT_KINDS[kind].zh}${EDGES[edge]} ${what}`;
  const more = [showAddress(address), detail, text, value === undefined ? undefined : String(value), deviceTime ?? undefined];
  return printable([said, ...more.filter((part) => part !== undefined && part !== '')].join('  '));
}

function besides(view: View, ink: Ink): string[] {
  if (view['kind'] === 'noise') return [ink.bad(`噪声 noise · ${REASONS[String(view['why'])] ?? view['why']}`)];
  if (view['kind'] === 'bytes') {
    const names = view['looksLike'] as readonly string[] | undefined;
    return [names ? ink.good(`像 looks like ${names.join(', ')}`) : ink.faint('未识别 not recognised')];
  }
  const { observations, remarks = [], fromHost } = view as { observations: Observation[]; remarks?: string[]; fromHost?: true };
  const words = observations.map((observation) => ink.good(showObservation(observation)));
  if (fromHost) words.push(ink.faint('主机报文 from the host'));
  if (words.length === 0) words.push(ink.faint('报文 packet,无观测 says nothing of the site'));
  return [...words, ...remarks.map((remark) => ink.bad(`! ${printable(remark)}`))];
}

/** What was heard, hex on the left in rows of 16 bytes, its reading on the right. */
export function showHeard({ atMs, view, from }: HeardView, ink: Ink): string[] {
  const bytes = String(view['hex']).match(/../g) ?? [];
  const rows = Array.from({ length: Math.ceil(bytes.length / BYTES_A_ROW) }, (_, row) =>
    bytes.slice(row * BYTES_A_ROW, (row + 1) * BYTES_A_ROW).join(' '),
  );
  const right = [...(from === undefined ? [] : [ink.faint(`来自 from ${from}`)]), ...besides(view, ink)];
  return Array.from({ length: Math.max(rows.length, right.length) }, (_, row) => {
    const time = row === 0 ? timeOfDay(atMs) : '';
    return `${ink.faint(padded(time, TIME_COLUMNS))}${padded(rows[row] ?? '', HEX_COLUMNS)}${right[row] ?? ''}`.trimEnd();
  });
}

/** The counters at the end. */
export function showTally({ bytes, packets, noiseBytes, noise, said }: Tally, bytesOut: number): string[] {
  const words = Object.entries(said).map(([what, times]) => `${what} ×${times}`);
  const reasons = Object.entries(noise).map(([why, times]) => `${REASONS[why] ?? why} ×${times}`);
  return [
    `收到 received ${bytes} B · 报文 packets ${packets} · 噪声 noise ${noiseBytes} B${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`,
    ...(words.length > 0 ? [`观测 said: ${words.join(', ')}`] : []),
    `发出 written ${bytesOut} B`,
  ];
}
