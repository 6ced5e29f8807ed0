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
    expect(gb26875.decode(short).observations).toEqual([{ what: 'heartbeat', address: { device: '0725518012ff' } }]);
    expect(toHex(gb26875.answer!(short, '2026-11-23T08:00:00')!)).toBe('404000000000000000002323');
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
});
