import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FRAME_BYTES_MAX, FRAME_CUT } from '../gb26875/frame.ts';
import { toHex } from './hex.ts';
import { type Cut, cutAll, PacketCutter } from './packets.ts';

const control = { mainVersion: 1, userVersion: 1, time: 0x1b03050e1e09, source: 3_000_001, destination: 20, command: 2 };
/** Frames full of what looks like frames: `@@`, `##` and short lengths inside. */
const unit = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.constantFrom(0x40, 0x23, 0x00, 0x02), { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes)),
);
const frame = fc.tuple(fc.integer({ min: 0, max: 0xffff }), unit).map(([serial, adu]) => encodeFrame({ ...control, serial }, adu));
/** Noise that cannot begin a frame by itself. */
const harmless = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte === 0x40 ? 0x41 : byte)));

const joined = (pieces: readonly Uint8Array[]) => Uint8Array.from(pieces.flatMap((piece) => [...piece]));
const packetsOf = (cuts: readonly Cut[]) => cuts.filter(({ kind }) => kind === 'packet').map(({ bytes }) => toHex(bytes));
const bytesOf = (cuts: readonly Cut[]) => toHex(joined(cuts.map(({ bytes }) => bytes)));

function fedInPieces(bytes: Uint8Array, splits: readonly number[]): Cut[] {
  const cutter = new PacketCutter(FRAME_CUT);
  const at = [...new Set(splits.map((split) => split % (bytes.length + 1)))].sort((a, b) => a - b);
  const cuts = [0, ...at].flatMap((from, index) => cutter.feed(bytes.subarray(from, at[index] ?? bytes.length)));
  return [...cuts, ...cutter.idle()];
}

describe('the packet cutter', () => {
  test('finds every frame however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, splits) => {
        expect(packetsOf(fedInPieces(joined(frames), splits))).toEqual(frames.map(toHex));
      }),
    );
  });

  test('finds every frame between noise, and every byte comes out exactly once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(harmless, frame), { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (pieces, splits) => {
        const stream = joined(pieces.flat());
        const cuts = fedInPieces(stream, splits);
        expect(packetsOf(cuts)).toEqual(pieces.map(([, bytes]) => toHex(bytes)));
        expect(bytesOf(cuts)).toBe(toHex(stream));
      }),
    );
  });

  test('never throws, invents or loses a byte, and holds at most one packet, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Uint8Array.of(0x40, 0x40)), frame), { maxLength: 12 }),
        (pieces) => {
          const cutter = new PacketCutter(FRAME_CUT);
          const cuts: Cut[] = [];
          for (const piece of pieces) {
            cuts.push(...cutter.feed(piece));
            expect(cutter.pendingBytes).toBeLessThan(FRAME_BYTES_MAX);
          }
          expect(bytesOf([...cuts, ...cutter.idle()])).toBe(toHex(joined(pieces)));
        },
      ),
    );
  });

  test('a flipped bit costs that frame alone and is said to be noise', () => {
    fc.assert(
      fc.property(frame, frame, frame, fc.nat(), fc.integer({ min: 0, max: 7 }), (before, middle, after, where, bit) => {
        fc.pre(![before, after].some((other) => toHex(other) === toHex(middle)));
        const damaged = Uint8Array.from(middle);
        damaged[where % damaged.length]! ^= 1 << bit;
        const cuts = cutAll(FRAME_CUT, joined([before, damaged, after]));
        const packets = packetsOf(cuts);
        expect(packets[0]).toBe(toHex(before));
        expect(packets.at(-1)).toBe(toHex(after));
        expect(packets).not.toContain(toHex(middle));
        expect(cuts.some(({ kind }) => kind === 'noise')).toBe(true);
      }),
    );
  });

  test('a lying length holds the stream only until the line falls silent', () => {
    const lying = Uint8Array.of(0x40, 0x40, ...new Uint8Array(22), 0x00, 0x04);
    const good = encodeFrame({ ...control, serial: 7 }, Uint8Array.of());
    const cutter = new PacketCutter(FRAME_CUT);
    expect(cutter.feed(joined([lying, good]))).toEqual([]);
    const cuts = cutter.idle();
    expect(packetsOf(cuts)).toEqual([toHex(good)]);
    expect(cuts[0]).toMatchObject({ kind: 'noise', why: 'length' });
  });

  test('says of each broken packet why it is none', () => {
    const good = encodeFrame({ ...control, serial: 7 }, Uint8Array.of(1, 2, 3));
    const broken = (at: number, value: number) =>
      cutAll(
        FRAME_CUT,
        good.map((byte, index) => (index === at ? value : byte)),
      )[0];
    expect(broken(good.length - 3, 0xee)).toMatchObject({ kind: 'noise', why: 'checksum' });
    expect(broken(good.length - 1, 0xee)).toMatchObject({ kind: 'noise', why: 'terminator' });
    expect(broken(25, 0xff)).toMatchObject({ kind: 'noise', why: 'length' });
    expect(broken(0, 0x41)).toMatchObject({ kind: 'noise', why: 'no-start' });
  });
});
