export type { Datagram, DatagramCounters, DatagramWire, PeerAddress, Wire, WireCounters } from '../line.ts';

/** A wire as the site configures it. What is absent on a serial wire is the family's own line setting. */
export type WireConfiguration = SerialWireConfiguration | TcpWireConfiguration | UdpWireConfiguration;

export interface SerialWireConfiguration {
  readonly kind: 'serial';
  /** Prefer /dev/serial/by-id: it survives another order of plugging. */
  readonly path: string;
  readonly baudRate?: number;
  readonly dataBits?: 7 | 8;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
}

export interface TcpWireConfiguration {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  /** The far end is a serial server: Modbus stays RTU on it. Otherwise a polled device on TCP speaks Modbus TCP. */
  readonly serialServer?: boolean;
}

export interface UdpWireConfiguration {
  readonly kind: 'udp';
  readonly host: string;
  readonly port: number;
}
