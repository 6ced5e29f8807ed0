import { asciiText } from '../codec/ascii.ts';
import { gbText } from '../codec/gb-text.ts';
import { toHex } from '../codec/hex.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import type { Words } from '../words.ts';
import { FROM_PANEL, orNull, packetsOnly, type Saying, says, spoken } from './saying.ts';

/** Printer ports have no life sign: silence says nothing about the link. */
export const NEVER_SILENT_MS = Number.POSITIVE_INFINITY;

/** What every printer port must tell the installer. */
export const PRINTER_NOTE: Words = {
  en: 'A printer port has no acknowledgement, no sequence and no checksum: what is lost is lost, and completeness cannot be claimed. Many panels drive the printer by a parallel port, which RS-232 cannot reach.',
  zh: '打印口无应答、无序号、无校验:丢失即丢失,不能保证完整。许多控制器用并口驱动打印机,RS-232 无法接入。',
};

/**
 * Cuts a printer's text: a block is what the pattern says from its first byte on, one character a byte. A start that has not
 * become a block within `maxBytes` is none.
 */
export function printedCut(first: readonly number[], pattern: RegExp, maxBytes: number): CutRule {
  const anchored = new RegExp(`^(?:${pattern.source})`, pattern.flags);
  return {
    maxBytes,
    measure(bytes, from, to) {
      if (!first.includes(bytes[from]!)) return NO_START;
      const held = Math.min(to, from + maxBytes);
      const found = anchored.exec(asciiText(bytes.subarray(from, held)));
      if (found) return found[0].length;
      return held - from < maxBytes ? 'more' : { why: 'length', claimedBytes: 1 };
    },
  };
}

/** Commands of the printers in the field: their first bytes, and how many argument bytes follow. */
const COMMANDS: ReadonlyArray<readonly [first: readonly number[], argumentBytes: number]> = [
  [[0x1b, 0x40], 0],
  [[0x1b, 0x38], 1],
  [[0x1b, 0x31], 1],
  [[0x1b, 0x36], 0],
  [[0x1b, 0x39], 0],
  [[0x1b, 0x4a], 1],
  [[0x1b, 0x63, 0x00], 0],
  [[0x1b, 0x66, 0x00], 1],
  [[0x1c, 0x26], 0],
  [[0x1c, 0x2e], 0],
  [[0x1c, 0x69, 0x00], 0],
  [[0x1c, 0x76, 0x00], 0],
];
const LINE_FEED = 0x0a;

/** The bytes of printed text without the printer's own commands, runs of line feeds as one. */
export function withoutCommands(bytes: Uint8Array): Uint8Array {
  const text: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const command = COMMANDS.find(([first]) => first.every((byte, index) => bytes[at + index] === byte));
    if (command) at += command[0].length + command[1] - 1;
    else if (bytes[at] !== LINE_FEED || text.at(-1) !== LINE_FEED) text.push(bytes[at]!);
  }
  return Uint8Array.from(text);
}

/** Printed text for a field: the text where the bytes are GB 18030, otherwise null, and the bytes in any case. */
export function printedText(bytes: Uint8Array): { text: string | null; textHex: string } {
  return { text: gbText(bytes)?.trim() ?? null, textHex: toHex(bytes) };
}

/** Event words of printed texts, the longer before the shorter that they contain. */
const WORDS: ReadonlyArray<readonly [RegExp, Saying]> = [
  [/主电.{0,4}(恢复|正常)/, says('power-restored', 'mains restored', '主电恢复', 'main')],
  [/备电.{0,4}(恢复|正常)/, says('power-restored', 'battery restored', '备电恢复', 'backup')],
  [/主电.{0,2}故障/, says('power-fault', 'mains fault', '主电故障', 'main')],
  [/备电.{0,2}故障/, says('power-fault', 'battery fault', '备电故障', 'backup')],
  [/通[信讯]故障恢复|通[信讯]恢复/, says('fault-restored', 'communication restored', '通信故障恢复', 'communication')],
  [/通[信讯]故障/, says('fault', 'communication fault', '通信故障', 'communication')],
  [/输出线故障恢复/, says('fault-restored', 'output line restored', '输出线故障恢复', 'output-line')],
  [/输出线故障/, says('fault', 'output line fault', '输出线故障', 'output-line')],
  [/故障(恢复|消除|解除|清除)|恢复正常/, says('fault-restored', 'fault restored', '故障恢复')],
  [/(屏蔽|隔离).{0,4}(解除|释放|恢复|清除)|(解除|取消)(屏蔽|隔离)/, says('unshield', 'released', '屏蔽解除')],
  [/屏蔽|隔离/, says('shield', 'isolated', '屏蔽')],
  [/预(报警|警).{0,3}(解除|清除|恢复)/, says('restored', 'pre-alarm cleared', '预警解除', 'prealarm')],
  [/预(报警|警)/, says('prealarm', 'pre-alarm', '预警')],
  [/监管.{0,3}(解除|清除|恢复)/, says('restored', 'supervisory cleared', '监管解除', 'supervisory')],
  [/监管/, says('supervisory', 'supervisory', '监管')],
  [/反馈.{0,3}(撤销|消失|恢复|停止)|回答撤销|动作(恢复|撤销)/, says('feedback-ended', 'feedback withdrawn', '反馈撤销')],
  [/反馈|回答|动作/, says('feedback', 'feedback', '反馈')],
  [/停止|停动|启动(恢复|撤销)/, says('stop', 'stopped', '停止')],
  [/请求/, says('operation', 'linkage request', '请求', 'linkage-request')],
  [/启动/, says('start', 'started', '启动')],
  [/火警(恢复|解除|消除)/, says('restored', 'fire over', '火警恢复')],
  [/(燃气|可燃气|气体).{0,4}报警/, says('supervisory', 'gas alarm', '可燃气体报警', 'gas-alarm')],
  [/(漏电|剩余电流|电气|超温|过流|电弧).{0,4}报警/, says('supervisory', 'electrical alarm', '电气火灾报警', 'electrical')],
  [/火警|火灾报警|报警/, says('fire', 'fire', '火警')],
  [/故障|断线|断路|开路|短路|丢失|欠压|掉线/, says('fault', 'fault', '故障')],
  [/复位/, says('reset', 'reset', '复位')],
  [/消[音声]|静音/, says('silence', 'silenced', '消音')],
  [/自检|测试/, says('test', 'test', '测试')],
  [/恢复/, says('fault-restored', 'restored', '恢复', 'restored')],
];

/** What a printed Chinese event word says. */
export function wordSaying(text: string): Saying | undefined {
  return WORDS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The Chinese word by which a printer says something. */
export function printedWord(what: string, detail?: string): string | null {
  const rows = WORDS.filter(([, saying]) => saying.what === what);
  return (
    (rows.find(([, saying]) => saying.detail === detail) ?? rows.find(([, saying]) => saying.detail === undefined) ?? rows[0])?.[1].zh ??
    null
  );
}

/** Characters one byte each, back to bytes. */
export const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** First bytes of GBK characters. */
export const GBK_FIRST: readonly number[] = Array.from({ length: 0xfe - 0x81 + 1 }, (_, index) => 0x81 + index);

/** What a printed block says. */
export interface Printed {
  readonly saying: Saying | undefined;
  readonly address: Observation['address'];
  readonly deviceTime?: string | null;
  readonly text?: string | null;
  readonly fields?: Record<string, unknown>;
}

/** A printed block read, with its bytes beside it: fonts of the printer's own do not decode. */
export function told(packet: Uint8Array, { saying, address, deviceTime, text, fields }: Printed): Decoded {
  const said = spoken(saying);
  const time = deviceTime === undefined ? {} : { deviceTime };
  return {
    fields: { ...FROM_PANEL, eventName: saying?.en ?? null, ...address, ...time, text: text ?? null, ...fields, raw: toHex(packet) },
    observations: said ? [{ ...said, address, ...time, ...(text ? { text } : {}) }] : [],
    remarks: saying ? [] : ['no known event word: kept raw'],
  };
}

/** MMMLLAAA: machine, loop, address. */
export function placeOf(digits: string): Observation['address'] {
  return { controller: Number(digits.slice(0, 3)), loop: Number(digits.slice(3, 5)), point: Number(digits.slice(5)) };
}

/** The same, written; null where a number has too many digits. */
export function placeDigits({ controller = 1, loop = 1, point = 1 }: Observation['address']): string | null {
  const digits = String(controller).padStart(3, '0') + String(loop).padStart(2, '0') + String(point).padStart(3, '0');
  return digits.length === 8 ? digits : null;
}

type Card = Pick<TalkingFamily, 'name' | 'title' | 'line' | 'cut' | 'decode'> & Pick<Partial<TalkingFamily>, 'notes'>;

/** A printer port of which one implementation is all there is. */
export function printer(card: Card, say: (stimulus: Stimulus) => Uint8Array | null): TalkingFamily {
  return {
    shape: 'talks',
    version: 1,
    tier: 3,
    basis: 'one implementation; no sample',
    ...card,
    notes: [PRINTER_NOTE, ...(card.notes ?? [])],
    decode: packetsOnly(card.cut, card.decode),
    emits: [],
    neverSent: [],
    gapMs: 1000,
    silenceMs: NEVER_SILENT_MS,
    play: { say: (stimulus) => orNull(() => say(stimulus)) },
  };
}
