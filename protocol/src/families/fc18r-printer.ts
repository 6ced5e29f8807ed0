import { gbBytes } from '../codec/gb-text.ts';
import { showTime, timeParts } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { NEVER_SILENT_MS, PRINTER_NOTE, printedCut, printedText, printedWord, wordSaying } from './printer.ts';
import { FROM_PANEL, orNull, packetsOnly, spoken, undecodable } from './saying.ts';

/** Perhaps four bytes of printer commands; date and time, description (it can be empty), address, running number and event word: four lines. */
const BLOCK =
  /(?:[^\n ]{4})? (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) *\r?\n\r?([^\n]{0,80}?)\r?\n\r? *(\d\d)\.(\d{3})\.([0-9a-fA-F]{7,8}) *\r?\n\r?\+(\d{3,5}) ([^\n]{1,60}?)\r?\n/;
const cut = printedCut([0x20, 0x1b], BLOCK, 240);
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function decode(packet: Uint8Array): Decoded {
  const found = BLOCK.exec(Array.from(packet, (byte) => String.fromCharCode(byte)).join(''))!;
  const [year, month, day, hour, minute, second, described, first, group, id, running, word] = found.slice(1) as string[];
  const description = printedText(latin(described!));
  const event = printedText(latin(word!));
  const saying = event.text === null ? undefined : wordSaying(event.text);
  const said = spoken(saying);
  const printed = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const deviceTime = showTime(timeParts(printed));
  const address = { controller: Number(first), loop: Number(group), point: Number.parseInt(id!, 16) };
  const text = description.text ? { text: description.text } : {};
  return {
    fields: {
      ...{ ...FROM_PANEL, encoding: 'GBK', deviceTime, description: description.text, descriptionHex: description.textHex },
      ...{ address: `${first}.${group}.${id}`, running: Number(running), eventText: event.text, eventHex: event.textHex },
      ...(deviceTime === null ? { deviceTimeRaw: printed } : {}),
    },
    observations: said
      ? [{ ...said, address, deviceTime, ...text, textHex: description.textHex }]
      : [{ ...undecodable(packet, address), deviceTime, ...(event.text ? { text: event.text } : {}) }],
    remarks: saying ? [] : ['unknown event word: kept raw'],
  };
}

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  const word = printedWord(what, detail);
  const { controller = 1, loop = 1, point = 1 } = address;
  const place = [String(controller).padStart(2, '0'), String(loop).padStart(3, '0'), point.toString(16).padStart(8, '0')].join('.');
  if (word === null || place.length !== 15) return null;
  return gbBytes(` ${deviceTime.replace('T', ' ')}\n 模拟设备\n ${place}\n+001 ${word}\n`);
}

/** Siemens FC18R printer port. */
export const FC18R_PRINTER: TalkingFamily = {
  shape: 'talks',
  name: 'fc18r-printer',
  version: 1,
  title: { en: 'Siemens FC18R printer port', zh: '西门子 FC18R 打印口' },
  tier: 3,
  basis: 'text saved on site, not byte-exact',
  notes: [PRINTER_NOTE],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  emits: [],
  neverSent: [],
  gapMs: 2000,
  silenceMs: NEVER_SILENT_MS,
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
