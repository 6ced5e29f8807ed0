import type { LineSetting } from '@fengsui/protocol';
import { SerialPort } from 'serialport';
import { fail } from '../failures.ts';
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
  return streamWire(setting.path, port, { isOpen: () => port.isOpen || port.closing, close: () => port.isOpen && port.close() }, signal);
}
