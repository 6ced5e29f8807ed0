import { CONNECT_BYTES_MAX, PACKET_BYTES_MAX, PUBLISH_BYTES_MAX } from '../limits.ts';

const CONNECT = 1;
const PUBLISH = 3;
const LONGEST: ReadonlyMap<number, number> = new Map([
  [CONNECT, CONNECT_BYTES_MAX],
  [PUBLISH, PUBLISH_BYTES_MAX],
]);

/** Why a stream is cut off before the broker has read it. */
export type Overrun = 'not-connect' | 'packet-too-long';

/**
 * Measures MQTT packets by the lengths they announce (MQTT 3.1.1 §2.2.3), before anybody buffers them: the first must be a
 * CONNECT, and none may be longer than its kind needs. Says null while all is well; after a verdict it is spent.
 */
export function packetGauge(): (chunk: Uint8Array) => Overrun | null {
  let type = 0;
  let shift = 0;
  let left = 0;
  let at: 'type' | 'length' | 'body' = 'type';
  let first = true;

  const begin = (byte: number): Overrun | null => {
    type = byte >> 4;
    if (first && type !== CONNECT) return 'not-connect';
    first = false;
    [at, shift, left] = ['length', 0, 0];
    return null;
  };

  const measure = (byte: number): Overrun | null => {
    left += (byte & 0x7f) * 2 ** shift;
    shift += 7;
    const more = byte >= 0x80;
    if (left > (LONGEST.get(type) ?? PACKET_BYTES_MAX) || (more && shift > 21)) return 'packet-too-long';
    if (!more) at = left > 0 ? 'body' : 'type';
    return null;
  };

  return (chunk) => {
    for (let index = 0; index < chunk.length; ) {
      if (at === 'body') {
        const step = Math.min(left, chunk.length - index);
        left -= step;
        index += step;
        if (left === 0) at = 'type';
        continue;
      }
      const wrong = at === 'type' ? begin(chunk[index]!) : measure(chunk[index]!);
      if (wrong) return wrong;
      index += 1;
    }
    return null;
  };
}
