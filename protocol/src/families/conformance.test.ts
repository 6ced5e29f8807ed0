import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { modbusCut } from '../codec/modbus.ts';
import { type CutRule, cutAll, PacketCutter } from '../codec/packets.ts';
import type { Decoded, Family, RegisterRequest, Stimulus, TalkingFamily } from '../family.ts';
import { WHATS } from '../observation.ts';
import { FAMILIES } from './register.ts';

/** Every family of the register against its own vectors: adding a family adds its tests. */

interface Vector {
  readonly name: string;
  readonly source: string;
  readonly hex: string;
  readonly checksumOk: boolean | null;
  readonly meaning: Readonly<Record<string, unknown>>;
}

const VECTORS = new URL('../../vectors/', import.meta.url);
const SOURCES = ['capture', 'document', 'constructed'];
const ALL = [...FAMILIES.values()];

/** Vectors of GB/T 26875.3 say in a shape of their own what is in the frame, and their own tests compare it. */
interface FrameVector extends Omit<Vector, 'source'> {
  readonly origin?: 'capture' | 'published' | 'constructed';
  readonly kind?: string;
  readonly source?: string;
}

function vectorsOf({ name }: Family): Vector[] {
  const rows = JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), 'utf8'));
  return name.startsWith('gb26875') ? rows.flatMap(vectorOfFrame) : rows;
}

function vectorOfFrame({ name, origin, kind, source, hex, checksumOk, meaning }: FrameVector): Vector[] {
  if (kind?.startsWith('vendor')) return [];
  const what = meaning?.['what'];
  const from = source ?? (origin === 'published' ? 'document' : origin!);
  return [{ name, source: from, hex, checksumOk, meaning: what === undefined ? {} : { what } }];
}

const bytesOf = ({ hex }: Vector) => fromHex(hex)!;
const isTaken = ({ checksumOk, meaning }: Vector) => meaning['accept'] !== false && (checksumOk !== false || meaning['accept'] === true);

/** The rule that cuts a family's stream; null where the carrier delimits (CoAP, HTTP). */
function ruleOf(family: Family): CutRule | null {
  return family.shape === 'talks' ? family.cut : family.shape === 'polled' ? modbusCut : null;
}

function requestOf({ meaning }: Vector): RegisterRequest | null {
  const found = /([0-9A-F]{4})\/(\d+)/.exec(String(meaning['request'] ?? ''));
  return found ? { register: Number.parseInt(found[1]!, 16), count: Number(found[2]) } : null;
}

function read(family: Family, bytes: Uint8Array, request: RegisterRequest | null): Decoded {
  if (family.shape === 'polled') return family.decode(bytes, request);
  return family.decode(bytes) ?? { fields: {}, observations: [], remarks: ['not of this family'] };
}

function packetsIn(rule: CutRule, bytes: Uint8Array): string[] {
  return cutAll(rule, bytes).flatMap((cut) => (cut.kind === 'packet' ? [toHex(cut.bytes)] : []));
}

/** What of a vector's meaning speaks of the vector and not of the packet. */
const ABOUT_THE_VECTOR = new Set(
  'what direction note reads source line basis confidence parity sentThreeTimes idsReplaced accept sumRule request carrier encoding readOnlyGateway inner'.split(
    ' ',
  ),
);

/** A value said in a meaning, found among what was decoded: the fields, the first observation, its address. */
function said({ fields, observations }: Decoded, key: string): unknown {
  const first = observations[0];
  const places: ReadonlyArray<Readonly<Record<string, unknown>> | undefined> = [
    fields,
    first && { ...first },
    first && { ...first.address },
  ];
  return places.find((place) => place && key in place)?.[key];
}

describe('the register', () => {
  it('names every family once, after its vectors file', () => {
    expect(FAMILIES.size).toBeGreaterThan(0);
    for (const [name, family] of FAMILIES) {
      expect(family.name).toBe(name);
      expect(existsSync(new URL(`${name}.json`, VECTORS)), name).toBe(true);
    }
    const files = readdirSync(VECTORS).filter((file) => file.endsWith('.json'));
    for (const file of files) expect(FAMILIES.has(file.replace('.json', '')), file).toBe(true);
  });
});

describe.each(ALL.map((family) => [family.name, family] as const))('%s', (_, family) => {
  const vectors = vectorsOf(family);
  const rule = ruleOf(family);
  const taken = vectors.filter(isTaken);

  it('has vectors that say where they come from, and a tier that fits them', () => {
    expect(taken.length).toBeGreaterThan(0);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    for (const { name, source } of vectors) expect(SOURCES, name).toContain(source);
    if (family.tier === 1) expect(vectors.some(({ source }) => source !== 'constructed')).toBe(true);
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))('reads %s as its meaning says', (_, vector) => {
    const bytes = bytesOf(vector);
    const cuts = rule ? cutAll(rule, bytes) : [{ kind: 'packet' as const, bytes }];
    if (!isTaken(vector)) {
      expect(cuts[0]).toMatchObject({ kind: 'noise', why: 'checksum', bytes });
      const words = cuts.flatMap((cut) => (cut.kind === 'packet' ? read(family, cut.bytes, requestOf(vector)).observations : []));
      return expect(words).toEqual([]);
    }
    expect(cuts.filter(({ kind }) => kind === 'noise')).toEqual([]);
    const all = cuts.map((cut) => read(family, cut.bytes, requestOf(vector)));
    const decoded = all[0]!;
    const { meaning } = vector;
    if (meaning['what'] !== undefined) expect(decoded.observations[0]?.what).toBe(meaning['what']);
    if (meaning['direction'] !== undefined) expect(all.map(({ fields }) => fields['direction'])).toContain(meaning['direction']);
    for (const [key, value] of Object.entries(meaning)) {
      if (!ABOUT_THE_VECTOR.has(key)) expect(said(decoded, key), key).toEqual(value);
    }
  });

  it('says only words of the list, in plain data', () => {
    for (const vector of taken) {
      const decoded = read(family, bytesOf(vector), requestOf(vector));
      for (const { what } of decoded.observations) expect(WHATS).toContain(what);
      expect(JSON.parse(JSON.stringify(decoded))).toEqual(decoded);
    }
  });

  it('describes every byte of what it describes', () => {
    for (const vector of taken) {
      const described = family.describe?.(bytesOf(vector)) ?? [];
      for (const { words } of described) expect(words.en && words.zh).toBeTruthy();
      const hex = described.map((field) => field.hex).join('');
      expect(toHex(bytesOf(vector)).startsWith(hex)).toBe(true);
      if (rule && described.length > 0) expect(hex).toBe(toHex(bytesOf(vector)));
    }
  });

  it('never throws and never leaves plain data, whatever the bytes', () => {
    const damaged = fc.tuple(fc.constantFrom(...vectors.map(bytesOf)), fc.nat(), fc.nat(7), fc.nat()).map(([bytes, at, bit, length]) => {
      const copy = bytes.slice(0, length % 3 === 0 ? length % (bytes.length + 1) : bytes.length);
      if (copy.length > 0) copy[at % copy.length]! ^= 1 << bit;
      return copy;
    });
    const request = fc.option(fc.record({ register: fc.nat(0xffff), count: fc.integer({ min: 1, max: 125 }) }));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), request, (bytes, asked) => {
        const cuts = rule ? cutAll(rule, bytes) : [];
        const packets = family.shape === 'talks' ? cuts.filter(({ kind }) => kind === 'packet').map((cut) => cut.bytes) : [];
        for (const piece of [bytes, ...cuts.map((cut) => cut.bytes)]) {
          const decoded = read(family, piece, asked);
          expect(JSON.parse(JSON.stringify(decoded))).toEqual(decoded);
          // Never silence: a packet that nobody can read is seen with its bytes, by people and not only by counters.
          if (packets.includes(piece) && (decoded.remarks ?? []).length > 0) expect(decoded.observations.length).toBeGreaterThan(0);
          for (const { what, value } of decoded.observations) {
            expect(WHATS).toContain(what);
            if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
          }
          family.describe?.(piece);
        }
      }),
    );
  });
});

const streamed = ALL.flatMap((family) => {
  const rule = ruleOf(family);
  return rule ? [[family.name, family, rule] as const] : [];
});

describe.each(streamed)('the stream of %s', (_, family, rule) => {
  const taken = vectorsOf(family).filter(isTaken).map(bytesOf);
  const wanted = (all: readonly Uint8Array[]) => all.flatMap((bytes) => packetsIn(rule, bytes));
  /** Bytes that start no packet of this family, so that noise can be told from packets. */
  const noise = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
    const measure = rule.measure(Uint8Array.of(byte), 0, 1);
    return typeof measure === 'object' && measure.why === 'no-start';
  });
  const noisy = fc.array(fc.constantFrom(...noise), { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));

  it('gives the same packets however it is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...taken), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(300), { maxLength: 8 }),
        (packets, at) => {
          const stream = joined(packets);
          const cutter = new PacketCutter(rule);
          const ends = [...new Set(at)].sort((a, b) => a - b);
          const pieces = [0, ...ends].map((from, index) => stream.subarray(from, ends[index] ?? stream.length));
          const cuts = [...pieces.flatMap((piece) => cutter.feed(piece)), ...cutter.idle()];
          expect(cuts.map((cut) => toHex(cut.bytes)).join('')).toBe(toHex(stream));
          expect(cuts.flatMap((cut) => (cut.kind === 'packet' ? [toHex(cut.bytes)] : []))).toEqual(packetsIn(rule, stream));
        },
      ),
    );
  });

  it('is never said to miss more bytes than it does', () => {
    for (const packet of taken.filter((bytes) => packetsIn(rule, bytes)[0] === toHex(bytes)))
      for (let length = 1; length < packet.length; length++) {
        const cutter = new PacketCutter(rule);
        if (cutter.feed(packet.subarray(0, length)).length > 0) continue; // a packet that ends here and is gone on with
        expect(cutter.missingBytes).toBeGreaterThan(0);
        expect(cutter.missingBytes).toBeLessThanOrEqual(packet.length - length);
        expect(cutter.feed(packet.subarray(length)).map(({ kind }) => kind)).toEqual(['packet']);
        expect(cutter.missingBytes).toBe(0);
      }
  });

  it('finds every packet of a glued stream', () => {
    expect(packetsIn(rule, joined(taken))).toEqual(wanted(taken));
  });

  it('finds a packet again between noise', () => {
    expect(noise.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(noisy, fc.constantFrom(...taken), noisy, fc.constantFrom(...taken), (before, first, between, second) => {
        expect(packetsIn(rule, joined([before, first, between, second]))).toEqual(wanted([first, second]));
      }),
    );
  });
});

const NOON = '2026-03-09T12:34:56';
const ADDRESS = { controller: 1, loop: 1, point: 2, zone: 1, channel: 1 };
const stimuli = WHATS.flatMap((what): Stimulus[] => [
  { what, address: ADDRESS, deviceTime: NOON },
  { what, address: ADDRESS, deviceTime: NOON, value: 12 },
]);

/** What a family's device said, decoded again: it must be the word it was told to say, at the address it was told. */
function expectSaid({ what, address }: Stimulus, heard: readonly Decoded[]): void {
  const found = heard.flatMap(({ observations }) => observations).find((observation) => observation.what === what);
  expect(found, `${what} in ${JSON.stringify(heard)}`).toBeDefined();
  for (const [part, told] of Object.entries(address)) {
    const seen = found!.address[part as keyof typeof address];
    if (seen !== undefined) expect(seen, part).toBe(told);
  }
}

const talking = ALL.filter((family) => family.shape === 'talks');

describe.each(talking.map((family) => [family.name, family] as const))('a simulated %s', (_, family) => {
  it('is understood, word by word', () => {
    const spoken = stimuli.filter((stimulus) => {
      const packet = family.play.say(stimulus);
      if (packet) expectSaid(stimulus, cutsOf(family, packet));
      return packet !== null;
    });
    expect(spoken.length).toBeGreaterThan(0);
  });

  it('is alive when it has nothing to say', () => {
    const { idle, answer } = family.play;
    if (idle) expect(cutsOf(family, idle(NOON)).length).toBeGreaterThan(0);
    if (!family.poll || !answer) return;
    const reply = answer(family.poll.packet(0), null, NOON);
    if (reply) expect(cutsOf(family, reply).length).toBeGreaterThan(0);
  });

  it('is polled, answered and confirmed in packets that both sides can cut', () => {
    const { hostCut = family.cut, answer, confirms } = family.play;
    const hostPackets = (bytes: Uint8Array) => {
      const cuts = cutAll(hostCut, bytes);
      expect(cuts.filter(({ kind }) => kind === 'noise')).toEqual([]);
      return cuts.map((cut) => cut.bytes);
    };
    const words = stimuli.flatMap((stimulus) => family.play.say(stimulus) ?? []);
    const pending = words[0]!;
    if (family.poll && answer) {
      const fetched = hostPackets(family.poll.packet(0)).flatMap((packet) => {
        const first = answer(packet, pending, NOON);
        const reply = first && family.answer ? family.answer(first, NOON) : null;
        return [first, reply && answer(reply, pending, NOON)];
      });
      expect(fetched.map((reply) => reply && toHex(reply))).toContain(toHex(pending));
    }
    if (!confirms) return;
    for (const packet of words.slice(0, 3)) {
      const reply = family.answer?.(cutAll(family.cut, packet)[0]!.bytes, NOON);
      expect(reply && hostPackets(reply).some(confirms), toHex(packet)).toBe(true);
    }
  });

  it('never says what it has no room for', () => {
    expect(() =>
      family.play.say({ what: 'fire', address: { controller: 1e9, loop: 1e9, point: 1e12, zone: 1e9 }, deviceTime: NOON }),
    ).not.toThrow();
  });
});

function cutsOf(family: TalkingFamily, bytes: Uint8Array): Decoded[] {
  const cuts = cutAll(family.cut, bytes);
  expect(cuts.filter(({ kind }) => kind === 'noise')).toEqual([]);
  return cuts.map((cut) => family.decode(cut.bytes));
}

const publishing = ALL.filter((family) => family.shape === 'publishes');

describe.each(publishing.map((family) => [family.name, family] as const))('a simulated %s', (_, family) => {
  it('is understood, word by word, and names itself', () => {
    const imei = '860000000000017';
    const spoken = stimuli.filter((stimulus) => {
      const payload = family.play.say(stimulus, imei, 7);
      const published = payload && family.decode(payload);
      if (!payload) return false;
      // Some devices count fewer digits than an IMEI has.
      expect(imei.endsWith(published?.device ?? imei), String(published?.device)).toBe(true);
      expectSaid({ ...stimulus, address: {} }, [published!]);
      return true;
    });
    expect(spoken.length).toBeGreaterThan(0);
  });
});

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
