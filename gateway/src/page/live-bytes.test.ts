import { describe, expect, it } from 'vitest';
import * as limits from './limits.ts';
import { LiveBytes } from './live-bytes.ts';

describe('live bytes', () => {
  it('say which way they went, whose they are and why they are noise', () => {
    const live = new LiveBytes(() => 7.4);
    live.heard(Uint8Array.of(0x82, 0x30), { address: '10.0.0.1', port: 9 });
    live.packet(Uint8Array.of(0x82, 0x31));
    live.packet(Uint8Array.of(0x82, 0x32), '10.0.0.2:7');
    live.wrote(Uint8Array.of(0x06), false);
    live.wrote(Uint8Array.of(0x07), true); // never left
    live.counted('checksum', Uint8Array.of(0xff));
    expect(live.take()).toEqual({
      pieces: [
        { atMs: 7, what: 'in', hex: '8230', peer: '10.0.0.1:9' },
        { atMs: 7, what: 'in', hex: '8231' },
        { atMs: 7, what: 'in', hex: '8232', peer: '10.0.0.2:7' },
        { atMs: 7, what: 'out', hex: '06' },
        { atMs: 7, what: 'noise', hex: 'ff', why: 'checksum' },
      ],
      left: 0,
    });
    expect(live.take()).toEqual({ pieces: [], left: 0 });
  });

  it('keep no more than one can look at, and count the rest', () => {
    const live = new LiveBytes(() => 0);
    for (let piece = 0; piece < 10_000; piece++) live.heard(new Uint8Array(100));
    const { pieces, left } = live.take();
    expect(pieces.length + left).toBe(10_000);
    expect(pieces.reduce((sum, { hex }) => sum + hex.length / 2, 0)).toBeLessThanOrEqual(limits.LIVE_BYTES_MAX);
    live.heard(new Uint8Array(10_000_000));
    expect(live.take().pieces).toMatchObject([{ cut: true, hex: '00'.repeat(limits.LIVE_BYTES_MAX) }]);
  });
});
