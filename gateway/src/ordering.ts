import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, SiteEvent } from '@fengsui/protocol';
import { partsOf } from '@fengsui/protocol/normalizer';
import type { GatewayConfiguration } from './config.ts';
import { certificatesOf } from './config-uplinks.ts';
import type { DeviceReads } from './device-reads.ts';
import { ClockOrder } from './downlink/clock-order.ts';
import { runCommand } from './downlink/command.ts';
import { ConfigurationHistory } from './downlink/configuration-history.ts';
import { ConfigurationOrder } from './downlink/configuration-order.ts';
import { Downlink } from './downlink/downlink.ts';
import { type Answerer, DutyDesk } from './downlink/duty.ts';
import { ReadOrder } from './downlink/read-order.ts';
import { OrderRecord } from './downlink/record.ts';
import { RestartOrder } from './downlink/restart-order.ts';
import type { SiteState } from './downlink/site-state.ts';
import type { DeviceFacts, UnitSources } from './downlink/site-units.ts';
import { latestTime } from './known-time.ts';
import * as limits from './limits.ts';
import type { Log } from './supervision.ts';
import type { Taps } from './taps.ts';
import { VERSION } from './version.ts';

/** Why a gateway wants to be started anew. */
export type Again = 'restart' | 'configuration';

export interface OrderingOptions {
  readonly configuration: GatewayConfiguration;
  /** The file the configuration was read from. */
  readonly file: string;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly log: Log;
  readonly boot: number;
  /** Makes an event about the gateway itself durable. */
  readonly say: (event: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>) => Promise<unknown>;
  readonly status: () => Promise<object>;
  readonly site: SiteState;
  readonly taps: Taps;
  readonly deviceReads: DeviceReads;
  /** Whether the uplink that brought an order has had a receipt since the start. */
  readonly facts: () => DeviceFacts;
  readonly isUplinkBack: (origin: string) => boolean;
  readonly again: (why: Again) => void;
  readonly signal: AbortSignal;
}

/** Everything that takes orders and carries them out. */
export interface Ordering {
  readonly downlink: Downlink;
  readonly duty: DutyDesk;
  /** Waits for what ends by itself, once the signal has aborted, and closes the record. */
  close(): Promise<void>;
}

/** Puts the downlink together. Rejects with a Failure when the record of orders cannot be opened. */
export async function openOrdering(options: OrderingOptions): Promise<Ordering> {
  const { configuration, file, clock, clockSynchronised, log, say, signal, again, isUplinkBack, site, status, taps } = options;
  const { gateway, data, orders, uplinks } = configuration;
  const record = await OrderRecord.open(join(data, 'orders.jsonl'), clock.wallMs());
  const announce = async (sign: 'on' | 'off') =>
    orders.announceCommand ? runCommand([...orders.announceCommand, sign], limits.COMMAND_WITHIN_MS) : null;
  const duty = new DutyDesk({ clock, say, announce, signal });
  const history = new ConfigurationHistory(file, data);
  const version = () => versionOf(options, history);
  const latestMs = () => latestTime(certificatesOf(uplinks), clock.wallMs());
  const carryOut = {
    'duty-check': duty,
    clock: new ClockOrder({ clock, clockSynchronised, latestMs, command: orders.clockCommand }),
    read: new ReadOrder({ site, status, file, version, units: unitsOf(options) }),
    configuration: new ConfigurationOrder({
      ...{ configuration, file, history, clock, isUplinkBack, say, log, signal },
      again: () => again('configuration'),
    }),
    capture: taps,
    'device-read': options.deviceReads,
    restart: new RestartOrder({ clock, again: () => again('restart'), signal }),
  };
  const downlink = new Downlink({ gateway: gateway.id, record, clock, clockSynchronised, carryOut, log });
  const close = async () => {
    await downlink.idle();
    await record.close();
  };
  return { downlink, duty, close };
}

/** How the gateway itself stands, as GB/T 26875.3-2011 lets a centre ask for it. */
export function factsOf(
  troubles: { isStanding(what: 'main-power' | 'backup-power'): boolean },
  uplinks: ReadonlyArray<{ readonly numbers: { readonly state: string } }>,
  lines: ReadonlyArray<{ readonly numbers: { readonly state: string } }>,
): DeviceFacts {
  return {
    mainPowerFault: troubles.isStanding('main-power'),
    backupPowerFault: troubles.isStanding('backup-power'),
    channelFault: uplinks.some(({ numbers }) => numbers.state !== 'up'),
    lineFault: lines.some(({ numbers }) => numbers.state !== 'open'),
  };
}

async function versionOf({ configuration, file, boot }: OrderingOptions, history: ConfigurationHistory): Promise<object> {
  const text = await readFile(file).catch(() => null);
  return {
    version: VERSION,
    runtime: process.version,
    profile: configuration.profile,
    boot,
    configurationVersion: (await history.past()).version,
    configurationSha256: text === null ? null : createHash('sha256').update(text).digest('hex'),
  };
}

/** What the gateway answers to reading units of GB/T 26875.3-2011. */
function unitsOf({ configuration, site, facts, clock }: OrderingOptions): UnitSources {
  const { gateway, lines, profile } = configuration;
  const devices = lines.flatMap((line) => line.devices);
  const describe = (systemType: number, systemAddress: number) =>
    devices
      .filter(({ part }) => part.systemType === systemType && part.systemAddress === systemAddress)
      .map(({ name, family, points }) => `${name} ${family} ${points.length}点`)
      .join('; ');
  const description = `${gateway.id} ${VERSION} ${profile}: ${lines.length} 条线路, ${devices.length} 台设备`;
  const nowMs = () => Math.round(clock.wallMs());
  const configured = devices.flatMap((device) => partsOf(device).map((part) => ({ source: device.name, part })));
  const started = { startedMs: nowMs(), zoneMinutes: gateway.zoneMinutes };
  return { site, facts, version: VERSION, description, describe, nowMs, configured, ...started };
}

/** The answer of a person at the box, from its page: `{"operator": "王工", "operatorNumber": 3}`, one of them at least: a duty check asks who is there. */
export function dutyAnswer(duty: DutyDesk): (said: unknown) => readonly [code: number, answer: object] {
  return (said) => {
    const answerer = answererIn(said);
    if (!answerer)
      return [400, { error: '请填写值班员姓名或编号 say who answers: operator (1 to 64 characters), operatorNumber (0 to 255), or both' }];
    return duty.answer(answerer) ? [200, { answered: true }] : [409, { error: 'no duty check waits for an answer 当前没有待应答的查岗' }];
  };
}

function answererIn(said: unknown): Answerer | null {
  const { operator, operatorNumber } = (said ?? {}) as Record<string, unknown>;
  const isName = operator === undefined || (typeof operator === 'string' && operator.length > 0 && operator.length <= 64);
  const isNumber =
    operatorNumber === undefined || (Number.isInteger(operatorNumber) && Number(operatorNumber) >= 0 && Number(operatorNumber) < 256);
  if (!isName || !isNumber || (operator === undefined && operatorNumber === undefined)) return null;
  return {
    ...(operator === undefined ? {} : { operator: String(operator) }),
    ...(operatorNumber === undefined ? {} : { operatorNumber: Number(operatorNumber) }),
  };
}
