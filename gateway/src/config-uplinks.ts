import { isMapping, type Sound } from '@fengsui/protocol/settings';
import type { Readable } from '@fengsui/protocol/settings-device-problems';
import { fileProblems } from './config-files.ts';
import type { MqttConfiguration, UplinkConfiguration } from './config-schema.ts';

export const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Keys of an uplink that name files. */
export const UPLINK_FILES = ['ca', 'certificate', 'key'] as const;

/** What no schema can say of uplinks. */
export function uplinkProblems(
  configuration: Readonly<Record<string, unknown>>,
  uplinks: ReadonlyArray<Readable<UplinkConfiguration>>,
  sound: Sound,
): string[] {
  const single = isMapping(configuration['uplink'])
    ? ['uplinks: is a list, each with a name: uplinks: [{ name: collector, kind: mqtt, url: … }]']
    : [];
  return [...single, ...uplinks.flatMap(({ item, path }) => (item.kind === 'mqtt' ? mqttProblems(item, path, sound) : []))];
}

function mqttProblems(uplink: MqttConfiguration, path: string, sound: Sound): string[] {
  const files = UPLINK_FILES.flatMap((key) => {
    const file = uplink[key];
    return sound(`${path}.${key}`) && file !== undefined ? fileProblems(`${path}.${key}`, file) : [];
  });
  const backwards = sound(`${path}.reconnectMinMs`) && sound(`${path}.reconnectMaxMs`) && uplink.reconnectMinMs > uplink.reconnectMaxMs;
  return [
    ...(sound(`${path}.url`) ? identityProblems(uplink, path) : []),
    ...files,
    ...(backwards ? [`${path}.reconnectMaxMs: must not be below reconnectMinMs`] : []),
  ];
}

function identityProblems(uplink: MqttConfiguration, path: string): string[] {
  if (!URL.canParse(uplink.url)) return [`${path}.url: is no address (got ${uplink.url})`];
  const { protocol, hostname } = new URL(uplink.url);
  if (protocol === 'mqtts:')
    return UPLINK_FILES.flatMap((key) => (uplink[key] === undefined ? [`${path}.${key}: is missing, mqtts needs it`] : []));
  return LOOPBACK.has(hostname.replace(/^\[|\]$/g, '')) ? [] : [`${path}.url: must be mqtts://, plain mqtt:// never leaves the machine`];
}
