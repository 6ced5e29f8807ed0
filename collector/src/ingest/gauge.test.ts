import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONNECT_BYTES_MAX, PACKET_BYTES_MAX, PUBLISH_BYTES_MAX } from '../limits.ts';
import { packetGauge } from './gauge.ts';

const CONNECT = 0x10;
const PUBLISH = 0x32;
const PINGREQ = 0xc0;

function announced(length: number): number[] {
  const bytes: number[] = [];
  do bytes.push((length % 128) + (length >= 128 ? 128 : 0));
  while ((length = Math.floor(length / 128)) > 0);
  return bytes;
}

const packet = (header: number, length: number) => [header, ...announced(length), ...new Array(length).fill(0x10)];
const fits = [packet(CONNECT, 100), packet(PUBLISH, PUBLISH_BYTES_MAX), packet(PINGREQ, 0), packet(PUBLISH, 3)].flat();

describe('the gauge', () => {
  it('lets packets of honest length through however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: fits.length - 1 }), { maxLength: 12 }), (cuts) => {
        const gauge = packetGauge();
        const ends = [...cuts.sort((one, other) => one - other), fits.length];
        let from = 0;
        for (const end of ends) {
          expect(gauge(Uint8Array.from(fits.slice(from, end)))).toBeNull();
          from = end;
        }
      }),
    );
  });

  it('says no as soon as a length is announced, before its body comes', () => {
    expect(packetGauge()(Uint8Array.from([CONNECT, ...announced(CONNECT_BYTES_MAX + 1)]))).toBe('packet-too-long');
    expect(packetGauge()(Uint8Array.from([CONNECT, 0xff, 0xff, 0xff, 0x7f]))).toBe('packet-too-long');
  });

  it.each([
    ['PUBLISH', PUBLISH, PUBLISH_BYTES_MAX],
    ['any other packet', 0x82, PACKET_BYTES_MAX],
  ])('holds %s to its own length', (_, header, longest) => {
    const gauge = packetGauge();
    expect(gauge(Uint8Array.from(packet(CONNECT, 20)))).toBeNull();
    expect(gauge(Uint8Array.from(packet(header, longest)))).toBeNull();
    expect(gauge(Uint8Array.from([header, ...announced(longest + 1)]))).toBe('packet-too-long');
  });

  it('wants CONNECT first', () => {
    expect(packetGauge()(Uint8Array.from(packet(PUBLISH, 10)))).toBe('not-connect');
    expect(packetGauge()(new TextEncoder().encode('GET / HTTP/1.1\r\n'))).toBe('not-connect');
  });

  it('refuses a length that never ends', () => {
    expect(packetGauge()(Uint8Array.of(CONNECT, 0x80, 0x80, 0x80, 0x80))).toBe('packet-too-long');
  });
});
