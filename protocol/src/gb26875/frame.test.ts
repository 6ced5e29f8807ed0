import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { cutAll } from '../codec/packets.ts';
import { CONTROL, decodeFrame, encodeFrame, FRAME_CUT } from './frame.ts';
import { decodeUnit, encodeUnit } from './units.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly kind: string;
  readonly checksumOk: boolean;
  readonly lengthOk: boolean;
  readonly standardAdu: boolean | null;
  readonly decoded: {
    seq: number;
    src: number;
    dst: number;
    cmd: number;
    aduLen: number;
    time: string | null;
    type?: number;
    count?: number;
    objects?: Record<string, unknown>[];
  } | null;
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/gb26875.json', import.meta.url), 'utf8')) as Vector[];
const sound = vectors.filter(({ kind, checksumOk }) => checksumOk && !kind.startsWith('vendor'));

describe('frames of GB/T 26875.3', () => {
  test.each(sound)('$name is cut, read and written back to the same bytes', ({ hex, decoded, standardAdu }) => {
    const bytes = fromHex(hex)!;
    expect(cutAll(FRAME_CUT, bytes)).toEqual([{ kind: 'packet', bytes }]);
    const { control, unit } = decodeFrame(bytes);
    expect(control).toMatchObject({
      serial: decoded!.seq,
      source: decoded!.src,
      destination: decoded!.dst,
      command: decoded!.cmd,
      unitBytes: decoded!.aduLen,
    });
    expect(CONTROL.view(control)).toMatchObject({ time: decoded!.time });
    expect(toHex(encodeFrame(control, encodeUnit(decodeUnit(unit))))).toBe(hex.toLowerCase());
    const read = decodeUnit(unit);
    if (standardAdu === true && unit.length > 0)
      expect(read).toMatchObject({ type: decoded!.type, count: decoded!.count, objects: expect.any(Array) });
    if (standardAdu !== true && unit.length > 0) expect(read).toHaveProperty('why');
  });
});
