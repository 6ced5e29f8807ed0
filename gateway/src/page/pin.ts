import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/*
 * The PIN of the installer's page. A PIN is short: what keeps it is that few guesses are taken (guard.ts). The slow hash is
 * for the day somebody copies the file.
 */

const DIGITS_MIN = 6;
const DIGITS_MAX = 16;
/** 16 MiB and a tenth of a second on a small box; one at a time. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const LINE = /^fengsui-pin 1 ([A-Za-z0-9_-]{22}) ([A-Za-z0-9_-]{43})\n?$/;

/** What is wrong with a PIN, in the words of both languages; null: nothing. */
export function pinProblem(pin: string): string | null {
  if (!/^\d+$/.test(pin) || pin.length < DIGITS_MIN || pin.length > DIGITS_MAX)
    return `a PIN is ${DIGITS_MIN} to ${DIGITS_MAX} digits / PIN 须为 ${DIGITS_MIN} 至 ${DIGITS_MAX} 位数字`;
  return isGuessable(pin) ? 'this PIN is one of the first to be guessed / 该 PIN 过于简单,容易被猜中' : null;
}

/** 000000, 123456, 987654, 121212, 123123, 112233, 123321: what people try first. */
function isGuessable(pin: string): boolean {
  const digits = [...pin].map(Number);
  const steps = new Set(digits.slice(1).map((digit, index) => (digit - digits[index]! + 10) % 10));
  const repeats = [1, 2, 3, 4].some((length) => pin.length >= 2 * length && pin.slice(length) === pin.slice(0, -length));
  const pairs = pin.length % 2 === 0 && digits.every((digit, index) => index % 2 === 0 || digit === digits[index - 1]);
  const mirrored = pin === [...pin].reverse().join('');
  return steps.size === 1 || repeats || pairs || mirrored || new Set(digits).size < 3;
}

function hashOf(pin: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => scrypt(pin, salt, HASH_BYTES, COST, (error, hash) => (error ? reject(error) : resolve(hash))));
}

/** The text of a PIN file: a salted hash, never the PIN. */
export async function pinLine(pin: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return `fengsui-pin 1 ${salt.toString('base64url')} ${(await hashOf(pin, salt)).toString('base64url')}\n`;
}

export function isPinLine(line: string): boolean {
  return LINE.test(line);
}

/** Whether a PIN is the one of the file; takes the same time whether it is or not. */
export async function isPin(line: string, pin: string): Promise<boolean> {
  const [, salt = '', hash = ''] = LINE.exec(line) ?? [];
  const [known, tried] = [Buffer.from(hash, 'base64url'), await hashOf(pin.slice(0, DIGITS_MAX + 1), Buffer.from(salt, 'base64url'))];
  return known.length === tried.length && timingSafeEqual(known, tried);
}
