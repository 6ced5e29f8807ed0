import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyEvent } from '../event.arbitrary.ts';
import type { SiteEvent } from '../event.ts';
import { decodeFrame, encodeFrame, FRAME_BYTES_MAX } from '../gb26875/frame.ts';
import { COMPONENT_STATE, decodeUnit } from '../gb26875/units.ts';
import { PROFILES } from './register.ts';

const envelope = { serial: 301, source: 3_000_001, destination: 20, sentMs: Date.UTC(2027, 2, 5, 6, 30, 9), zoneMinutes: 480 };
const FIRE: SiteEvent = {
  id: '00112233445566778899aabbccddeeff',
  kind: 'fire',
  edge: 'began',
  time: { ms: Date.UTC(2027, 2, 5, 6, 30, 8, 417), zoneMinutes: 480, source: 'panel' },
  part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 0x00020001 } },
  source: 'panel-1',
  place: '1号楼3层东走道',
  text: '感烟探测器 走道东',
};

describe.each([...PROFILES.values()])('the profile $name', (profile) => {
  test('gives back every event exactly as it was', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const frame = profile.write(event, envelope);
        expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
        expect(profile.read(frame)).toEqual({ event, serial: 301, source: 3_000_001 });
      }),
      { numRuns: 500 },
    );
  });

  test('writes the same bytes for what it reads back', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const frame = profile.write(event, envelope);
        const read = profile.read(frame);
        expect('event' in read && profile.write(read.event, envelope)).toEqual(frame);
      }),
      { numRuns: 200 },
    );
  });

  test('never throws at random or damaged bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void profile.read(bytes)));
    const frame = profile.write(FIRE, envelope);
    for (let at = 0; at < frame.length; at++) {
      const damaged = Uint8Array.from(frame);
      damaged[at]! ^= 0x10;
      expect(profile.read(damaged)).toHaveProperty('undecodable');
      expect(profile.read(frame.subarray(0, at))).toHaveProperty('undecodable');
    }
  });

  test('keeps an alarm whose words are too long for a frame, and says which packet it gave up', () => {
    const event: SiteEvent = { ...FIRE, place: '走道'.repeat(200), text: '火'.repeat(400), packetHex: 'ab'.repeat(900) };
    const read = profile.read(profile.write(event, envelope));
    expect(read).toMatchObject({ event: { kind: 'fire', id: FIRE.id, packetReference: { length: 900 } } });
    expect('event' in read && read.event.place?.startsWith('走道走道')).toBe(true);
    expect('event' in read && read.event.text).not.toContain('\ufffd');
  });

  test('puts what the standard can say where the standard says it', () => {
    const unit = decodeFrame(profile.write(FIRE, envelope)).unit;
    expect(unit[0]).toBe(162);
    const plain = decodeUnit(Uint8Array.of(2, 1, ...unit.subarray(2, 2 + COMPONENT_STATE.size!)));
    const object = plain && 'objects' in plain && COMPONENT_STATE.view(plain.objects[0] as never);
    expect(object).toMatchObject({
      systemType: 1,
      componentType: 42,
      componentAddress: 0x00020001,
      status: 0b11,
      text: '感烟探测器 走道东',
      time: '2027-03-05T14:30:08',
    });
  });

  test('clears bit 0 of the state word exactly where the event is a test', () => {
    const status = (event: SiteEvent) => COMPONENT_STATE.decode(decodeFrame(profile.write(event, envelope)).unit, 2).status;
    expect(status(FIRE)).toBe(3);
    expect(status({ ...FIRE, test: [] })).toBe(3);
    expect(status({ ...FIRE, test: ['maintenance'] })).toBe(2);
  });

  test('says why a frame is none of its own', () => {
    const frame = profile.write(FIRE, envelope);
    const { control, unit } = decodeFrame(frame);
    const reread = (changed: Uint8Array, over = {}) => profile.read(encodeFrame({ ...control, ...over }, changed));
    const annexAt = 2 + COMPONENT_STATE.size!;
    const withAnnex = (...annex: number[]) =>
      reread(Uint8Array.of(...unit.subarray(0, annexAt), annex.length & 0xff, annex.length >> 8, ...annex));
    expect(profile.read(new Uint8Array())).toEqual({ undecodable: 'no frame: length' });
    expect(reread(unit, { userVersion: 1 })).toMatchObject({ undecodable: expect.stringContaining('user version 1') });
    expect(reread(Uint8Array.of(2, ...unit.subarray(1)))).toMatchObject({ undecodable: expect.stringContaining('unit type 2') });
    expect(reread(Uint8Array.of(162, 2, ...unit.subarray(2)))).toEqual({ undecodable: 'unit: one object was expected' });
    expect(reread(unit.subarray(0, -1))).toEqual({ undecodable: 'annex: size does not fit' });
    expect(withAnnex(7, 2, 0, 1)).toEqual({ undecodable: 'annex: a field reaches beyond the end' });
    expect(withAnnex(7, 2)).toEqual({ undecodable: 'annex: a field reaches beyond the end' });
    expect(withAnnex(7, 2, 0, 1, 1, 4, 1, 0, 65)).toEqual({ undecodable: 'annex: tag 4 is out of order' });
    expect(withAnnex(7, 2, 0, 1, 1)).toEqual({ undecodable: 'annex: id, kind, time or source is missing' });
  });

  test.each([
    [1, [1], 'event time'],
    [2, [1, 2], 'receive time'],
    [6, [1, 1], 'test flag'],
    [7, [250, 1], 'kind and edge'],
    [10, [0xff], 'device text'],
    [13, [0], 'address as the device counts'],
    [13, [...new Uint8Array(21), 0xff], 'address as the device counts'],
    [20, [1], 'battery'],
    [21, [1, 99, ...new Uint8Array(14)], 'radio'],
    [27, [], 'exact value, quality and limits'],
    [27, [99, ...new Uint8Array(27)], 'exact value, quality and limits'],
    [31, [200], 'gateway note'],
  ])('tag %i with bytes %j does not fit: %s', (tag, value, name) => {
    const { control, unit } = decodeFrame(profile.write(FIRE, envelope));
    const annex = [tag, value.length, 0, ...value];
    const broken = encodeFrame(control, Uint8Array.of(...unit.subarray(0, 2 + COMPONENT_STATE.size!), annex.length, 0, ...annex));
    expect(profile.read(broken)).toEqual({ undecodable: `annex: tag ${tag} (${name}) does not fit` });
  });

  test('gives up the packet first, then bytes, then the ends of texts, until the event fits', () => {
    const whole: SiteEvent = {
      ...FIRE,
      packetHex: 'ab'.repeat(900),
      textHex: 'cd'.repeat(900),
      unknown: [{ tag: 200, hex: 'ee'.repeat(900) }],
      text: 'x'.repeat(900),
      place: 'y'.repeat(900),
      operator: 'z'.repeat(900),
      deviceTimeHex: '00'.repeat(600),
    };
    const read = profile.read(profile.write(whole, envelope));
    if (!('event' in read)) throw new Error(read.undecodable);
    const { textHex, unknown, deviceTimeHex, packetHex, ...kept } = read.event;
    expect([textHex, unknown, deviceTimeHex, packetHex]).toEqual([undefined, undefined, undefined, undefined]);
    expect(kept).toMatchObject({
      text: 'x'.repeat(200),
      place: 'y'.repeat(160),
      operator: 'z'.repeat(64),
      packetReference: { length: 900 },
    });
  });

  test('names what of it rests on no published text', () => {
    expect(profile.unknowns.length).toBeGreaterThan(0);
  });
});
