import type { EventEmitter } from 'node:events';
import { readSync, statSync, writeSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { LineSetting } from '@fengsui/protocol';
import { SerialPort } from 'serialport';
import { fail } from '../failures.ts';
import { SERIAL_GATHER_MAX_MS, SERIAL_GATHER_MS, SERIAL_PRESENCE_CHECK_MS } from './limits.ts';
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
  const gathering = new Gathering(port.port!, lineOf(setting, line));
  closeWhenGone(port, setting.path);
  const ends = { isOpen: () => port.isOpen || port.closing, close: () => port.isOpen && port.close() };
  return { ...streamWire(setting.path, port, ends, signal), expect: (bytes) => gathering.expect(bytes) };
}

/** An open port of the library; it has a descriptor where the system has such. */
type Port = Pick<NonNullable<SerialPort['port']>, 'read' | 'write'> & { readonly fd?: number | null };

/**
 * Bytes trickle in one by one, and each would wake the whole process: from the first on they are gathered for a moment, and those that a
 * packet is known to miss for as long as the line takes to bring them. To wait for bytes and to tell what goes wrong is the library's;
 * what is there already is taken at once, where the library would send another thread for it.
 */
class Gathering {
  readonly #port: Port;
  readonly #read: Port['read'];
  readonly #byteMs: number;
  #missingBytes = 0;

  /** Of a port that was not read yet. */
  constructor(port: Port, { baudRate, dataBits, parity, stopBits }: LineSetting) {
    this.#port = port;
    this.#read = port.read.bind(port);
    this.#byteMs = ((1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits) / baudRate) * 1_000;
    const write = port.write.bind(port);
    port.write = async (bytes) => {
      const written = this.#put(bytes);
      if (written < bytes.length) await write(bytes.subarray(written));
    };
    port.read = (buffer, offset, length) => this.#gathered(buffer, offset, length);
  }

  /** Said of the piece that was handed on last. */
  expect(bytes: number): void {
    this.#missingBytes = bytes;
  }

  async #gathered(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    await setImmediate(); // who took the last piece may say what it misses
    if (this.#missingBytes > 0) {
      await sleep(this.#lineMs(this.#missingBytes));
      const there = this.#take(buffer, offset, length);
      return there > 0 ? { buffer, bytesRead: there } : this.#read(buffer, offset, length);
    }
    const { bytesRead } = await this.#read(buffer, offset, length);
    await sleep(SERIAL_GATHER_MS);
    return { buffer, bytesRead: bytesRead + this.#take(buffer, offset + bytesRead, length - bytesRead) };
  }

  /** How long the line takes for so many bytes, within what may be waited; a timer may be early by part of a millisecond. */
  #lineMs(bytes: number): number {
    return Math.min(Math.max(Math.ceil(bytes * this.#byteMs) + 1, SERIAL_GATHER_MS), SERIAL_GATHER_MAX_MS);
  }

  /**
   * How many bytes were there and are in the buffer now; a port does not block. One that is closed has no descriptor from the first turn
   * of its closing on. Whatever else goes wrong here is met again, and told, by the next read of the library.
   */
  #take(buffer: Buffer, offset: number, length: number): number {
    const { fd } = this.#port;
    if (process.platform === 'win32' || typeof fd !== 'number' || length === 0) return 0;
    try {
      return readSync(fd, buffer, offset, length, null);
    } catch {
      return 0;
    }
  }

  /** How many bytes the port took at once; what it had no room for is the library's. */
  #put(bytes: Buffer): number {
    const { fd } = this.#port;
    if (process.platform === 'win32' || typeof fd !== 'number' || bytes.length === 0) return 0;
    try {
      return writeSync(fd, bytes);
    } catch {
      return 0;
    }
  }
}

/**
 * An adapter pulled out while a read is under way is not always noticed: serialport 13 then reads nothing for ever, at full load,
 * without a word (2 of 40 pulls of a pseudo-terminal). The device's name going away, or naming another device, is noticed here; so is a
 * name that was gone before it could be looked at.
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

/** What a name stands for, null: nothing. Asked at once: devices' names are in memory, and another thread would cost more. */
function identityOf(path: string): string | null {
  try {
    const { ino, rdev, birthtimeMs } = statSync(path);
    return `${ino} ${rdev} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
