import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { cutAll } from '../codec/packets.ts';
import { decodeFrame, encodeFrame } from '../gb26875/frame.ts';
import { gb26875, gb26875Site } from './gb26875.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly meaning: {
    what?: string;
    value?: number;
    unit?: string;
    partTime?: string | null;
    time?: string | null;
    seq: number;
    source?: string;
    command?: number;
  };
}
const read = <T>(file: string) => JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as T[];
const site = read<Vector>('gb26875-site.json');

describe('transmission devices over GB/T 26875.3', () => {
  test.each(site)('$name says what the capture says', ({ hex, meaning }) => {
    const [cut] = cutAll(gb26875Site.cut, fromHex(hex)!);
    const { fields, observations } = gb26875Site.decode(cut!.bytes);
    expect(observations.map(({ what }) => what)).toEqual(meaning.what ? [meaning.what] : []);
    expect(fields['serial']).toBe(meaning.seq);
    if (meaning.time !== undefined) expect(fields['time']).toBe(meaning.time);
    if (meaning.partTime !== undefined) expect(observations[0]?.deviceTime).toBe(meaning.partTime);
    if (meaning.unit)
      expect(observations[0]).toMatchObject({ value: meaning.value, quantity: meaning.unit === 'C' ? 'temperature' : 'residual-current' });
  });

  test('an upload is confirmed with its own serial, addresses swapped and the time of the site', () => {
    const upload = fromHex(read<{ name: string; hex: string }>('gb26875.json').find(({ name }) => name === 'published-001')!.hex)!;
    const reply = gb26875.answer!(upload, '2026-11-23T08:09:10')!;
    const [sent, answered] = [decodeFrame(upload).control, decodeFrame(reply).control];
    expect(cutAll(gb26875.cut, reply)).toHaveLength(1);
    expect(answered).toMatchObject({ serial: sent.serial, source: sent.destination, destination: sent.source, command: 3 });
    expect(toHex(reply.subarray(6, 12))).toBe('0a0908170b1a');
  });

  test('confirm, denial and answer are never answered', () => {
    for (const command of [3, 5, 6]) {
      const frame = Uint8Array.from(
        gb26875.answer!(
          gb26875.play.say({ what: 'fire', address: { point: 7 }, deviceTime: '2026-11-23T08:00:00' })!,
          '2026-11-23T08:00:00',
        )!,
      );
      frame[27] = (frame[27]! + command - frame[26]!) & 0xff;
      frame[26] = command;
      expect(cutAll(gb26875.cut, frame)).toMatchObject([{ kind: 'packet' }]);
      expect(gb26875.answer!(frame, '2026-11-23T08:00:00')).toBeNull();
    }
  });

  test.each(['fire', 'fault', 'shield', 'supervisory', 'start', 'feedback', 'reset'] as const)(
    'a simulator says %s and it is heard',
    (what) => {
      const packet = gb26875.play.say({ what, address: { controller: 2, point: 77 }, deviceTime: '2026-11-23T08:00:00' })!;
      const [cut, ...rest] = cutAll(gb26875.cut, packet);
      expect(rest).toEqual([]);
      expect(gb26875.decode(cut!.bytes).observations).toMatchObject([{ what, deviceTime: '2026-11-23T08:00:00' }]);
      expect(gb26875.play.confirms!(gb26875.answer!(packet, '2026-11-23T08:00:01')!)).toBe(true);
    },
  );

  test('what no frame can say is not said', () => {
    expect(gb26875.play.say({ what: 'tilt', address: {}, deviceTime: '2026-11-23T08:00:00' })).toBeNull();
  });

  test('an empty upload is a sign of life, and is confirmed', () => {
    const idle = gb26875.play.idle!('2026-11-23T08:00:00');
    expect(gb26875.decode(idle).observations).toMatchObject([{ what: 'heartbeat' }]);
    expect(gb26875.answer!(idle, '2026-11-23T08:00:00')![26]).toBe(3);
  });

  test('a twelve-byte heartbeat is a sign of life, and has its own reply', () => {
    const short = fromHex('40400725518012ff04882323')!;
    const dialect = gb26875.dialects!.get('four-faith')!;
    expect(dialect.decode(short).observations).toEqual([{ what: 'heartbeat', address: { device: '0725518012ff' } }]);
    expect(toHex(dialect.answer!(short, '2026-11-23T08:00:00')!)).toBe('404000000000000000002323');
  });

  test('a heartbeat of one byte has the reply its devices wait for', () => {
    const dialect = gb26875.dialects!.get('main-version-16')!;
    const beat = encodeFrame(
      { serial: 7, mainVersion: 16, userVersion: 0, time: 0, source: 1, destination: 2, command: 2 },
      Uint8Array.of(0x16),
    );
    expect(dialect.decode(beat).observations).toMatchObject([{ what: 'heartbeat' }]);
    expect(toHex(dialect.answer!(beat, '2026-11-23T08:00:00')!)).toContain('0100031');
    expect(decodeFrame(dialect.answer!(beat, '2026-11-23T08:00:00')!).unit).toEqual(Uint8Array.of(0x17));
    expect(decodeFrame(gb26875.answer!(beat, '2026-11-23T08:00:00')!).unit).toHaveLength(0);
  });

  test('a device with a BCD clock is told the time in BCD, and its own is read so', () => {
    const dialect = gb26875.dialects!.get('dahua-bcd')!;
    const frame = upload(`0201010128070000000200${'00'.repeat(31)}512310230926`);
    expect(dialect.decode(frame).observations).toMatchObject([{ what: 'fire', deviceTime: '2026-09-23T10:23:51' }]);
    expect(toHex(dialect.answer!(frame, '2026-11-23T08:09:10')!.subarray(6, 12))).toBe('100908231126');
  });

  test('a dialect reads the state word of its maker', () => {
    const frame = upload(`0201010180070000000200${'00'.repeat(31)}000000000000`);
    expect(gb26875.decode(frame).observations).toMatchObject([{ what: 'fire' }]);
    expect(gb26875.dialects!.get('four-faith')!.decode(frame).observations).toMatchObject([{ what: 'high' }]);
    expect(gb26875.sender!(frame)).toBe('010000000000');
  });

  test('an unknown command is denied', () => {
    const frame = Uint8Array.from(gb26875.play.idle!('2026-11-23T08:00:00'));
    frame[26] = 99;
    expect(gb26875.answer!(frame, '2026-11-23T08:00:00')![26]).toBe(6);
    frame[27] = (frame[27]! + 99 - 2) & 0xff;
    expect(gb26875.decode(frame)).toMatchObject({ observations: [], remarks: ['unknown command: denied'] });
  });

  const upload = (adu: string) =>
    encodeFrame({ serial: 1, mainVersion: 1, userVersion: 1, time: 0, source: 1, destination: 2, command: 2 }, fromHex(adu)!);
  test('an analogue value is a reading in its unit', () => {
    expect(gb26875.decode(upload('03010b015b1000020005ac0d081e0e05031b')).observations).toMatchObject([
      { what: 'reading', value: 350, quantity: 'pressure-kpa', deviceTime: '2027-03-05T14:30:08' },
    ]);
  });
  test('a duty answer names its operator', () => {
    expect(gb26875.decode(upload('18012003000000000000')).observations).toMatchObject([
      { what: 'duty-answer', operatorNumber: 3, deviceTime: null },
    ]);
  });
  test('a unit that does not fit is confirmed and kept with its reason', () => {
    const odd = upload('0501010203');
    expect(gb26875.decode(odd)).toMatchObject({
      observations: [{ what: 'text', address: { device: '010000000000' } }],
      remarks: [expect.stringContaining('size')],
    });
    expect(gb26875.answer!(odd, '2026-11-23T08:00:00')![26]).toBe(3);
  });

  describe('in the dialect of its maker', () => {
    const captured = (name: string) =>
      fromHex(read<{ name: string; hex: string }>('gb26875.json').find((vector) => vector.name === name)!.hex)!;
    const heard = (dialect: string, frame: Uint8Array) => gb26875.dialects!.get(dialect)!.decode(frame).observations;

    test('a panel that prints says the fire, the fault and the reset that its words say, at the place they name', () => {
      expect(heard('four-faith', captured('capture-075'))[0]).toMatchObject({
        what: 'fire',
        address: { controller: 1, loop: 10, point: 83 },
        deviceTime: '2023-08-29T13:43:00',
      });
      expect(heard('four-faith', captured('capture-118'))).toMatchObject([
        { what: 'fault', address: { controller: 1, loop: 16, point: 101 } },
      ]);
      expect(heard('four-faith', captured('capture-141'))).toMatchObject([{ what: 'reset', text: '系统复位' }]);
      expect(heard('four-faith', captured('capture-119'))[0]).toMatchObject({ what: 'text', text: expect.stringContaining('喷洒禁止') });
    });
    test('what a printer line passes through is read by its event word, not by the name of a place', () => {
      expect(heard('four-faith', captured('capture-130'))).toMatchObject([
        { what: 'fault', text: expect.stringContaining('夹层配电室火警') },
      ]);
      expect(heard('four-faith', upload('8d01880d000a0a0a0a0a0a0a0a0a0a0a0a0a'))).toEqual([]);
    });
    test('printed words that nobody knows are told by the alarm kind, and by the words where that says nothing', () => {
      const printed = (kind: string) => upload(`0901000033 33${kind}000002b5a5000000000000`.replaceAll(' ', ''));
      expect(heard('four-faith', printed('03'))).toMatchObject([{ what: 'fire', text: '单' }]);
      expect(heard('four-faith', printed('09'))).toMatchObject([{ what: 'operation' }]);
      expect(heard('four-faith', printed('01'))).toMatchObject([{ what: 'text' }]);
      expect(heard('four-faith', upload('090100003333010000 00000000000000'.replace(' ', '')))).toEqual([]);
    });
    test('values of its own types are readings of their quantity, each sensor apart', () => {
      const value = (type: string, bytes: string) => heard('four-faith', upload(`030101010107000000${type}${bytes}000000000000`));
      expect(value('8d', 'e000')).toMatchObject([
        { what: 'reading', quantity: 'temperature', value: 22.4, address: { point: 7, channel: 2 } },
      ]);
      expect(value('9a', 'e803')).toMatchObject([{ quantity: 'height', value: 10 }]);
      expect(value('a1', 'e803')[0]).not.toHaveProperty('quantity');
      expect(value('c8', 'e803')).toMatchObject([{ what: 'reading', value: null }]);
      const channel = heard('four-faith', upload('84010101010700000005ac0d0102091e0e05031b'));
      expect(channel).toMatchObject([{ quantity: 'pressure-kpa', value: 350, address: { channel: 2 } }]);
    });
    test('a type without state, value or words is told once, by its name', () => {
      expect(heard('four-faith', captured('capture-109'))).toMatchObject([{ what: 'text', detail: 'energy', text: '电能量' }]);
      expect(heard('gst', captured('capture-057'))).toMatchObject([{ what: 'text', detail: 'line to the centre: fault' }]);
      expect(heard('gst', captured('capture-101'))).toMatchObject([{ what: 'restored' }]);
      expect(heard('standard', upload('0501010203 04'.replace(' ', '')))).toEqual([]);
    });
    test('a state word without its time is news where it says more than normal', () => {
      expect(heard('base-station', upload('150101'))).toMatchObject([{ what: 'heartbeat' }]);
      expect(heard('base-station', upload('150103'))).toMatchObject([{ what: 'fire' }]);
    });
    test('loop and point come from the words of the address', () => {
      expect(heard('hikvision', upload(`020101012803000400 0200${'00'.repeat(31)}000000000000`.replace(' ', '')))).toMatchObject([
        { what: 'fire', address: { controller: 1, loop: 3, point: 4 } },
      ]);
    });
    test('a clock in UTC is said to be one', () => {
      expect(heard('utc-clock', upload('1501020a1e0605031b'))).toMatchObject([{ what: 'fire', deviceTime: '2027-03-05T06:30:10Z' }]);
      expect(heard('utc-clock', upload('150102000000000000'))).toMatchObject([{ deviceTime: null }]);
    });
    test('a registration that the standard does not know is confirmed', () => {
      const registration = encodeFrame(
        { serial: 9, mainVersion: 1, userVersion: 3, time: 0, source: 1, destination: 2, command: 0 },
        fromHex('00'.repeat(112))!,
      );
      expect(gb26875.dialects!.get('dahua')!.answer!(registration, '2026-11-23T08:00:00')![26]).toBe(3);
      expect(gb26875.answer!(registration, '2026-11-23T08:00:00')![26]).toBe(6);
      expect(heard('dahua', registration)).toEqual([]);
    });
    test('a token that a device shows is confirmed and kept nowhere', () => {
      const token = captured('capture-023');
      const dialect = gb26875.dialects!.get('fire-cannon')!;
      expect(JSON.stringify(dialect.decode(token))).not.toContain('41323046454331');
      expect(dialect.decode(token)).toMatchObject({ observations: [] });
      expect(dialect.decode(token)).not.toHaveProperty('remarks');
      expect(dialect.answer!(token, '2026-11-23T08:00:00')![26]).toBe(3);
    });
    test('a private reply of the centre is its own echo: never answered, no event', () => {
      const dialect = gb26875.dialects!.get('fscn8001')!;
      const reply = captured('published-145');
      expect(dialect.decode(reply)).toMatchObject({ fromHost: true, observations: [] });
      expect(dialect.answer!(reply, '2026-11-23T08:00:00')).toBeNull();
    });
  });

  test('a user-defined command is confirmed and kept as it is', () => {
    const frame = encodeFrame(
      { serial: 1, mainVersion: 1, userVersion: 1, time: 0, source: 1, destination: 2, command: 200 },
      fromHex('0102')!,
    );
    expect(gb26875.decode(frame)).toMatchObject({ observations: [{ what: 'text' }], remarks: ['user-defined command'] });
    expect(gb26875.answer!(frame, '2026-11-23T08:00:00')![26]).toBe(3);
  });
});
