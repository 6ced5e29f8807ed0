/** The checksums of the field. All take the bytes `from` (inclusive) to `to` (exclusive). */
export type Checksum = (bytes: Uint8Array, from?: number, to?: number) => number;

/** Sum of the bytes, low 8 bits (GB/T 26875.3-2011 table 1). */
export const sum8: Checksum = (bytes, from = 0, to = bytes.length) => {
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at]!;
  return sum & 0xff;
};

/** Sum of the bytes, low 16 bits. */
export const sum16: Checksum = (bytes, from = 0, to = bytes.length) => {
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at]!;
  return sum & 0xffff;
};

/** All bytes combined by exclusive or. */
export const xor8: Checksum = (bytes, from = 0, to = bytes.length) => {
  let sum = 0;
  for (let at = from; at < to; at++) sum ^= bytes[at]!;
  return sum;
};

interface Crc {
  readonly width: 8 | 16 | 32;
  readonly polynomial: number;
  readonly init: number;
  /** Bits enter and leave low end first. */
  readonly reflected: boolean;
  readonly xorOut: number;
}

function shiftedOut(register: number, { width, polynomial, reflected }: Crc): number {
  const top = 2 ** (width - 1);
  for (let bit = 0; bit < 8; bit++) {
    if (reflected) register = (register & 1 ? (register >>> 1) ^ polynomial : register >>> 1) >>> 0;
    else register = ((register & top) !== 0 ? (register << 1) ^ polynomial : register << 1) & (2 * top - 1);
  }
  return register;
}

function crc(rule: Crc): Checksum {
  const table = Array.from({ length: 256 }, (_, byte) => shiftedOut(rule.reflected ? byte : byte << (rule.width - 8), rule));
  const high = rule.width - 8;
  const mask = 2 ** rule.width - 1;
  return (bytes, from = 0, to = bytes.length) => {
    let register = rule.init;
    for (let at = from; at < to; at++) {
      register = rule.reflected
        ? (table[(register ^ bytes[at]!) & 0xff]! ^ (register >>> 8)) >>> 0
        : (table[((register >>> high) ^ bytes[at]!) & 0xff]! ^ (register << 8)) & mask;
    }
    return (register ^ rule.xorOut) >>> 0;
  };
}

/** CRC-16/MODBUS; on the wire low byte first. */
export const crc16Modbus = crc({ width: 16, polynomial: 0xa001, init: 0xffff, reflected: true, xorOut: 0 });
/** CRC-16, polynomial 1021, init 0 (Forsafe FS5101W); on the wire high byte first. */
export const crc16Xmodem = crc({ width: 16, polynomial: 0x1021, init: 0, reflected: false, xorOut: 0 });
/** CRC-16, polynomial 1021, init FFFF, final XOR FFFF (OXX20). */
export const crc16Genibus = crc({ width: 16, polynomial: 0x1021, init: 0xffff, reflected: false, xorOut: 0xffff });
/** CRC-8/MAXIM (JBF-193K electrical frames). */
export const crc8Maxim = crc({ width: 8, polynomial: 0x8c, init: 0, reflected: true, xorOut: 0 });
/** CRC-32 (ISO-HDLC), for references to raw packets and rows of the journal. */
export const crc32 = crc({ width: 32, polynomial: 0xedb88320, init: 0xffffffff, reflected: true, xorOut: 0xffffffff });
