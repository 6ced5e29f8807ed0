import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '@fengsui/protocol';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Connection } from './connection.ts';
import type { Dialled } from './dial.ts';

type Ports = Connection['ports'];

interface Carried {
  readonly ended: Promise<Failure>;
  readonly carry: (ended: Promise<Failure>) => Promise<Failure>;
}

export interface StalledOptions {
  readonly ports: Ports;
  /** Whether an alarm is on its way without its receipt. */
  readonly isAlarmOut: () => boolean;
  /** Dials the same way anew. */
  readonly greet: (signal: AbortSignal) => Promise<Dialled>;
  readonly signal: AbortSignal;
}

/**
 * Carries over a connection until that is over, or is dead though the way is there; answers why, or one that was greeted in its place. After a
 * break the kernel sends again what is on its way only at the end of a gap that grows with the break; an alarm does not wait for that. Where
 * the kernel has sent in vain twice, the way is dialled beside. A far side that is slow, and takes what we send, is left alone.
 */
export async function untilStalled(options: StalledOptions, { ended, carry }: Carried): Promise<Failure | Dialled> {
  const over = new AbortController();
  let fresh: Dialled | null = null;
  const stalled = watch({ ...options, signal: AbortSignal.any([options.signal, over.signal]) }).then(
    (dialled) => {
      fresh = dialled;
      return fail('uplink-lost', 'the way is there, and nothing comes through this connection: another takes its place');
    },
    () => ended,
  );
  const failure = await carry(Promise.race([ended, stalled])).finally(() => over.abort());
  return fresh ?? failure;
}

async function watch({ ports, isAlarmOut, greet, signal }: StalledOptions): Promise<Dialled> {
  const isInVain = async () => isAlarmOut() && (await sentInVain(ports)) >= limits.STALLED_RESENDS;
  for (;;) {
    await sleep(limits.STALLED_LOOK_MS, null, { signal });
    if (!(await isInVain())) continue;
    const dialled = await greet(signal).catch(() => null);
    if (dialled && (await isInVain()) && !signal.aborted) return dialled;
    dialled?.socket.destroy();
  }
}

/** How often in a row the kernel has sent what is on its way again, and nothing of it was acknowledged. 0 where that cannot be known. */
async function sentInVain(ports: Ports): Promise<number> {
  const tables = await Promise.all(['/proc/self/net/tcp', '/proc/self/net/tcp6'].map((file) => readFile(file, 'latin1').catch(() => '')));
  return Math.max(0, ...tables.map((table) => resendsIn(table, ports)));
}

/** Reads the column `retrnsmt` (Linux, Documentation/networking/proc_net_tcp) of the established connection with these ports. */
export function resendsIn(table: string, { local, remote }: Ports): number {
  const endsWith = (address: string, port: number) => Number.parseInt(address.slice(-4), 16) === port;
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', state, , , resends = ''] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && endsWith(from, local) && endsWith(to, remote)) return Number.parseInt(resends, 16);
  }
  return 0;
}

const ESTABLISHED = '01';
