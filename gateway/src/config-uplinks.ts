import { isIP } from 'node:net';
import { isMapping, type Sound } from '@fengsui/protocol/settings';
import type { Readable } from '@fengsui/protocol/settings-device-problems';
import { fileProblems, textIn } from './config-files.ts';
import type { CentreConfiguration, MqttConfiguration, UplinkConfiguration } from './config-schema.ts';
import * as limits from './limits.ts';

export const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Keys of an uplink that name files. */
export const UPLINK_FILES = ['ca', 'certificate', 'key'] as const;

/** The files by which an uplink proves itself and the far side. */
export function identityOf(uplink: UplinkConfiguration): { readonly ca?: string; readonly certificate?: string; readonly key?: string } {
  return (uplink.kind === 'mqtt' ? uplink : uplink.tls) ?? {};
}

/** The certificates by which the uplinks prove who they are, of both ways. */
export function certificatesOf(uplinks: readonly UplinkConfiguration[]): string[] {
  const identities = uplinks.flatMap((uplink) => [identityOf(uplink), uplink.kind === 'mqtt' ? (uplink.backup ?? {}) : {}]);
  return identities.flatMap(({ certificate }) => certificate ?? []);
}

/** One way to the collector. */
export type Path = Pick<MqttConfiguration, 'url' | 'ca' | 'certificate' | 'key' | 'serverName' | 'localAddress' | 'keepaliveS'>;

/** The two ways of an uplink. Files that the backup does not name are those of the primary; its name and address are its own. */
export function pathsOf(uplink: MqttConfiguration): { readonly primary: Path; readonly backup: Path | null } {
  const { url, ca, certificate, key, serverName, localAddress, keepaliveS, backup } = uplink;
  const files = Object.fromEntries(Object.entries({ ca, certificate, key }).filter(([, file]) => file !== undefined));
  const own = Object.fromEntries(Object.entries({ serverName, localAddress }).filter(([, value]) => value !== undefined));
  const { lookEveryS, ...other } = backup ?? {};
  return { primary: { url, ...files, ...own, keepaliveS }, backup: backup ? { ...files, ...other, url: backup.url, keepaliveS } : null };
}

/** What no schema can say of uplinks. */
export function uplinkProblems(
  configuration: Readonly<Record<string, unknown>>,
  uplinks: ReadonlyArray<Readable<UplinkConfiguration>>,
  sound: Sound,
): string[] {
  const single = isMapping(configuration['uplink'])
    ? ['uplinks: is a list, each with a name: uplinks: [{ name: collector, kind: mqtt, url: … }]']
    : [];
  return [...single, ...uplinks.flatMap(({ item, path }) => problemsOf(item, path, sound)), ...twinProblems(uplinks, sound)];
}

/** A collector lets a gateway in once: of two uplinks that come to the same one as the same gateway, each ends the other's session for ever. */
function twinProblems(uplinks: ReadonlyArray<Readable<UplinkConfiguration>>, sound: Sound): string[] {
  const keyed = uplinks.flatMap(({ item, path }) => {
    const isSound = (['url', 'certificate', 'serverName'] as const).every((key) => sound(`${path}.${key}`));
    return item.kind === 'mqtt' && isSound && URL.canParse(item.url) ? [{ path, name: item.name, key: comesAs(item) }] : [];
  });
  return keyed.flatMap(({ path, name, key }, index) => {
    const twin = keyed.slice(0, index).find((earlier) => earlier.key === key);
    if (!twin) return [];
    const both = `${twin.name} and ${name} have the same address and certificate, so each would end the session of the other`;
    return [`${path}.url: must lead to another collector than ${twin.path}.url, ${both}; a second way to one collector is a backup`];
  });
}

/** Where an uplink comes in, and as whom. One address may lead to several servers by their names; a copy of a certificate is that certificate. */
function comesAs({ url, serverName, certificate }: MqttConfiguration): string {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.toLowerCase();
  const isReadable = certificate !== undefined && fileProblems('', certificate).length === 0;
  return JSON.stringify([
    ...[host, port || (protocol === 'mqtts:' ? '8883' : '1883'), (serverName ?? host).toLowerCase()],
    isReadable ? textIn(certificate).trim() : certificate,
  ]);
}

function problemsOf(uplink: UplinkConfiguration, path: string, sound: Sound): string[] {
  if (uplink.kind === 'mqtt') return mqttProblems(uplink, path, sound);
  return uplink.kind === 'gb26875' && sound(path) ? centreProblems(uplink, path) : [];
}

function centreProblems(uplink: CentreConfiguration, path: string): string[] {
  const { transport, host, tls, unencrypted, heartbeatS, replyTimeoutMs, resends, reconnectMinMs, reconnectMaxMs } = uplink;
  const silentMs = heartbeatS * 1000 + replyTimeoutMs * (resends + 1);
  const isClear = tls === undefined && !unencrypted && !LOOPBACK.has(host);
  return [
    ...(tls && transport === 'udp' ? [`${path}.tls: must be absent, it needs transport tcp`] : []),
    ...(tls && unencrypted ? [`${path}.unencrypted: must be false where tls is set`] : []),
    ...(tls && (tls.certificate === undefined) !== (tls.key === undefined) ? [`${path}.tls: certificate and key go together`] : []),
    ...(isClear ? [`${path}.unencrypted: must be true, GB/T 26875.3 without tls goes in clear text (only over a private line)`] : []),
    ...UPLINK_FILES.flatMap((key) => (tls?.[key] === undefined ? [] : fileProblems(`${path}.tls.${key}`, tls[key]))),
    ...(reconnectMinMs > reconnectMaxMs ? [`${path}.reconnectMaxMs: must not be below reconnectMinMs`] : []),
    ...(silentMs > limits.DEAD_LINK_WITHIN_MS
      ? [`${path}.heartbeatS: with replyTimeoutMs and resends a dead link would be noticed after ${silentMs / 1000} s, must be at most 60`]
      : []),
  ];
}

function mqttProblems(uplink: MqttConfiguration, path: string, sound: Sound): string[] {
  const { backup } = uplink;
  const isSound = sound(`${path}.reconnectMinMs`) && sound(`${path}.reconnectMaxMs`);
  return [
    ...pathProblems(uplink, uplink, path, sound),
    ...(isMapping(backup) ? pathProblems(backup, { ...uplink, ...backup }, `${path}.backup`, sound) : []),
    ...(isMapping(backup) && isSamePath(uplink, backup) ? [`${path}.backup: must differ from the first path in url or localAddress`] : []),
    ...(isSound && uplink.reconnectMinMs > uplink.reconnectMaxMs ? [`${path}.reconnectMaxMs: must not be below reconnectMinMs`] : []),
  ];
}

type Told = Pick<MqttConfiguration, 'url' | 'localAddress' | (typeof UPLINK_FILES)[number]>;

function isSamePath(one: Told, other: Told): boolean {
  return one.url === other.url && one.localAddress === other.localAddress;
}

/** What is wrong with one way to the collector: what it says itself, and what it has with what it takes over from the first. */
function pathProblems(own: Told, whole: Told, path: string, sound: Sound): string[] {
  const files = UPLINK_FILES.flatMap((key) => {
    const file = own[key];
    return sound(`${path}.${key}`) && file !== undefined ? fileProblems(`${path}.${key}`, file) : [];
  });
  const { localAddress } = own;
  const isNoAddress = sound(`${path}.localAddress`) && localAddress !== undefined && isIP(localAddress) === 0;
  return [
    ...(sound(`${path}.url`) ? identityProblems(whole, path) : []),
    ...files,
    ...(isNoAddress ? [`${path}.localAddress: must be an IP address of this machine (got ${localAddress})`] : []),
  ];
}

function identityProblems(uplink: Told, path: string): string[] {
  if (!URL.canParse(uplink.url)) return [`${path}.url: is no address (got ${uplink.url})`];
  const { protocol, hostname } = new URL(uplink.url);
  if (protocol === 'mqtts:')
    return UPLINK_FILES.flatMap((key) => (uplink[key] === undefined ? [`${path}.${key}: is missing, mqtts needs it`] : []));
  return LOOPBACK.has(hostname.replace(/^\[|\]$/g, '')) ? [] : [`${path}.url: must be mqtts://, plain mqtt:// never leaves the machine`];
}
