import type { DeviceAddress, Family } from '@fengsui/protocol';
import { PacketCutter } from '@fengsui/protocol';

/** An address in one cell: `1-02-017`, `02-017`, `1机2回路17号`, `L2D17`, `17`. null: it is none. */
export function parseAddress(text: string): DeviceAddress | null {
  const numbers = text.replace(/(号|机|控制器|主机|回路|总线|点|地址|[dlmnps])+/gi, '-').match(/\d+/g);
  const clean = /^[\s\d\-–—_/.:：#,号机控制器主回路总线点地址dlmnps]+$/i.test(text);
  if (!numbers || !clean || numbers.length > 3 || numbers.some((digits) => digits.length > 9)) return null;
  const [point, loop, controller] = numbers.map(Number).reverse();
  return { ...(controller === undefined ? {} : { controller }), ...(loop === undefined ? {} : { loop }), point: point! };
}

type Part = 'controller' | 'loop' | 'point' | 'zone' | 'channel';
const PARTS: readonly Part[] = ['controller', 'loop', 'point', 'zone', 'channel'];

/**
 * The parts of an address that a family tells, by its own packets: a part it never says must not stand in the table, the
 * row would fit nothing. null: unknown, every part stays.
 */
export function partsToldBy(family: Family | undefined): ReadonlySet<Part> | null {
  if (family?.shape !== 'talks') return null;
  const address = { controller: 1, loop: 2, point: 3, zone: 4, channel: 5 };
  const packet = family.play.say({ what: 'fire', address, componentType: 42, deviceTime: '2026-01-01T00:00:00' });
  const cuts = packet ? new PacketCutter(family.cut).end(packet) : [];
  const said = cuts.flatMap((cut) => (cut.kind === 'packet' ? family.decode(cut.bytes).observations : []));
  const told = PARTS.filter((part) => said.some((observation) => observation.address[part] !== undefined));
  return told.length === 0 ? null : new Set(told);
}
