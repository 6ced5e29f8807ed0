export type { SerialConfiguration, TcpConfiguration, UdpConfiguration, WireConfiguration } from '../config.ts';
export type { Datagram, DatagramCounters, DatagramWire, PeerAddress, Wire, WireCounters } from '../line.ts';
