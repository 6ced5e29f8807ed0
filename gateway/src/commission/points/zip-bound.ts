import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;

/** Files inside an XLSX of one sheet: a dozen; with pictures some hundreds. */
const ENTRIES_MAX = 1_000;

/**
 * Whether a ZIP unpacks to no more than so many bytes in all; a reason where not, or where it is no ZIP. The sizes it states
 * are not believed: every entry is unpacked into nothing, up to the limit.
 */
export function zipProblem(bytes: Uint8Array, unpackedBytesMax: number): string | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = endOfDirectory(file);
  if (end === null) return 'is no XLSX file (no ZIP) / 不是 XLSX 文件';
  const entries = file.readUInt16LE(end + 10);
  if (entries > ENTRIES_MAX) return `holds more than ${ENTRIES_MAX} files / 内含文件过多`;
  let at = file.readUInt32LE(end + 16);
  let left = unpackedBytesMax;
  try {
    for (let entry = 0; entry < entries; entry++) {
      if (file.readUInt32LE(at) !== DIRECTORY_ENTRY) return 'is a damaged ZIP / 压缩结构损坏';
      left -= unpackedBytes(file, at, left);
      if (left < 0) return `unpacks to more than ${unpackedBytesMax} bytes / 解压后过大`;
      at += 46 + file.readUInt16LE(at + 28) + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
    }
  } catch (error) {
    if (!(error instanceof RangeError) && !String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
    const tooBig = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return tooBig ? `unpacks to more than ${unpackedBytesMax} bytes / 解压后过大` : 'is a damaged ZIP / 压缩结构损坏';
  }
  return null;
}

function endOfDirectory(file: Buffer): number | null {
  for (let at = file.length - END_BYTES; at >= 0 && at >= file.length - END_BYTES - COMMENT_BYTES_MAX; at--)
    if (file.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  return null;
}

/** Bytes an entry really holds; throws where they are more than `max`. */
function unpackedBytes(file: Buffer, entry: number, max: number): number {
  const method = file.readUInt16LE(entry + 10);
  const packed = file.readUInt32LE(entry + 20);
  const local = file.readUInt32LE(entry + 42);
  const from = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
  if (method === 0) return packed;
  return inflateRawSync(file.subarray(from, from + packed), { maxOutputLength: Math.max(1, max) }).length;
}
