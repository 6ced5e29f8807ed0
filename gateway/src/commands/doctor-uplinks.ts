import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TRIAL_INSTANCE } from '@fengsui/protocol';
import { systemClock } from '../clock.ts';
import { certificateFindings } from '../commission/doctor/certificates.ts';
import { type Finding, right } from '../commission/doctor/finding.ts';
import { uplinkFindings as wayFindings } from '../commission/doctor/uplink-reach.ts';
import { type RunningUplink, sessionFindings } from '../commission/doctor/uplink-session.ts';
import type { GatewayConfiguration, MqttConfiguration, UplinkConfiguration } from '../config.ts';
import { identityOf, type Path, pathsOf } from '../config-uplinks.ts';
import { STATUS_ADDRESS } from '../health.ts';
import { isLocked } from '../journal/lock.ts';

/** To be let in, from the first byte on: a slow way takes a few seconds for it. */
const SESSION_WITHIN_MS = 15_000;
/** On this machine. */
const STATUS_WITHIN_MS = 5_000;

/** Walks the way of every uplink, to the session. Yields as it finds. */
export async function* uplinkFindings(configuration: GatewayConfiguration, nowMs: number): AsyncGenerator<Finding> {
  const { gateway, uplinks } = configuration;
  for (const [index, uplink] of uplinks.entries()) {
    const about = `uplinks[${index}]`;
    const { ca, certificate, key } = identityOf(uplink);
    const identity = Object.fromEntries(Object.entries({ ca, certificate, key }).filter(([, path]) => path !== undefined));
    if (uplink.kind === 'mqtt' || uplink.tls) yield* certificateFindings(about, identity, gateway.id, nowMs);
    const target = targetOf(uplink);
    const reached = target ? await wayFindings(about, { ...target, ...identity }, nowMs) : [];
    yield* reached;
    if (uplink.kind === 'mqtt') {
      if (isSound(reached)) yield* await lettingIn(about, pathsOf(uplink).primary, uplink.name, configuration);
      yield* await backupFindings(`${about}.backup`, uplink, configuration, nowMs);
    } else if (target && isSound(reached)) yield untriedAtCentre(about);
    if (!target)
      yield right(about, 'UDP: whether the centre hears shows only in the status, as receipts', 'UDP:是否送达看 status 中的回执');
  }
}

/** The backup path of an uplink. */
async function backupFindings(
  about: string,
  uplink: MqttConfiguration,
  configuration: GatewayConfiguration,
  nowMs: number,
): Promise<Finding[]> {
  const { backup } = pathsOf(uplink);
  if (!backup) return [];
  const ofItsOwn = uplink.backup?.certificate === undefined ? [] : certificateFindings(about, backup, configuration.gateway.id, nowMs);
  const reached = await wayFindings(about, backup, nowMs);
  const letIn =
    isSound(reached) && isLocked(configuration.data) === false ? await lettingIn(about, backup, uplink.name, configuration) : [];
  return [...ofItsOwn, ...reached, ...letIn];
}

const isSound = (findings: readonly Finding[]) => findings.every(({ health }) => health !== 'wrong');

/** Whether the collector lets this gateway in by one way. */
function lettingIn(about: string, path: Path, uplink: string, configuration: GatewayConfiguration): Promise<Finding[]> {
  const { gateway, data } = configuration;
  return sessionFindings(about, {
    isRunning: () => isLocked(data),
    ask: () => runningUplink(configuration, uplink),
    connect: async () => {
      const { openConnection } = await import('../uplink/connection.ts');
      // Of what comes down nothing is listened to but receipts, which are for nobody now: orders wait for the gateway itself.
      const hear = new Map([[`down/${gateway.id}/receipt`, () => {}]]);
      const signal = AbortSignal.timeout(SESSION_WITHIN_MS);
      const who = { path, gateway: gateway.id, instance: `${TRIAL_INSTANCE}${randomBytes(4).toString('hex')}` };
      await using _session = await openConnection({ ...who, clock: systemClock, random: Math.random, hear, signal });
    },
  });
}

/** What the gateway that runs says of an uplink; null: it does not know it. Rejects where it does not answer, or is another one. */
async function runningUplink(configuration: GatewayConfiguration, name: string): Promise<RunningUplink | null> {
  const { id } = configuration.gateway;
  const at = await statusAddress(configuration);
  const answer = await fetch(`${at}/status`, { signal: AbortSignal.timeout(STATUS_WITHIN_MS) });
  const status = (await answer.json()) as { gateway?: { id?: unknown }; uplinks?: ReadonlyArray<RunningUplink & { name: string }> };
  if (status.gateway?.id !== id) throw new Error(`${at} is of another gateway`);
  return status.uplinks?.find((uplink) => uplink.name === name) ?? null;
}

/** What the gateway wrote down may have been written by anybody who is its user: nothing but this machine is asked. */
async function statusAddress({ data, status: { host, port } }: GatewayConfiguration): Promise<string> {
  if (port > 0) return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const written = (await readFile(join(data, STATUS_ADDRESS), 'utf8')).trim();
  if (!/^http:\/\/(127\.0\.0\.1|\[::1\]):\d{1,5}$/.test(written)) throw new Error(`${STATUS_ADDRESS} holds no address of this machine`);
  return written;
}

function untriedAtCentre(about: string): Finding {
  return right(
    about,
    'a connection, and no more, was made: heartbeat, frames and answers of GB/T 26875.3 are not tried, the status shows them as receipts',
    '仅验证连接;GB/T 26875.3 的心跳、上报与应答未尝试,运行后见 status 中的回执',
  );
}

/** Where an uplink leads, as an address to try; null: a datagram has no connection to try. */
function targetOf(uplink: UplinkConfiguration): { readonly url: string; readonly serverName?: string } | null {
  const named = (name: string | undefined) => (name === undefined ? {} : { serverName: name });
  if (uplink.kind === 'mqtt') return { url: uplink.url, ...named(uplink.serverName) };
  if (uplink.transport === 'udp') return null;
  const host = uplink.host.includes(':') ? `[${uplink.host}]` : uplink.host;
  return { url: `${uplink.tls ? 'mqtts' : 'mqtt'}://${host}:${uplink.port}`, ...named(uplink.tls?.serverName) };
}
