export type { SerialConfiguration, TcpConfiguration, TcpServerConfiguration, UdpConfiguration, WireConfiguration } from '../config.ts';
export type { Datagram, DatagramCounters, DatagramWire, PeerAddress, Wire, WireCounters, WireServer } from '../line.ts';
