import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { FAMILIES } from '@fengsui/protocol/families';
import type { Sound } from '@fengsui/protocol/settings';
import { deviceProblems, type Readable, readable } from '@fengsui/protocol/settings-device-problems';
import { cloudFamilyProblems, doorProblems, PATH_SECRET, PUSH_FILES } from '@fengsui/protocol/settings-pushes';
import type { PushConfiguration } from './config-schema.ts';

type FileCheck = (path: string, file: string) => string[];

export interface FileChecks {
  readonly fileProblems: FileCheck;
  readonly secretProblems: FileCheck;
}

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
    ...pushes.flatMap((push) => [
      ...doorProblems(push.item, push.path, sound),
      ...fileProblemsOf(push, files, sound),
      ...sourceProblems(push, sound),
      ...devicesProblems(push, sound),
    ]),
  ];
}

function twiceProblems(keyed: ReadonlyArray<{ readonly key: string; readonly path: string }>): string[] {
  return keyed.flatMap(({ key, path }, index) => {
    const earlier = keyed.findIndex((other) => other.key === key);
    return earlier < index ? [`${path}: must be unique, ${keyed[earlier]!.path} has it too (got ${key})`] : [];
  });
}

function fileProblemsOf({ item, path }: Readable<PushConfiguration>, { fileProblems, secretProblems }: FileChecks, sound: Sound): string[] {
  return PUSH_FILES.flatMap(([name, holds]) => {
    const [outer, inner] = name.split('.') as [keyof PushConfiguration, string | undefined];
    const found: unknown = inner === undefined ? item[outer] : (item[outer] as Readonly<Record<string, unknown>> | undefined)?.[inner];
    const at = `${path}.${name}`;
    if (typeof found !== 'string' || !sound(at)) return [];
    const problems = (holds === 'secret' ? secretProblems : fileProblems)(at, found);
    if (problems.length > 0 || name !== 'secretFile') return problems;
    return PATH_SECRET.test(readFileSync(found, 'utf8').trim())
      ? []
      : [`${at}: must hold 16 to 128 letters, digits, hyphens and underscores, nothing else (${found})`];
  });
}

/** `a.b.c.d`, `a.b.c.d/24` or the same of IPv6. */
export function isSource(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(prefix ?? 0) <= (version === 4 ? 32 : 128);
}

function sourceProblems({ item: { from }, path }: Readable<PushConfiguration>, sound: Sound): string[] {
  if (!Array.isArray(from)) return [];
  return from.flatMap((source: string, index) =>
    sound(`${path}.from[${index}]`) && !isSource(source)
      ? [`${path}.from[${index}]: must be an address or a network like 10.0.0.0/24 (got ${source})`]
      : [],
  );
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
