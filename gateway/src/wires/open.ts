import type { LineSetting } from '@fengsui/protocol';
import { openSerial } from './serial.ts';
import { openTcp } from './tcp.ts';
import type { SerialConfiguration, TcpConfiguration, Wire } from './wire.ts';

export { openTcpServer } from './tcp-server.ts';
export { openUdp } from './udp.ts';

/**
 * Opens a wire that carries a stream of bytes. `line` is the family's line setting, for serial wires.
 * Throws Failure `wire-open`; aborting the signal lets an open wire go, its bytes then finish.
 */
export function openWire(setting: SerialConfiguration | TcpConfiguration, line: LineSetting, signal: AbortSignal): Promise<Wire> {
  return setting.kind === 'serial' ? openSerial(setting, line, signal) : openTcp(setting, signal);
}
