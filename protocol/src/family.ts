import type { Described } from './codec/layout.ts';
import type { CutRule } from './codec/packets.ts';
import type { BytePattern } from './codec/patterns.ts';
import type { DeviceAddress, Quantity } from './event.ts';
import type { Observation, What } from './observation.ts';
import type { Words } from './words.ts';

/**
 * A device family: one protocol, described once, mostly as data. Driver, simulator, conformance test, `gateway decode`
 * and the docs page all read the same description. Nothing here keeps state, reads a clock or does I/O.
 */
export type Family = TalkingFamily | PolledFamily | PublishingFamily;

interface FamilyCard {
  /** Unique; also the name of the vectors file. */
  readonly name: string;
  readonly version: number;
  readonly title: Words;
  /** 1: real sample packets. 2: documented, no real sample. 3: experimental. */
  readonly tier: 1 | 2 | 3;
  /** Documents or captures the description rests on. */
  readonly basis: string;
  /** What an installer must know: traps, limits, data quality. */
  readonly notes?: readonly Words[];
  /** A packet field by field, for people: names, byte ranges, values. */
  readonly describe?: (packet: Uint8Array) => Described[];
}

/** A packet the host may send, or may never send: its words and its bytes. */
export interface Emission extends Words {
  readonly bytes: BytePattern;
  /** The ninth bit these bytes must carry, on lines that need a wire with mark and space parity. */
  readonly ninthBit?: 'mark' | 'space';
}

/** Line setting of a serial wire: the family's default, overridden by the site. */
export interface LineSetting {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** A packet read: its fields as people and JSON see them, and what the device said with it. */
export interface Decoded {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly observations: readonly Observation[];
  /** What the reader should know about this packet though it is taken: an unusual checksum habit, an unknown code. */
  readonly remarks?: readonly string[];
  /** A packet of the host heard back (echo on a two-wire line, a listening tap): not the device's word, no event. */
  readonly fromHost?: true;
  /** The interface answers for a device that it does not reach: no sign of life of the device. What is observed lasts until another word. */
  readonly stuck?: true;
}

/** What a simulator is told to let its device say. Time is the device's clock, `YYYY-MM-DDTHH:mm:ss`. */
export interface Stimulus {
  readonly what: What;
  readonly address: Observation['address'];
  readonly componentType?: number;
  readonly deviceType?: number;
  readonly deviceTime: string;
  readonly detail?: string;
  readonly value?: number;
  readonly battery?: Observation['battery'];
  readonly radio?: Observation['radio'];
  readonly tilt?: Observation['tilt'];
}

/** The name of one saying of a device, and the device's time in it: `YYYY-MM-DDTHH:mm:ss`, in the zone of the site. */
export interface Identity {
  readonly key: string;
  readonly deviceTime: string;
}

/** A panel or host on a byte stream: it talks by itself, or answers a poll. */
export interface TalkingFamily extends FamilyCard {
  readonly shape: 'talks';
  readonly line: LineSetting;
  readonly cut: CutRule;
  /** Reads one packet that `cut` delimited. Never throws: what it does not know stays in `fields` and `remarks`. */
  readonly decode: (packet: Uint8Array) => Decoded;
  /**
   * What the host sends to make the device speak; absent where the device speaks by itself. `turn` counts polls from 0, `unit` is the
   * address of the panel on lines where it has one (default 1).
   */
  readonly poll?: { readonly packet: (turn: number, unit?: number) => Uint8Array; readonly everyMs: number };
  /**
   * The answer a packet wants, or null. It is written only after what the packet said is durable.
   * `localTime` is the site's time, `YYYY-MM-DDTHH:mm:ss`: answers that carry a time must carry the right one, some devices set their clock by it.
   */
  readonly answer?: (packet: Uint8Array, localTime: string) => Uint8Array | null;
  /**
   * What goes out in place of the answer to ask for everything again, the `step`th question since the wire opened (from 0); null
   * where this packet is no place to ask, or nothing is left to ask.
   */
  readonly resync?: (packet: Uint8Array, step: number) => Uint8Array | null;
  /**
   * What a bare sign of life gets for an answer while an event of the device is still being made durable, so that a slow disk does not
   * make the device count us as gone; null: this packet wants none. Absent where every answer could be taken for the confirmation of
   * the event: then the sign of life waits behind it.
   */
  readonly meanwhile?: (packet: Uint8Array) => Uint8Array | null;
  /** Events get no answer: the device says each of them once, whatever we do. */
  readonly saysOnce?: true;
  /** Every packet `poll`, `answer`, `meanwhile` and `resync` can ever make. A driver writes nothing else. Empty: the family only listens. */
  readonly emits: readonly Emission[];
  /** Commands the protocol knows (reset, silence, start, isolate, clock …): named so that a test proves they are never sent. */
  readonly neverSent: readonly Emission[];
  /** The device must have its answer within this time or it raises a fault of its own. */
  readonly answerWithinMs?: number;
  /** A gap longer than this between bytes ends a packet. */
  readonly gapMs: number;
  /** Silence after which the device counts as lost. */
  readonly silenceMs: number;
  /** A device may say one thing several times (GST AA bus: three copies): equal packets within this time are one. */
  readonly repeatMs?: number;
  /**
   * What tells one saying of the device from all others for good, where it counts them or dates them to the second: a copy, whenever
   * it comes, has the same key. null: nothing does. The device's clock beside it, for a clock that was never set tells nothing.
   */
  readonly identity?: (packet: Uint8Array) => Identity | null;
  /** Who sent a packet, where devices name themselves and many share a wire: lower-case hex. */
  readonly sender?: (packet: Uint8Array) => string;
  /** The family read with the habits of a maker, by the name of the dialect; the site names one for each device. */
  readonly dialects?: ReadonlyMap<string, TalkingFamily>;
  /** Plays the device. */
  readonly play: {
    /** Sent every `idleEveryMs` when there is nothing to say; absent where the device is silent. */
    readonly idle?: (deviceTime: string) => Uint8Array;
    readonly idleEveryMs?: number;
    /** What the device answers to a packet of the host (a poll); null: nothing. `pending` is the oldest packet that waits to be fetched. */
    readonly answer?: (packet: Uint8Array, pending: Uint8Array | null, deviceTime: string) => Uint8Array | null;
    /** How the device recognises packets of the host. */
    readonly hostCut?: CutRule;
    /** True where the device says things only when it is asked. */
    readonly onlyWhenPolled?: boolean;
    /** The packet that says it; null where this family cannot. */
    readonly say: (stimulus: Stimulus) => Uint8Array | null;
    /** Whether the host's packet confirms what was said, so that the device stops repeating it; absent where the family has no confirmation. */
    readonly confirms?: (packet: Uint8Array) => boolean;
    readonly repeatEveryMs?: number;
  };
}

/** How a register, or several, become a value. Addresses are wire addresses (0 based). */
export interface RegisterPoint {
  readonly name: string;
  readonly title: Words;
  /** Modbus function: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. There is no other: writing is not compiled in. */
  readonly function: 1 | 2 | 3 | 4;
  readonly register: number;
  readonly type: 'bit' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32';
  /** Only this byte of the register counts; the other belongs to another point. */
  readonly byte?: 'high' | 'low';
  /** Order of the bytes of a 32-bit value, A the highest; default ABCD. */
  readonly order?: 'ABCD' | 'CDAB' | 'BADC' | 'DCBA';
  /** The value is multiplied by this, after the decimals; default 1. */
  readonly scale?: number;
  /** Register that holds the number of decimals (0–3). */
  readonly decimalsRegister?: number;
  readonly quantity?: Quantity;
  /** Values outside are not believed (quality out-of-range). */
  readonly valid?: { readonly min: number; readonly max: number };
  /**
   * For states: what each set bit, or each exact value, says. A value that says nothing ends what the value before it said.
   * `details`, by the same bit or value, tells which alarm or fault it is.
   */
  readonly says?: {
    readonly bits?: Readonly<Record<number, What>>;
    readonly values?: Readonly<Record<number, What>>;
    readonly details?: Readonly<Record<number, string>>;
    /** Values that say nothing: all is well. 0 always is one. */
    readonly quiet?: readonly number[];
    /** The table names what matters to the site, not all there is: what it leaves out is no unknown code. */
    readonly isPartial?: true;
  };
  /** Register that tells the unit of the value, and what its codes mean: quantity and scale then come from there. */
  readonly unitRegister?: {
    readonly register: number;
    readonly byte?: 'high' | 'low';
    readonly units: Readonly<Record<number, { readonly quantity?: Quantity; readonly scale: number }>>;
  };
  /** Register of a unit code that differs by maker: the site says what it must hold for the value to be believed. */
  readonly unitCodeRegister?: number;
  readonly unitCode?: number;
  /** How the device itself counts this point. */
  readonly address?: DeviceAddress;
  readonly componentType?: number;
}

/** A device read by Modbus. */
export interface PolledFamily extends FamilyCard {
  readonly shape: 'polled';
  /** Points that any device may have: a scan suggests it only after the families that name one device. */
  readonly isGeneral?: true;
  readonly line: LineSetting;
  readonly points: readonly RegisterPoint[];
  /** Most registers one read may ask for. */
  readonly readMax: number;
  readonly pollEveryMs: number;
  /** Rest between two reads of one device. */
  readonly restMs?: number;
  readonly answerTimeoutMs: number;
  /** Two missed polls say stale; this many missed polls say lost. */
  readonly lostAfterMisses: number;
  /** Reads a reply given the registers that were asked for (a reply alone cannot be read: null leaves it raw). Reads requests too. Never throws. */
  readonly decode: (reply: Uint8Array, request: RegisterRequest | null) => Decoded;
}

/** Registers a read asks for: wire address of the first, and how many. */
export interface RegisterRequest {
  readonly register: number;
  readonly count: number;
}

/** What a published packet is about: who sent it and what makes it unique. */
export interface Published extends Decoded {
  /** IMEI or endpoint name; null when the payload does not say (then the carrier knows). */
  readonly device: string | null;
  /** The device's own counter, where it has one: with the device it recognises a repeat for good. */
  readonly counter: number | null;
}

/** A device that publishes by itself: NB-IoT over CoAP, or an operator's cloud over HTTP. */
export interface PublishingFamily extends FamilyCard {
  readonly shape: 'publishes';
  readonly carrier: 'coap' | 'http';
  /** Reads one payload. Returns null when it is none of this family's. Never throws. */
  readonly decode: (payload: Uint8Array) => Published | null;
  /** What a payload says where the product is set otherwise, by the name of the dialect; the site names one for each device. */
  readonly dialects?: ReadonlyMap<string, (published: Published) => Published>;
  /** Silence after which the device counts as lost (GB/T 45839-2025 5.5.2: 24 h, we allow one hour of grace). */
  readonly silenceMs: number;
  readonly play: {
    /** The payload that says it. `counter` runs per device. */
    readonly say: (stimulus: Stimulus, device: string, counter: number) => Uint8Array | null;
  };
}
