import { join } from 'node:path';
import type { Clock } from '@fengsui/protocol';
import type { GatewayConfiguration } from './config.ts';
import { identityOf } from './config-uplinks.ts';
import type { JournalState } from './journal/journal.ts';
import { earliestTime } from './known-time.ts';
import type { LineNumbers } from './line-numbers.ts';
import type { BuiltLine } from './lines.ts';
import { LoopDelay } from './loop-delay.ts';
import type { Log } from './supervision.ts';
import { asidesWatcher } from './troubles/asides.ts';
import { descriptorsWatcher } from './troubles/descriptors.ts';
import { DiskWatcher } from './troubles/disk.ts';
import { type KeyFiles, keysWatcher } from './troubles/keys.ts';
import { LoopWatcher, memoryWatcher } from './troubles/machine.ts';
import { NoiseWatcher } from './troubles/noise.ts';
import { PowerWatcher } from './troubles/power.ts';
import { QueueWatcher } from './troubles/queue.ts';
import { retentionWatcher } from './troubles/retention.ts';
import { timeWatcher } from './troubles/time.ts';
import { type Says, Troubles } from './troubles/troubles.ts';
import { uplinksWatcher } from './troubles/uplinks.ts';
import { type WatchedLine, WiresWatcher } from './troubles/wires.ts';
import type { Uplinks } from './uplinks.ts';

export interface WatchingOptions {
  readonly configuration: GatewayConfiguration;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly journalState: () => Promise<JournalState>;
  readonly lines: ReadonlyArray<{ readonly line: BuiltLine; readonly numbers: LineNumbers }>;
  readonly uplinks: Uplinks['all'];
  readonly say: (source: string, event: Says) => Promise<unknown>;
  readonly log: Log;
}

/** Everything that looks after the gateway itself. */
export interface Watching {
  readonly troubles: Troubles;
  readonly power: PowerWatcher;
  readonly loopDelay: LoopDelay;
  close(): void;
}

export async function openWatching(options: WatchingOptions): Promise<Watching> {
  const { configuration, clock, clockSynchronised, journalState, lines, say, log } = options;
  const { id } = configuration.gateway;
  const files = keyFilesOf(configuration);
  const earliestMs = earliestTime([...files.certificates.values()]);
  const power = new PowerWatcher(id, configuration.power, clock);
  const loopDelay = new LoopDelay();
  const watchers = [
    memoryWatcher(id),
    descriptorsWatcher(id),
    new LoopWatcher(id, clock, loopDelay),
    new QueueWatcher(id, clock, async () => (await journalState()).lanes),
    new DiskWatcher(id, async () => (await journalState()).space),
    retentionWatcher(id, clock, async () => (await journalState()).lanes),
    timeWatcher({ gateway: id, clock, clockSynchronised, earliestMs }),
    keysWatcher(id, files, clock, earliestMs),
    asidesWatcher(id, configuration.data, clock),
    uplinksWatcher(options.uplinks, clock, 'identity-shared', 'identityFailure', '疑有另一台设备使用本机证书'),
    uplinksWatcher(options.uplinks, clock, 'row-unanswered', 'unansweredFailure', '个别行无回执,重发中,其余照常上报'),
    new WiresWatcher(clock, () => lines.map(watchedLine)),
    new NoiseWatcher(clock, () => lines.map(watchedLine)),
    power,
  ];
  const troubles = await Troubles.open({ watchers, file: join(configuration.data, 'troubles.json'), clock, say, log });
  return { troubles, power, loopDelay, close: () => loopDelay.close() };
}

function watchedLine({ line, numbers }: WatchingOptions['lines'][number]): WatchedLine {
  const { name, counters, silenceMs } = line;
  const { state, opened, lastFailure, isolatedWhy, doubt, bytesIn } = numbers;
  return { name, state, opened, lastFailure, isolatedWhy, doubt, bytesIn, packets: counters.packets, unheard: counters.unheard, silenceMs };
}

function keyFilesOf({ uplinks, lines, page }: GatewayConfiguration): KeyFiles {
  const doors = lines.flatMap(({ name, wire }) => (wire.kind === 'http' && wire.tls ? [[`line ${name}`, wire.tls] as const] : []));
  const identities = uplinks.flatMap((uplink) => [
    [uplink.name, identityOf(uplink)] as const,
    ...(uplink.kind === 'mqtt' && uplink.backup ? [[`${uplink.name}.backup`, uplink.backup] as const] : []),
  ]);
  const present = (all: ReadonlyArray<readonly [string, string | undefined]>) =>
    new Map(all.filter((one): one is readonly [string, string] => one[1] !== undefined));
  return {
    certificates: present([
      ...identities.flatMap(([name, { ca, certificate }]) => [[`${name}.ca`, ca] as const, [`${name}.certificate`, certificate] as const]),
      ...doors.map(([name, { certificate }]) => [name, certificate] as const),
      ['page.certificate', page?.certificate],
    ]),
    keys: present([
      ...identities.map(([name, { key }]) => [`${name}.key`, key] as const),
      ...doors.map(([name, { key }]) => [name, key] as const),
      ['page.key', page?.key],
    ]),
  };
}
