import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyEvent } from '../event.arbitrary.ts';
import type { SiteEvent } from '../event.ts';
import { decodeFrame, FRAME_BYTES_MAX } from '../gb26875/frame.ts';
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

  test('names what of it rests on no published text', () => {
    expect(profile.unknowns.length).toBeGreaterThan(0);
  });
});
