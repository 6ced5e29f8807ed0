import { PtyWire } from './pty.ts';
import { TcpClientWire, TcpServerWire } from './tcp.ts';
import { UdpWire } from './udp.ts';
import type { SimulatedWire, WirePlan } from './wire.ts';

/** The wire a plan describes, not yet open. */
export function wireOf(plan: WirePlan): SimulatedWire {
  if (plan.kind === 'pty') return new PtyWire(plan);
  if (plan.kind === 'tcp') return new TcpServerWire(plan);
  return plan.kind === 'udp' ? new UdpWire(plan) : new TcpClientWire(plan);
}
