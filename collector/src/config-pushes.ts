import { FAMILIES } from '@fengsui/protocol/families';
import type { Sound } from '@fengsui/protocol/settings';
import { deviceProblems, type Readable, readable } from '@fengsui/protocol/settings-device-problems';
import { cloudFamilyProblems, doorProblems, type FileChecks } from '@fengsui/protocol/settings-pushes';
import type { PushConfiguration } from './config-schema.ts';

/** What no schema can say of the clouds that push to us. */
export function pushProblems(list: readonly PushConfiguration[], files: FileChecks, sound: Sound): string[] {
  const pushes = readable(list, 'pushes');
  return [
    ...twiceProblems(pushes.map(({ item, path }) => ({ key: item.gateway, path: `${path}.gateway` })).filter(({ path }) => sound(path))),
    ...twiceProblems(
      pushes.flatMap(({ item, path }) =>
        sound(`${path}.host`) && sound(`${path}.port`) && item.port !== 0
          ? [{ key: `${item.host}:${item.port}`, path: `${path}.port` }]
          : [],
      ),
    ),
    ...pushes.flatMap((push) => [...doorProblems(push.item, push.path, files, sound), ...devicesProblems(push, sound)]),
  ];
}

function twiceProblems(keyed: ReadonlyArray<{ readonly key: string; readonly path: string }>): string[] {
  return keyed.flatMap(({ key, path }, index) => {
    const earlier = keyed.findIndex((other) => other.key === key);
    return earlier < index ? [`${path}: must be unique, ${keyed[earlier]!.path} has it too (got ${key})`] : [];
  });
}

function devicesProblems({ item, path }: Readable<PushConfiguration>, sound: Sound): string[] {
  const devices = readable(item.devices, `${path}.devices`);
  const keys = (key: 'name' | 'device') =>
    devices.flatMap(({ item: device, path }) =>
      sound(`${path}.${key}`) && device[key] !== undefined ? [{ key: device[key], path: `${path}.${key}` }] : [],
    );
  return [
    ...twiceProblems(keys('name')),
    ...twiceProblems(keys('device')),
    ...devices.flatMap(({ item: device, path }) => {
      if (!sound(`${path}.family`)) return [];
      const family = FAMILIES.get(device.family);
      const misfit =
        family && sound(`${path.replace(/\.devices\[\d+\]$/, '')}.cloud`) ? cloudFamilyProblems(item.cloud, device.family, path) : [];
      return misfit.length > 0 ? misfit : deviceProblems(device, path, family, sound);
    }),
  ];
}
