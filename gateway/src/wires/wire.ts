export type {
  HttpConfiguration,
  SerialConfiguration,
  TcpConfiguration,
  TcpServerConfiguration,
  UdpConfiguration,
  WireConfiguration,
} from '../config.ts';
export type { Datagram, DatagramCounters, DatagramWire, PeerAddress, PushWire, Wire, WireCounters, WireServer } from '../line.ts';
