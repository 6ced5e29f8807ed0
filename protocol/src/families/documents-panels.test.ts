import { describe, expect, it } from 'vitest';
import { asciiBytes } from '../codec/ascii.ts';
import { crc8Maxim, crc16Genibus, crc16Modbus, crc16Xmodem, sum8, sum16 } from '../codec/checksums.ts';
import { gbBytes } from '../codec/gb-text.ts';
import { fromHex, hex } from '../codec/hex.ts';
import { cutAll } from '../codec/packets.ts';
import type { Decoded, TalkingFamily } from '../family.ts';
import { FAMILIES } from './register.ts';

/** What the documents say beyond the sample packets: codes, tables and rules, each with a packet built by the rule itself. */

const byte = (value: number) => value.toString(16).padStart(2, '0');
const bytesOf = (text: string) => fromHex(text)!;

function decoded(name: string, packet: Uint8Array): Decoded {
  const family = FAMILIES.get(name) as TalkingFamily;
  const cuts = cutAll(family.cut, packet);
  expect(cuts.map(({ kind }) => kind)).toEqual(['packet']);
  return family.decode(cuts[0]!.bytes);
}

/** A Jade Bird card's packet from its data bytes, the sum by the rule. */
function jbf(data: string, more = ''): Uint8Array {
  const first = bytesOf(data);
  const nibbles = (bytes: Uint8Array) => [...bytes].flatMap((value) => [0x30 | (value >> 4), 0x30 | (value & 15)]);
  const body = [0x82, ...nibbles(Uint8Array.of(...first, sum8(first))), ...nibbles(bytesOf(more))];
  const tail = more === '' ? [] : nibbles(Uint8Array.of(crc8Maxim(Uint8Array.from(body), 0, 16)));
  return Uint8Array.from([...body, ...tail, 0x83]);
}
const AT_NOON = '1a 03 09 0c 22 38';

function crt500(head: string, body: string): Uint8Array {
  const inner = bytesOf(body);
  const sum = sum8(inner);
  return Uint8Array.from([...hex(head), ...inner, sum === 0xbb ? 0xb5 : sum, 0xbb]);
}

function jb3208(code: number, body: string): Uint8Array {
  const data = bytesOf(body);
  const inner = Uint8Array.of(1, code, data.length & 0xff, data.length >> 8, ...data);
  const crc = crc16Modbus(inner);
  return Uint8Array.of(0xfe, ...inner, crc & 0xff, crc >> 8, 0xff);
}
const object3208 = (place: string, text = 'ff'.repeat(20)) => `01 00 ${place} 26 03 09 12 34 ${text}`;

function fs5101w(body: string): Uint8Array {
  const inner = bytesOf(body);
  const packet = Uint8Array.of(1, inner.length, ...inner);
  const crc = crc16Xmodem(packet);
  return Uint8Array.of(0xf0, ...packet, crc >> 8, crc & 0xff);
}
const event5101 = (attribute: string, info: string, state: string, place = '01 02 03 04 05 06 00 07') =>
  fs5101w(`a5 ${attribute} ${info} ${state} 00 01 ${AT_NOON} ${place}`);

function simplex(line: string): Uint8Array {
  const inner = Uint8Array.of(0x30, 0x1e, ...asciiBytes(`123456-2090326 ${line} \r\n`));
  const check = ~inner.reduce((sum, value) => sum + value, 0) & 0xfff;
  return Uint8Array.of(0x1c, ...inner, 0x17, 0x40 + (check >> 6), 0x40 + (check & 0x3f));
}

function oxx20(tag: string, digits: string): Uint8Array {
  const signed = asciiBytes(`@${tag}9${digits}`);
  const crc = crc16Genibus(signed);
  return Uint8Array.of(...signed, ...asciiBytes([crc >> 8, crc & 255].map((part) => String(part).padStart(3, '0')).join('')), 0x23);
}

function native(cmd: string, sub: string, place: string, time = '14 1a 03 09 0c 22'): Uint8Array {
  const inner = bytesOf(`${cmd} 01 01 6e 00 13 ${sub} 00 ${place} ${time} 00 0000000000000000`);
  const sum = sum16(inner);
  return Uint8Array.of(0xff, 0xff, 0xff, ...inner, sum >> 8, sum & 0xff);
}

function aaBus(head: string, text: string): Uint8Array {
  const first = bytesOf(`aa ${head}`);
  const body = Uint8Array.of(...first, sum8(first), ...bytesOf(text));
  return Uint8Array.of(...body, sum8(body));
}
const BLANKS = '0001 0020 0020 0020 0020 0020 0020 0020';

const v3818 = (body: string) => hex(`66f0 ${body} fd`);

function ei2000(command: string, count: number, data: string): Uint8Array {
  const inner = bytesOf(`0000 0000 00 10 ${command} ${byte(count)} ${data}`);
  return Uint8Array.of(0x68, inner.length, inner.length, 0x68, ...inner, sum8(inner), 0x16);
}

function ft8003(data: string): Uint8Array {
  const bytes = bytesOf(data);
  const xor = bytes.reduce((sum, value) => sum ^ value, 0);
  return Uint8Array.of(0xaa, 0x55, 0xdf, xor, sum8(bytes), bytes.length, ...bytes);
}

function crt200(body: string): Uint8Array {
  const bytes = bytesOf(body);
  return Uint8Array.of(...bytes, sum8(bytes));
}

function tx3016a(unit: string): Uint8Array {
  const data = bytesOf(unit);
  const inner = bytesOf(
    `0100 0101 382209031a00 000000000000 000000000000 ${byte(data.length & 0xff)}${byte(data.length >> 8)} 02`.replace('1a00', '031a'),
  );
  const body = Uint8Array.of(...inner, ...data);
  return Uint8Array.of(0x40, 0x40, ...body, sum8(body), 0x23, 0x23);
}

/** `null`: nobody can read it, so it is shown with its bytes. */
type Row = readonly [what: string, packet: Uint8Array, observation: object | null, fields?: object];

const PANELS: Readonly<Record<string, readonly Row[]>> = {
  'jbf-193k': [
    [
      'an isolation, by the later documents',
      jbf(`98 01 02 03 05 ${AT_NOON}`),
      { what: 'shield', address: { controller: 1, loop: 2, point: 3 } },
    ],
    [
      'mains, battery and board by the loop byte',
      jbf(`71 01 80 00 00 ${AT_NOON}`),
      { what: 'power-fault', detail: 'main', address: { controller: 1 } },
    ],
    ['battery restored', jbf(`72 01 90 00 00 ${AT_NOON}`), { what: 'power-restored', detail: 'backup' }],
    ['a board by its number', jbf(`70 01 80 07 00 ${AT_NOON}`), { what: 'fault', detail: 'board', address: { controller: 1, point: 7 } }],
    [
      'a simulated alarm names the point before',
      jbf(`8b 01 02 03 05 ${AT_NOON}`),
      { what: 'test', address: { controller: 1, loop: 2, point: 4 } },
    ],
    ['a multi-wire panel', jbf(`58 01 f2 0b 00 ${AT_NOON}`), { what: 'fault', detail: 'multi-wire-answer-missing' }, { panel: 2, line: 3 }],
    ['a loop fault', jbf(`87 01 02 00 00 ${AT_NOON}`), { what: 'fault', detail: 'loop', address: { controller: 1, loop: 2 } }],
    [
      'a fire door left open',
      jbf(`fb 01 02 03 83 ${AT_NOON}`),
      { what: 'feedback', componentType: 102 },
      { doorType: 'double normally open' },
    ],
    [
      'an electrical alarm without a value',
      jbf(`fc 01 02 03 12 ${AT_NOON}`),
      { what: 'supervisory', detail: 'residual-current-high', componentType: 17 },
    ],
    [
      '31.2 mA of residual current',
      jbf(`fc 01 02 03 ff ${AT_NOON}`, '12 04 38 01'),
      { value: 31.2, quantity: 'residual-current' },
      { valueMa: 31.2, channel: 4, crc8Ok: true },
    ],
    ['12.5 °C below zero', jbf(`fc 01 02 03 ff ${AT_NOON}`, '13 00 7d 80'), { value: -12.5, quantity: 'temperature' }],
    ['a released detector', jbf(`fc 01 02 03 92 ${AT_NOON}`), { what: 'unshield' }],
    ['an unknown command stays raw', jbf(`40 01 02 03 05 ${AT_NOON}`), null, { command: '40' }],
  ],
  'gst-crt500': [
    ['a flow indicator is supervisory', crt500('0ddd', '003219 30 01'), { what: 'supervisory', detail: 'flow', address: { point: 3219 } }],
    [
      'gas is supervisory',
      crt500('fddd', '003219 69 01'),
      { what: 'supervisory', detail: 'gas-alarm', componentType: 10 },
      { resend: true },
    ],
    ['any other type feeds back', crt500('0ddd', '003219 19 01'), { what: 'feedback', componentType: 111 }],
    ['a detector back to normal', crt500('0ddd', '001004 03 00'), { what: 'restored' }],
    ['equipment stopped', crt500('0ddd', '001004 19 00'), { what: 'stop' }],
    [
      'a leakage alarm with its current',
      crt500('0999', '001004 89 01 2c'),
      { what: 'supervisory', detail: 'residual-current-high', value: 44 },
      { current: 44 },
    ],
    ['an isolation', crt500('0eee', '001006 03 01'), { what: 'shield' }],
    ['a sum that would look like the end', crt500('0ddd', '000000 00 bb'), null, { state: 0xbb }],
    ['a test alarm', crt500('fccc', '001004 03 01'), { what: 'test' }],
    ['a power loss', crt500('fbbb', '001004 03 05'), { what: 'power-fault', detail: 'power-loss' }],
    ['a power loss is no fire, whatever its state byte', crt500('fbbb', '001004 03 01'), { what: 'power-fault', detail: 'power-loss' }],
    ['power that is back', crt500('fbbb', '001004 03 50'), { what: 'power-restored' }],
    ['a flow indicator back to normal', crt500('0ddd', '003219 30 00'), { what: 'restored', detail: 'supervisory' }],
    ['a leakage that is over', crt500('f999', '001004 89 00 03'), { what: 'restored', detail: 'supervisory', value: 3 }],
    ['a start whose type is not BCD', crt500('0ddd', '001004 0f 02'), { what: 'start' }],
    ['a sensor fault', crt500('feee', '001004 03 40'), { what: 'fault', detail: 'sensor' }, { resend: true }],
    ['a sensor fault restored', crt500('0ddd', '001004 03 30'), { what: 'fault-restored', detail: 'sensor' }],
    ['a released point', crt500('0eee', '001006 03 10'), { what: 'unshield' }],
    ['a delay', crt500('0eee', '001006 19 03'), { what: 'delay' }],
    ['a status of nothing', crt500('cbcb', '00'), { what: 'link' }],
    ['a status of an unknown supply', crt500('cbcb', '07'), null],
    ['a code that is not BCD gives no point', crt500('0ddd', '0a1004 03 01'), { what: 'fire', address: {} }, { code: '0A1004' }],
    ['an alarm of a type that is not BCD is shown, not read', crt500('0ddd', '001004 0f 01'), null, { deviceType: '0F' }],
    ['silence', hex('faab bb'), { what: 'silence' }],
    ['the controller loses its mains in automatic', crt500('cbcb', 'a1'), { what: 'power-fault', detail: 'main' }, { sprayAllowed: true }],
    ['the controller is manual', crt500('fbcb', '40'), { what: 'manual' }],
  ],
  'gst-aa-bus': [
    ['gas is supervisory', aaBus('15 365089 45', BLANKS), { what: 'supervisory', componentType: 10 }],
    ['the battery by a fault of its own', aaBus('21 000000 84', BLANKS), { what: 'power-fault', detail: 'backup' }],
    ['the mains are back', aaBus('20 000000 82', BLANKS), { what: 'power-restored', detail: 'main' }],
    ['an isolated point', aaBus('de 365089 03', BLANKS), { what: 'shield' }],
    ['silence', aaBus('61 000000 00', BLANKS), { what: 'silence' }],
    ['the battery', aaBus('31 000000 84', BLANKS), { what: 'power-fault', detail: 'backup' }],
    [
      'pairs that are no characters stay raw',
      aaBus('15 365089 03', BLANKS.replace('0020', 'a1b2')),
      { what: 'fire', textHex: BLANKS.replace('0020', 'a1b2').replaceAll(' ', '') },
      { text: null },
    ],
    ['a text without a prefix', aaBus('15 365089 03', BLANKS.replace('0001', '5448')), { text: '中' }],
    ['an unknown state stays raw', aaBus('77 365089 03', BLANKS), null, { state: '77' }],
    ['a code that is not BCD gives no point', aaBus('15 3650ab 03', BLANKS), { what: 'fire', address: {} }],
  ],
  'jbf-native': [
    ['the mains', native('0b', '05', '0000'), { what: 'power-fault', detail: 'main', address: {} }],
    [
      'a start that nothing answered',
      native('0c', '89', '0102'),
      { what: 'fault', detail: 'start-unanswered', address: { loop: 1, point: 2 } },
    ],
    ['an unknown sub-command stays raw', native('0c', '77', '0102'), null, { sub: '77' }],
    [
      'an impossible clock',
      native('0a', '00', '0102', '14 1a 0d 09 0c 22'),
      { what: 'fire', deviceTime: null },
      { deviceTimeRaw: '141a0d090c22' },
    ],
  ],
  jb3208: [
    ['the mains', jb3208(111, object3208('01 4a 00 0000 00 08')), { what: 'power-fault', detail: 'main', address: { controller: 1 } }],
    ['a gas detector', jb3208(110, object3208('01 03 1e 0a00 0b 01')), { what: 'fire', componentType: 10 }],
    [
      'a discharge of gas-suppression unit 2',
      jb3208(112, object3208('01 c9 31 0000 37 05', `07${'ff'.repeat(19)}`)),
      { what: 'start', componentType: 81, detail: 'discharge started by local button' },
    ],
    ['a text in rows and columns', jb3208(110, object3208('01 03 1e 0a00 00 01', `3630${'ff'.repeat(18)}`)), { text: '中' }],
    ['an isolated point', jb3208(115, object3208('01 03 1e 0a00 00 03')), { what: 'shield' }],
    ['a multi-wire module', jb3208(112, object3208('01 00 05 0000 36 01')), { what: 'start', detail: 'multi-wire' }],
    ['a reserved event is shown, not read', jb3208(116, object3208('01 03 1e 0a00 00 01')), null],
    ['a patrol is a sign of life', jb3208(100, '64'), { what: 'link' }],
    ['totals are a sign of life and stay raw', jb3208(103, '01 02 03'), { what: 'link', detail: 'totals' }, { body: '010203' }],
  ],
  fs5101w: [
    [
      'a detector that is dirty',
      event5101('c2', '01', '13'),
      { what: 'fault', detail: 'dirty', address: { controller: 1, loop: 1, point: 2 } },
    ],
    ['a detector back to normal', event5101('c2', '01', '00'), { what: 'fault-restored' }],
    [
      'a loop by its building',
      event5101('c2', '03', '30', '00 00 05 00 00 00 00 00'),
      { what: 'fault', detail: 'loop-bus-short', address: { controller: 1, loop: 5 } },
    ],
    [
      'the mains restored',
      event5101('c2', '04', '0a'),
      { what: 'power-restored', detail: 'main', address: { controller: 1 } },
      { power: 'mains' },
    ],
    ['the controller itself', event5101('c6', '09', '22', '00 00 00 00 00 00 00 00'), { what: 'reset', address: { controller: 1 } }],
    [
      'a display by group and number',
      event5101('c2', '07', '14', '00 00 02 05 00 00 00 00'),
      { what: 'fault', detail: 'communication', address: { controller: 1, zone: 2, point: 5 } },
    ],
    ['a multi-wire that starts', event5101('c1', '08', '18'), { what: 'start', address: { controller: 1, loop: 1, point: 2 } }],
    ['an isolation that is over', event5101('c5', '01', '00'), { what: 'unshield' }],
    ['a normal of no attribute in the table', event5101('c6', '01', '00'), null],
    ['a basement and a mezzanine', event5101('c3', '01', '05', '01 02 03 04 71 06 00 07'), { what: 'fire' }, { floorName: 'B1' }],
    ['a mezzanine', event5101('c3', '01', '05', '01 02 03 04 82 06 00 07'), { what: 'fire' }, { floorName: 'mezzanine 2' }],
    ['an unknown state stays raw', event5101('c6', '01', '77'), null, { state: '77' }],
    [
      'an event with text',
      fs5101w(`a5 c3 01 05 00 01 ${AT_NOON} 01 02 03 04 05 06 00 07 3630 ${'00'.repeat(18)}`),
      { what: 'fire', text: '中' },
    ],
    ['the clock of the panel', fs5101w(`a4 ${AT_NOON}`), { what: 'link' }, { reads: 'clock of the panel' }],
    ['an undocumented command', fs5101w('ac 01 02'), null, { data: '0102' }],
  ],
  ld128e: [
    ['the mains fail', hex('12 01 00'), { what: 'power-fault', detail: 'main', address: {} }],
    ['the battery is normal', hex('13 00 00'), { what: 'power-restored', detail: 'backup' }],
    ['a supply byte that is neither', hex('12 05 00'), null],
    ['a reset', hex('50 00 00'), { what: 'reset', address: {} }],
    ['an area display', hex('07 01 00'), { what: 'fault', detail: 'display' }],
  ],
  'simplex-4100': [
    [
      'a supervisory point is over',
      simplex('2:M4-12-3 S0-'),
      { what: 'restored', detail: 'supervisory', address: { controller: 2, loop: 4, point: 12, zone: 3 } },
      { needsAck: false },
    ],
    ['a priority 2 alarm', simplex('P44 P1*'), { what: 'prealarm', address: { point: 44 } }],
    ['a point of an unknown form', simplex('FOO BAR T1*'), { what: 'fault', address: {} }, { point: 'FOO BAR' }],
    ['an unknown letter stays raw', simplex('P44 X1*'), null, { statusLetter: 'X' }],
    ['a text of no known form', simplex('something else'), null, { text: '123456-2090326 something else' }],
    ['an unknown body', hex('1c 30 7a 17 7d 55'), null, { body: '7A' }],
    ['our own answer to an enquiry', hex('1c 30 02 17 7f 4d'), { what: 'link' }],
    ['an acknowledgement', hex('06'), { what: 'link' }],
  ],
  oxx20: [
    [
      'a panel without a machine number',
      oxx20('HJ1', '0020032603091234'),
      { what: 'fire', address: { loop: 2, point: 3 }, deviceTime: '2026-03-09T12:34' },
    ],
    ['a reset', oxx20('FW1', '2603091234'), { what: 'reset', address: {} }],
    ['an impossible time', oxx20('XY1', '2613091234'), { what: 'silence', deviceTime: null }, { deviceTimeRaw: '2613091234' }],
    ['a fire whose digits do not say where is a fire', oxx20('HJ1', '2603091234'), { what: 'fire', address: {} }, { digits: '2603091234' }],
    ['a reset of machine 0', oxx20('FW1', '002603091234'), { what: 'reset', address: {}, deviceTime: '2026-03-09T12:34' }, { machine: 0 }],
    ['a battery fault', oxx20('BD2', '2603091234'), { what: 'power-fault', detail: 'backup' }],
    ['a fault restored', oxx20('GZ2', '010020032603091234'), { what: 'fault-restored', address: { controller: 1, loop: 2, point: 3 } }],
    ['a released point', oxx20('PB2', '010020032603091234'), { what: 'unshield' }],
    ['equipment that stopped', oxx20('TZ1', '010020032603091234'), { what: 'stop' }],
    ['the manual state', oxx20('SD1', '2603091234'), { what: 'manual' }],
    ['an unknown tag stays raw', oxx20('QQ7', '01'), null, { tag: 'QQ7' }],
  ],
  v3818: [
    [
      'an alarm of the electrical host',
      v3818('02 01 03 04 cc e2 38'),
      { what: 'fire', componentType: 16, address: { controller: 2, loop: 3, point: 4 } },
      { time: '12:34:56' },
    ],
    ['a high limit', v3818('02 71 03 04 0c 22 38'), { what: 'supervisory', detail: 'high-limit' }],
    ['a supply byte that is neither', v3818('02 12 02 00 0c 22 38'), null],
    ['a host that asks for live values', v3818('02 10 01 01 66 00 00'), { what: 'link' }, { direction: 'host-to-panel' }],
    ['a gas detector isolated', v3818('02 0b 01 01 0c 22 38'), { what: 'shield', address: { controller: 2, loop: 1, point: 1 } }],
    ['the battery', v3818('02 13 01 00 0c 22 38'), { what: 'power-fault', detail: 'backup', address: { controller: 2 } }],
    ['a reset of the network', v3818('02 20 01 01 0c 22 38'), { what: 'reset' }, { scope: 'network' }],
    [
      'a value at the alarm',
      v3818('02 17 23 04 01 2c 00'),
      { what: 'reading', value: 300, quantity: 'residual-current', detail: 'at-alarm' },
      { leakageChannel: 1, leakageLoop: 3 },
    ],
    ['a value of an unknown unit', v3818('02 10 03 04 01 2c 07'), { what: 'reading', value: 300 }, { unit: null }],
    ['an unknown code stays raw', v3818('02 55 03 04 0c 22 38'), null, { code: '55' }],
  ],
  ei2000: [
    ['a fire that is over', ei2000('87', 1, `03 0c 01 00 12 34 ${'00'.repeat(32)}`), { what: 'restored', address: { loop: 3, point: 12 } }],
    [
      'a loop that is short, and restored',
      ei2000('8a', 2, '03 10 00 00 00 04 91 00 00 00'),
      { what: 'fault', detail: 'loop-short', address: { loop: 3 } },
    ],
    ['a restored loop alone', ei2000('8a', 1, '04 91 00 00 00'), { what: 'fault-restored', detail: 'loop-open', address: { loop: 4 } }],
    ['the mains are back', ei2000('8d', 1, 'a8'), { what: 'power-restored', detail: 'main' }],
    [
      'a part of an unknown type is shown beside the others',
      ei2000('87', 2, `03 0c 7e 80 12 34 ${'00'.repeat(32)} 03 0d 01 80 12 34 ${'00'.repeat(32)}`),
      { what: 'text', detail: 'undecodable', address: { loop: 3, point: 12 } },
    ],
    ['two others in one frame', ei2000('8d', 2, '28 29'), { what: 'power-fault', detail: 'main' }],
    ['an unknown loop fault', ei2000('8a', 1, '04 15 00 00 00'), { what: 'text', address: { loop: 4 } }],
    ['an unknown command stays raw', ei2000('77', 0, ''), null, { command: '77' }],
  ],
  ft8003: [
    ['02 with one byte is a reset', ft8003('02'), { what: 'reset' }],
    ['02 with a body is a start', ft8003(`02 01 03 0c 25 0000 ${AT_NOON}`), { what: 'start', componentType: 91 }],
    ['a transmitter fault', ft8003(`2d 01 00 09 00 0000 ${AT_NOON}`), { what: 'fault', detail: 'transmitter', address: { controller: 1 } }],
    ['another fault', ft8003(`2e 01 00 77 00 0000 ${AT_NOON}`), { what: 'fault-restored', detail: 'other' }],
    ['an unknown event stays raw', ft8003(`77 01 03 0c 04 0000 ${AT_NOON}`), null, { event: '77' }],
    ['a fire whose body ends early is a fire', ft8003('01 02 03 0c'), { what: 'fire', address: { controller: 2, loop: 3, point: 12 } }],
    ['a fire that does not say where', ft8003('01 02'), { what: 'fire', address: { controller: 2 } }, { data: '0102' }],
    ['a reset with a controller', ft8003('e1 02'), { what: 'reset', address: { controller: 2 } }],
    ['a short body of an unknown event', ft8003('77 02'), null],
    ['our own acknowledgement', hex('66'), { what: 'link' }],
  ],
  'gst-crt200': [
    [
      'a fire with its text',
      crt200('01 1b 01 aa 15 000012 03 d4 b8a3 20202020202020202020202020 20'.replace('b8a3', 'd6d0')),
      { what: 'fire', text: '中', deviceType: 3 },
    ],
    ['a request to upload isolations', crt200('01 0b 01 aa ff 000000 00 a9'), { what: 'link' }, { state: 'FF' }],
    ['an isolation of an upload', crt200('21 07 01 de 01 11'), { what: 'shield', address: { controller: 1, point: 17 } }],
    [
      'a fault of controller 5 in its low nibble',
      crt200('05 0b 01 aa 21 000012 03 e1'),
      { what: 'fault', address: { point: 12 } },
      { address: 5 },
    ],
    ['a mode that was set', crt200('01 06 01 b1 00'), { what: 'operation' }, { reads: 'panel mode was set' }],
    ['an unknown class', crt200('01 06 01 c2 00'), null, { reads: 'unknown class' }],
    ['a sum of the head that does not fit', crt200('01 0b 01 aa 15 000012 03 00'), { what: 'fire' }],
    ['an unknown state', crt200('01 0b 01 aa 99 000012 0f 00'), null, { deviceType: '0F' }],
  ],
  tx3016a: [
    ['a frame without data is a heartbeat', tx3016a(''), { what: 'heartbeat' }],
    ['a line test is a sign of life', tx3016a('09 01 0102'), { what: 'link', detail: 'line-test' }],
    [
      'a detector of a gas controller that does not say its own type',
      tx3016a(`02 01 0a 02 00 ${'30'.repeat(8)} 01 ${'00'.repeat(32)} 38220c09031a`),
      { what: 'fire', componentType: 10 },
    ],
    ['an operation stays raw', tx3016a('04 01 0102'), null, { data: '0102' }],
    ['an unknown state stays raw', tx3016a(`02 01 01 01 4e ${'30'.repeat(8)} c8 ${'00'.repeat(32)} 38220c09031a`), null],
    [
      'a gas detector over its limit',
      tx3016a(`02 01 0a 02 2e ${'3030313033303132'} 03 d6d0 ${'00'.repeat(30)} 38220c09031a`),
      {
        what: 'supervisory',
        detail: 'gas-high',
        componentType: 10,
        address: { controller: 2, point: 103012 },
        text: '中',
        deviceTime: '2026-03-09T12:34:56',
      },
    ],
  ],
  ct11: [
    ['ENQ', hex('05'), { what: 'link' }],
    ['EOT', hex('04'), { what: 'link' }],
    ['a body of no known form', bcc('T1', 'XYZ'), null, { body: 'XYZ' }],
    ['a head of no known form', bcc('T9', 'XYZ'), null, { head: 'T9' }],
    ['an unknown event code', bcc('T1', 'W1110373Q7777'), null, { eventCode: '7777' }],
  ],
  'gst100-printer': [['an unknown code', printed100(0x1c), null, { code: '1C' }]],
  'fc18r-printer': [
    [
      'an unknown word, an empty description',
      Uint8Array.from([...gbBytes(' 2026-03-09 12:34:56\n\n 04.007.000cddd8\n+001 其它\n')]),
      null,
      { eventText: '其它', description: '' },
    ],
    [
      'a printer command before it',
      Uint8Array.from([0x1b, 0x40, 0x1c, 0x26, ...gbBytes(' 2026-03-09 12:34:56\r\n 大堂\r\n 04.007.000cddd8\r\n+001 预报警\r\n')]),
      { what: 'prealarm', text: '大堂' },
    ],
  ],
  gt603: [['a panel of its own', panel603(), { what: 'fault', address: { controller: 1 } }, { ofPanel: true }]],
  tx3607: [['an unknown event', tx3607('QQQ'), null, { event: 'QQQ' }]],
  'ptw3300-printer': [['a word that opens like another', ptw('火灾演习'), null]],
  'n3030-printer': [['a word behind the mark of its end that is not known', n3030('0564 1111'), { what: 'restored' }]],
};

function bcc(head: string, body: string): Uint8Array {
  const inner = Uint8Array.of(...asciiBytes(head), 2, ...asciiBytes(body), 3);
  return Uint8Array.of(
    1,
    ...inner,
    inner.reduce((sum, value) => sum ^ value, 0),
  );
}

function printed100(code: number): Uint8Array {
  const text = `***************\r10\x8d20\x8e   14:44\r\n${String.fromCharCode(code)}\r-----\r\n #\r`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function panel603(): Uint8Array {
  const packet = new Uint8Array(125);
  packet.set(hex('24247d'));
  packet.set(asciiBytes('0001'), 0x23);
  packet[0x48] = 0x35;
  packet.set(gbBytes('故障'), 0x54);
  packet[124] = sum8(packet, 0, 124);
  return packet;
}

function tx3607(event: string): Uint8Array {
  const signed = asciiBytes(`@${event}${'0'.repeat(21)}`);
  return Uint8Array.of(...signed, ...asciiBytes(String(crc16Modbus(signed)).padStart(6, '0')), 0x23);
}

function ptw(word: string): Uint8Array {
  return Uint8Array.from(
    [...`${word.padEnd(165, ' ')}\n`].flatMap((character) => [character.charCodeAt(0) >> 8, character.charCodeAt(0) & 0xff]),
  );
}

function n3030(word: string): Uint8Array {
  const line = new Uint8Array(164).fill(0x20);
  line.set(bytesOf(word));
  line[163] = 0x0a;
  return line;
}

describe.each(Object.entries(PANELS))('%s', (name, rows) => {
  it.each(rows.map(([what, packet, observation, fields]) => ({ what, packet, observation, fields })))(
    'reads $what',
    ({ packet, observation, fields }) => {
      const read = decoded(name, packet);
      if (observation === null) expect(read.observations).toMatchObject([{ what: 'text', detail: 'undecodable' }]);
      else expect(read.observations[0]).toMatchObject(observation);
      if (fields) expect(read.fields).toMatchObject(fields);
    },
  );
});
