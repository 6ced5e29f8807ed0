// What the raw bytes of a row say, read by the checker's own small decoders (devices.md 4.5, 6.1, 7.5): labels are not believed.

/** What a packet claims to be: enough to find the one stimulus that it came from. */
export interface Claim {
  /** Equal for a packet and the stimulus behind it. */
  readonly key: string;
  /** What the device said with it, most important first. */
  readonly whats: readonly string[];
}

interface Said {
  readonly what: string;
  readonly address: Readonly<Record<string, unknown>>;
  readonly deviceTime?: string;
  readonly counter?: number;
  readonly value?: number;
}

const JBF_WHATS: Readonly<Record<number, string>> = {
  128: 'fire',
  10: 'fire',
  129: 'fault',
  130: 'fault-restored',
  131: 'start',
  132: 'stop',
  133: 'feedback',
  134: 'feedback-ended',
  140: 'supervisory',
  151: 'unshield',
  152: 'shield',
  1: 'reset',
  11: 'silence',
  0: 'heartbeat',
  9: 'heartbeat',
  105: 'heartbeat',
};
/** Commands that speak of the whole controller carry no loop and point that mean anything. */
const JBF_WHOLE = ['reset', 'silence', 'heartbeat'];

const two = (value: number) => String(value).padStart(2, '0');

function jbfKey(what: string, controller: unknown, loop: unknown, point: unknown, time: string): string {
  const place = JBF_WHOLE.includes(what) ? String(controller) : `${controller}.${loop}.${point}`;
  return `${what} ${place} ${time}`;
}

/** `82`, twelve bytes as two characters of 30–3F each, `83`. */
function readJbf(bytes: Uint8Array): Claim | null {
  if (bytes.length < 26 || bytes[0] !== 0x82 || bytes[bytes.length - 1] !== 0x83) return null;
  const data = Array.from({ length: 12 }, (_, index) => ((bytes[1 + 2 * index]! & 15) << 4) | (bytes[2 + 2 * index]! & 15));
  const [command, controller, loop, point, , year, month, day, hour, minute, second] = data as number[];
  const what = JBF_WHATS[command!];
  if (!what) return null;
  const time = `20${two(year!)}-${two(month!)}-${two(day!)}T${two(hour!)}:${two(minute!)}:${two(second!)}`;
  return { key: jbfKey(what, controller, loop, point, time), whats: [what] };
}

const HUAQIANG_EPOCH_S = 1_536_508_800;
const HUAQIANG_BITS: Readonly<Record<number, ReadonlyArray<readonly [bit: number, what: string]>>> = {
  8: [
    [0, 'fire'],
    [7, 'fault'],
    [2, 'battery-low'],
  ],
  6: [
    [0, 'low'],
    [1, 'high'],
    [7, 'fault'],
    [5, 'battery-low'],
  ],
};

/** "PU", length, header with time, IMEI in swapped nibbles, alarm bits at 27. */
function readHuaqiang(all: Uint8Array): Claim | null {
  const at = Buffer.from(all).indexOf('PU');
  const bytes = Buffer.from(all).subarray(Math.max(at, 0));
  if (at < 0 || bytes.length < 39) return null;
  const device = bytes[7]!;
  const seconds = bytes.readUInt32BE(13);
  const imei = bytes
    .subarray(17, 25)
    .toString('hex')
    .replace(/(.)(.)/g, '$2$1')
    .slice(0, 15);
  const alarms = (HUAQIANG_BITS[device] ?? []).filter(([bit]) => (bytes[27]! >> bit) & 1).map(([, what]) => what);
  const lastSmoke = device === 8 && bytes.length >= 43 ? bytes.readUInt32BE(39) : 0;
  const cleared = alarms.length === 0 && lastSmoke > 0 && seconds - lastSmoke <= 25 * 3600;
  const time = new Date((seconds + HUAQIANG_EPOCH_S) * 1000).toISOString().slice(0, 19);
  return { key: `${imei} ${bytes[5]} ${time}`, whats: [...alarms, ...(cleared ? ['restored'] : []), 'reading', 'heartbeat'] };
}

/** The key of what a device said, by the same rules. */
function keyOf(family: string, { what, address, deviceTime, counter, value }: Said): string | null {
  if (family === 'jbf-193k') return jbfKey(what, address['controller'] ?? 1, address['loop'] ?? 0, address['point'] ?? 0, deviceTime ?? '');
  if (family === 'nb-huaqiang') return `${address['device']} ${counter} ${deviceTime ?? ''}`;
  return what === 'reading' && value !== undefined ? `value ${value}` : null;
}

const READERS: Readonly<Record<string, (bytes: Uint8Array) => Claim | null>> = { 'jbf-193k': readJbf, 'nb-huaqiang': readHuaqiang };

/** The claim of a raw packet; null where this checker cannot read it. */
export function claimOf(family: string, packetHex: string): Claim | null {
  return READERS[family]?.(Buffer.from(packetHex, 'hex')) ?? null;
}

export function stimulusKey(family: string, said: Said): string | null {
  return keyOf(family, said);
}

/** Whether a value of a polled device stands in the raw answer: as a signed word, in any number of decimals up to three. */
export function holdsValue(packetHex: string, value: number): boolean {
  const bytes = Buffer.from(packetHex, 'hex');
  for (let at = 0; at + 2 <= bytes.length; at++) {
    const word = bytes.readInt16BE(at);
    for (let decimals = 0; decimals <= 3; decimals++) if (Math.abs(word / 10 ** decimals - value) < 1e-9) return true;
  }
  return false;
}

/** Whether a frame is one of GB/T 26875.3 (start, end, sum over control unit and data), and carries the packet it was made from. */
export function frameProblem(frame: Uint8Array, packetHex: string | undefined): string | null {
  const bytes = Buffer.from(frame);
  const end = bytes.length - 3;
  if (bytes.length < 30 || bytes.readUInt16BE(0) !== 0x4040 || bytes.readUInt16BE(bytes.length - 2) !== 0x2323)
    return 'has no start or end';
  let sum = 0;
  for (let at = 2; at < end; at++) sum = (sum + bytes[at]!) & 0xff;
  if (sum !== bytes[end]) return 'has a wrong sum';
  if (packetHex && !bytes.includes(Buffer.from(packetHex, 'hex'))) return 'does not carry the packet it names';
  return null;
}
