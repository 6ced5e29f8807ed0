import { QUANTITIES } from '@fengsui/protocol';
import { type Ink, padded } from './explain.ts';
import type { Fit, FoundUnit } from './scan-modbus.ts';

const FUNCTION_WORDS = {
  1: '线圈 coils',
  2: '离散输入 discrete inputs',
  3: '保持寄存器 holding registers',
  4: '输入寄存器 input registers',
} as const;

/** Families shown for one unit: the best few; more is guessing. */
const FITS_SHOWN = 3;

function registerLines(registers: ReadonlyMap<number, number>, fn: number): string[] {
  if (fn <= 2) return [`    ${[...registers].map(([register, value]) => `${register}:${value}`).join(' ')}`];
  return [...registers].map(([register, value]) => {
    const hex = value.toString(16).padStart(4, '0');
    return `    ${padded(String(register), 7)}${padded(hex, 7)}${padded(String(value), 8)}${value > 0x7fff ? value - 0x10000 : ''}`.trimEnd();
  });
}

function fitLine({ family, points }: Fit, ink: Ink): string {
  const values = points.slice(0, 6).map(({ point, value }) => {
    const unit = point.quantity ? QUANTITIES[point.quantity].unit : '';
    return `${point.name}=${value}${unit}`;
  });
  return `  ${ink.good(padded(`像 could be ${family.name}`, 34))}${points.length}/${family.points.length} 点 points: ${values.join(' ')}`;
}

/** A unit that answered: its registers by function, the families it may be, and the YAML of the first of them. */
export function showUnit(found: FoundUnit, fits: readonly Fit[], ink: Ink): string[] {
  const tables = [...found.values].flatMap(([fn, registers]) => [
    `  ${FUNCTION_WORDS[fn]} (功能码 function ${fn})`,
    ...registerLines(registers, fn),
  ]);
  const none = tables.length === 0 ? ['  在线,但此范围内无寄存器 there, but none of these registers: try another --registers'] : [];
  const isQuiet =
    tables.length > 0 && [...found.values.values()].every((registers) => [...registers.values()].every((value) => value === 0));
  const quiet = isQuiet
    ? ['  全部为 0,看不出是什么设备:核对铭牌与寄存器表 all are 0, which tells nothing of the device: go by its plate and its register map']
    : [];
  const [best] = fits;
  const yaml = best
    ? [
        `      - name: unit-${found.unit}`,
        `        family: ${best.family.name}`,
        `        unit: ${found.unit}`,
        '        points:',
        ...best.points.slice(0, 16).map(({ point }) => `          - { register: ${point.name} }   # ${point.title.zh} ${point.title.en}`),
      ]
    : [];
  return [
    ink.strong(`单元 unit ${found.unit}`),
    ...tables,
    ...none,
    ...quiet,
    ...fits.slice(0, FITS_SHOWN).map((fit) => fitLine(fit, ink)),
    ...yaml,
  ];
}
