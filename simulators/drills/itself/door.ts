import type { Rig } from './rig.ts';
import { onTheWire } from './transmitter.ts';

const NAME = 'door';
const FIRST_SOURCE = 0x200_000_000;

/** A line that transmission devices come to, so many of them, and what they call themselves. */
export function doorFor(devices: number): { readonly line: object; readonly sources: readonly number[] } {
  const sources = Array.from({ length: devices }, (_, index) => FIRST_SOURCE + index);
  const known = sources.map((source, index) => ({ name: `utd-${index}`, family: 'gb26875', device: onTheWire(source) }));
  return { sources, line: { name: NAME, wire: { kind: 'tcp-server', host: '127.0.0.1', port: 0 }, devices: known } };
}

/** Where the gateway listens on that line. */
export async function portOf(rig: Rig): Promise<number> {
  const door = (await rig.status()).lines.find(({ name }) => name === NAME)!;
  return Number(door.at.split(':').at(-1));
}

/** Alarms in the ledger as they came. */
export const firesOf = (rig: Rig) => rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.edge === 'began');

/** Component address of an alarm of a transmission device. */
export function addressOf({ event }: { readonly event: object }): number {
  return (event as { address: { point: number } }).address.point;
}
