import type { Clock, Links } from '@fengsui/protocol';
import { CLOUDS, PushDesk, type PushUnheard, Seen } from '@fengsui/protocol/clouds';
import type { HttpConfiguration, LineConfiguration } from './config.ts';
import { cryptography } from './drivers/cryptography.ts';
import type { LineCounters } from './drivers/driver.ts';
import { drivePush } from './drivers/push.ts';
import type { Line } from './supervision.ts';
import type { openHttp, readSecrets } from './wires/http.ts';

interface Parts {
  readonly line: LineConfiguration;
  readonly wire: HttpConfiguration;
  readonly counters: LineCounters;
  readonly links: Links;
  readonly clock: Clock;
  readonly wires: { readonly openDoor: typeof openHttp; readonly secretsOf: typeof readSecrets };
}

/** A line that an operator's cloud pushes to. What was seen outlives a lost wire; the secrets are read at every opening. */
export function openPushed({ line, wire, counters, links, clock, wires }: Parts): Line['open'] {
  const devices = line.devices.map(({ name, device, dialect }) => ({ name, device: device!, dialect }));
  const seen = new Seen();
  const count = (why: PushUnheard, bytes?: Uint8Array) => counters.count(why, clock.wallMs(), bytes);
  return async (signal) => {
    const desk = new PushDesk({ cloud: CLOUDS.get(wire.cloud)!, secrets: wires.secretsOf(wire), cryptography, devices });
    const door = await wires.openDoor(wire, { refuses: desk.refuses.bind(desk), count }, signal);
    const heard = drivePush({ wire: door, desk, seen, links, clock, signal, counters });
    return { at: door.name, counters: door.counters, heard, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
  };
}
