import type { EventEmitter } from 'node:events';
import { readSync, statSync } from 'node:fs';
import type { LineSetting } from '@fengsui/protocol';
import { SerialPort } from 'serialport';
import { fail } from '../failures.ts';
import { SERIAL_GATHER_MS, SERIAL_PRESENCE_CHECK_MS } from './limits.ts';
import { streamWire } from './stream-wire.ts';
import type { SerialConfiguration, Wire } from './wire.ts';

/** The family's line setting with what the site sets otherwise. */
export function lineOf(setting: SerialConfiguration, line: LineSetting): LineSetting {
  return {
    baudRate: setting.baudRate ?? line.baudRate,
    dataBits: setting.dataBits ?? line.dataBits,
    parity: setting.parity ?? line.parity,
    stopBits: setting.stopBits ?? line.stopBits,
  };
}

/**
 * Opens a serial line. The port is locked against other users that lock it too (flock); a port closed a moment ago may
 * still be locked, which is a failure to be tried again later. Input parity is not checked by the operating system:
 * checksums carry the load.
 */
export async function openSerial(setting: SerialConfiguration, line: LineSetting, signal: AbortSignal): Promise<Wire> {
  signal.throwIfAborted();
  // hupcl off: dropping DTR on close resets some converters, and the panel behind them sees a fault.
  const port = new SerialPort({ path: setting.path, ...lineOf(setting, line), autoOpen: false, lock: true, hupcl: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(fail('wire-open', setting.path, error)) : resolve())));
  closeWhenGone(port, setting.path);
  const ends = { isOpen: () => port.isOpen || port.closing, close: () => port.isOpen && port.close() };
  return streamWire(setting.path, port, ends, signal, gathered(port));
}

/** What of an open port of the library its reading needs; on Linux it has both, and bytes to be read are an event of `poller`. */
interface PolledPort {
  readonly fd: number | null;
  readonly poller: { once(event: 'readable', heard: (error: Error | null) => void): unknown };
}

/** Where a read puts its bytes until they are copied out, in the same turn. A terminal brings no more at once. */
const landing = Buffer.alloc(4096);
const NOTHING_THERE: ReadonlySet<unknown> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR']);

/**
 * What comes in on an open port, as it is pulled. Bytes trickle in one by one, and each would wake the whole process: from the first on
 * they are gathered for a moment, until nothing more has come in one. The library would read before there is anything, in another thread,
 * and hand each piece through a stream: that took half a percent of a core for a line that is polled once a second.
 */
async function* gathered(serial: SerialPort): AsyncGenerator<Uint8Array> {
  const port = serial.port as unknown as PolledPort;
  try {
    for (let isFlowing = false; ; ) {
      if (!isFlowing) await readable(port);
      await moment();
      const piece = taken(port);
      isFlowing = piece !== null;
      if (piece) yield piece;
    }
  } catch (error) {
    serial._disconnected(error as Error);
    throw error;
  }
}

/** Rejects when the port is closed. */
function readable({ poller }: PolledPort): Promise<void> {
  return new Promise((resolve, reject) => poller.once('readable', (error) => (error ? reject(error) : resolve())));
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SERIAL_GATHER_MS));
}

/** What is there, or null; the port does not block. */
function taken({ fd }: PolledPort): Uint8Array | null {
  if (fd === null) throw new Error('the port is closed');
  try {
    const bytes = readSync(fd, landing);
    // No bytes are not nothing there: the far end has hung up. The library would ask again for ever, at full load.
    if (bytes === 0) throw new Error('the line was hung up');
    return new Uint8Array(landing.subarray(0, bytes));
  } catch (error) {
    if (NOTHING_THERE.has((error as NodeJS.ErrnoException).code)) return null;
    throw error;
  }
}

/**
 * An adapter pulled out while a read is under way is not always noticed by its descriptor. The device's name going away, or naming
 * another device, is noticed here; so is a name that was gone before it could be looked at.
 */
export function closeWhenGone(port: Pick<SerialPort, 'isOpen' | 'close'> & Pick<EventEmitter, 'once'>, path: string): void {
  const opened = identityOf(path);
  const watch = setInterval(() => {
    const now = identityOf(path);
    if ((now === null || now !== opened) && port.isOpen) port.close();
  }, SERIAL_PRESENCE_CHECK_MS);
  watch.unref();
  port.once('close', () => clearInterval(watch));
}

/** What a name stands for; null: nothing. */
function identityOf(path: string): string | null {
  try {
    const { ino, rdev, birthtimeMs } = statSync(path);
    return `${ino} ${rdev} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
