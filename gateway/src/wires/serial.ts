import type { EventEmitter } from 'node:events';
import { stat } from 'node:fs/promises';
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
  const port = new GatheringPort({ path: setting.path, ...lineOf(setting, line), autoOpen: false, lock: true, hupcl: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(fail('wire-open', setting.path, error)) : resolve())));
  closeWhenGone(port, setting.path);
  return streamWire(setting.path, port, { isOpen: () => port.isOpen || port.closing, close: () => port.isOpen && port.close() }, signal);
}

/** Bytes trickle in one by one, and each would wake the whole process: they are gathered for a moment. */
class GatheringPort extends SerialPort {
  override _read(bytes: number): void {
    setTimeout(() => super._read(bytes), SERIAL_GATHER_MS);
  }
}

/**
 * An adapter pulled out while a read is under way is not always noticed: serialport 13 then reads nothing for ever, at full load,
 * without a word (2 of 40 pulls of a pseudo-terminal). The device's name going away, or naming another device, is noticed here; so is a
 * name that was gone before it could be looked at.
 */
export function closeWhenGone(port: Pick<SerialPort, 'isOpen' | 'close'> & Pick<EventEmitter, 'once'>, path: string): void {
  const identity = async () => {
    const { ino, rdev, birthtimeMs } = await stat(path);
    return `${ino} ${rdev} ${birthtimeMs}`;
  };
  const opened = identity().catch(() => null);
  const watch = setInterval(async () => {
    const now = await identity().catch(() => null);
    if ((now === null || now !== (await opened)) && port.isOpen) port.close();
  }, SERIAL_PRESENCE_CHECK_MS);
  watch.unref();
  port.once('close', () => clearInterval(watch));
}
