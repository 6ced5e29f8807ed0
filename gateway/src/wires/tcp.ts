import { connect } from 'node:net';
import { fail } from '../failures.ts';
import { TCP_CONNECT_TIMEOUT_MS, TCP_KEEPALIVE_AFTER_MS } from './limits.ts';
import { streamWire } from './stream-wire.ts';
import type { TcpConfiguration, Wire } from './wire.ts';

/** Connects to a device or a serial server. Small packets leave at once (no Nagle), a silent peer is probed (keepalive). */
export async function openTcp({ host, port }: TcpConfiguration, signal: AbortSignal): Promise<Wire> {
  signal.throwIfAborted();
  const name = `${host}:${port}`;
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_AFTER_MS });
  const deadline = AbortSignal.timeout(TCP_CONNECT_TIMEOUT_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
      AbortSignal.any([signal, deadline]).addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
    });
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw fail('wire-open', name, cause);
  }
  return streamWire(name, socket, { isOpen: () => !socket.closed, close: () => socket.destroy() }, signal);
}
