import { existsSync, readdirSync, readFileSync } from 'node:fs';

const TTYS = '/sys/class/tty';

/** An 8250 port that the kernel only keeps room for has this type: there is no such UART on the board. */
const NO_UART = '0';

/**
 * Serial ports with hardware behind them, as Linux knows them: USB converters, UARTs of the board. Elsewhere the list is
 * empty and the paths have to be named.
 */
export function serialPorts(): string[] {
  if (!existsSync(TTYS)) return [];
  return readdirSync(TTYS)
    .filter((name) => existsSync(`${TTYS}/${name}/device`) && typeOf(name) !== NO_UART && !/^(console|tty\d*|pty)/.test(name))
    .sort()
    .map((name) => `/dev/${name}`)
    .filter((path) => existsSync(path));
}

function typeOf(name: string): string | null {
  try {
    return readFileSync(`${TTYS}/${name}/type`, 'utf8').trim();
  } catch {
    return null;
  }
}
