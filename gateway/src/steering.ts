/**
 * What a device wrote must not steer a terminal, nor hide in it: controls, the second set of them too, marks that turn the direction of
 * writing, and what is written and not seen.
 */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const NO_TEXT = /[^\t\r\n]/u;

/** A text for the eyes: what would steer is shown as what it is not. */
export function plain(text: string): string {
  return text.replaceAll(STEERING, '\ufffd');
}

/** A text of several lines. */
export function plainLines(text: string): string {
  return text.replaceAll(STEERING, (each) => (NO_TEXT.test(each) ? '\ufffd' : each));
}

/** A value as one line of JSON for programs: what would steer is escaped, and read again it is what it was. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replaceAll(STEERING, escaped)}\n`;
}

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
}
