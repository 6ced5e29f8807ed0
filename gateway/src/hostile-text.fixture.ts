import { readdirSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { cutAll, type Family, fromHex, type Heard, PROFILES, type Said } from '@fengsui/protocol';
import { CLOUDS, PushDesk } from '@fengsui/protocol/clouds';
import { FAMILIES } from '@fengsui/protocol/families';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import fc from 'fast-check';
import { cryptography } from './drivers/cryptography.ts';

/** Reads hostile texts through every text path of the gateway, one after the other, and says each before it begins: who listens knows which one never ended. */

const VECTORS = new URL('../../protocol/vectors/', import.meta.url);
const BYTES_MAX = 64 * 1024;
const SECRET = 'hostile-texts';
const { seed, runs } = workerData as { readonly seed: number; readonly runs: number };

function vectorsOf(name: string): Uint8Array[] {
  if (!readdirSync(VECTORS).includes(`${name}.json`)) return [];
  const rows: Array<{ hex?: string }> = JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), 'utf8'));
  return rows.flatMap(({ hex }) => (hex === undefined ? [] : (fromHex(hex) ?? [])));
}

const ascii = (text: string) => new TextEncoder().encode(text);
/** What makes a careless pattern go back and forth: the same piece again and again, and an end that does not fit. */
const PIECES: ReadonlyArray<Uint8Array> = [
  ...['a', '1', ' ', '0 ', '1,', '点', '[', '{"a":', '["', '\\', '"', '1.', '-', ':', '\t', '\r\n', '\u001b@', '火警 '].map(ascii),
  // GB 18030: lead bytes alone, four-byte forms that never end or stand for nothing, forms cut in two.
  ...[[0x81], [0xfe], [0x81, 0x30], [0x81, 0x30, 0x81], [0xe3, 0x32, 0x9a, 0x36], [0xff], [0x00], [0xbb, 0xf0]].map((bytes) =>
    Uint8Array.from(bytes),
  ),
];

const repeated = fc
  .tuple(fc.constantFrom(...PIECES), fc.nat(BYTES_MAX), fc.constantFrom('', '!', '\n', '}', '\r\n'))
  .map(([piece, length, end]) => Buffer.concat([Buffer.alloc(length, piece), ascii(end)]));

/** A good packet with such a text in its middle, or the text alone. */
function textsOf(packets: readonly Uint8Array[]): Uint8Array[] {
  const inside =
    packets.length === 0
      ? repeated
      : fc.tuple(fc.constantFrom(...packets), fc.nat(), repeated).map(([packet, at, text]) => {
          const where = at % (packet.length + 1);
          return Buffer.concat([packet.subarray(0, where), text, packet.subarray(where)]);
        });
  return fc.sample(fc.oneof(inside, repeated), { seed, numRuns: runs }).map((bytes) => new Uint8Array(bytes.subarray(0, BYTES_MAX)));
}

const clock = { wallMs: () => Date.UTC(2026, 9, 1), monotonicMs: () => 0, sleep: async () => {} };

/** From the words of a device to the frame, and to what people read of it. */
function carry(family: Family, observations: readonly Said[], packet: Uint8Array): void {
  const device = { name: 'd', family: family.name, part: { systemType: 1, systemAddress: 1 }, points: [] };
  let ids = 0;
  const newEventId = () => String(ids++).padStart(32, '0');
  const normalizer = createNormalizer({ devices: [device], zoneMinutes: 480, newEventId, clock });
  const heard: Heard = { device: 'd', family: `${family.name}/1`, observations, packet, heardMs: 0 };
  for (const event of normalizer.normalize(heard))
    for (const { write, read } of PROFILES.values())
      read(write(event, { serial: 1, source: 1, destination: 2, sentMs: 0, zoneMinutes: 480 }));
}

function readWith(family: Family, bytes: Uint8Array): void {
  if (family.shape === 'talks') {
    for (const { kind, bytes: packet } of cutAll(family.cut, bytes)) {
      if (kind !== 'packet') continue;
      carry(family, family.decode(packet).observations, packet);
      family.answer?.(packet, '2026-10-01T08:00:00');
    }
  } else if (family.shape === 'publishes') {
    const published = family.decode(bytes);
    if (published) carry(family, published.observations, bytes);
  } else family.decode(bytes, null);
}

for (const family of FAMILIES.values())
  for (const [index, bytes] of textsOf(vectorsOf(family.name)).entries()) {
    parentPort!.postMessage(`${family.name} ${index} ${bytes.length}`);
    readWith(family, bytes);
  }
for (const [name, cloud] of CLOUDS) {
  const desk = new PushDesk({ cloud, secrets: { path: SECRET }, cryptography, devices: [] });
  for (const [index, bytes] of textsOf(vectorsOf(cloud.family.name)).entries()) {
    parentPort!.postMessage(`cloud ${name} ${index} ${bytes.length}`);
    desk.read('POST', `/push/${SECRET}`, bytes, 0);
  }
}
parentPort!.postMessage('done');
