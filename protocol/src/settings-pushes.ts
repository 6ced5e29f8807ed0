import type { Static } from 'typebox';
import * as Type from 'typebox';
import { CLOUDS } from './clouds/index.ts';
import { type Frozen, isMapping, type Sound } from './settings.ts';
import { choice, closed, host, text, u16 } from './settings-devices.ts';

const file = Type.String({ minLength: 1 });

/** Where an operator's cloud pushes to, and what proves that it is that cloud: the same on site and in the collector. */
export const PUSH_DOOR = {
  cloud: choice([...CLOUDS.keys()]),
  /** The address of this machine to listen on. */
  host,
  port: Type.Integer(u16),
  /** Without TLS only on the machine itself, behind a server that ends TLS. */
  tls: Type.Optional(Type.Object({ certificate: file, key: file }, closed)),
  /** Holds the last segment of the path, `/push/<secret>`. */
  secretFile: file,
  /** Holds the token by which the cloud signs. */
  tokenFile: Type.Optional(file),
  /** Holds the key by which the cloud encrypts, as its console shows it. */
  keyFile: Type.Optional(file),
  /** Addresses the cloud comes from, each alone or as a network `a.b.c.d/24`; none: from everywhere. */
  from: Type.Array(text(64), { default: [] }),
};

const PushDoor = Type.Object(PUSH_DOOR);
export type PushSettings = Frozen<Static<typeof PushDoor>>;

/** The files of a door by their place in it, and what they hold. A secret is for its owner alone. */
const FILES = [
  ['secretFile', 'secret'],
  ['tokenFile', 'secret'],
  ['keyFile', 'secret'],
  ['tls.certificate', 'file'],
  ['tls.key', 'secret'],
] as const;

/** A secret of the path: long enough not to be guessed, and of characters that every console takes. */
const PATH_SECRET = /^[A-Za-z0-9_-]{16,128}$/;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Who can look at files: what is wrong with one, as `path: …`, and what it holds, which is asked only of sound ones. */
export interface FileChecks {
  readonly fileProblems: (path: string, file: string) => string[];
  readonly secretProblems: (path: string, file: string) => string[];
  readonly textIn: (file: string) => string;
}

/** A door as it was read, with every path of a file made absolute. What is no mapping stays as it is. */
export function withAbsoluteFiles(door: unknown, absolute: (file: string) => string): unknown {
  if (!isMapping(door)) return door;
  const made = { ...door, ...(isMapping(door['tls']) ? { tls: { ...door['tls'] } } : {}) };
  for (const [name] of FILES) {
    const [key, inner] = name.split('.') as [string, string | undefined];
    const holder: unknown = inner === undefined ? made : (made as Record<string, unknown>)[key];
    const last = inner ?? key;
    if (isMapping(holder) && typeof holder[last] === 'string') holder[last] = absolute(holder[last]);
  }
  return made;
}

/** What no schema can say of a door. */
export function doorProblems(door: PushSettings, path: string, files: FileChecks, sound: Sound): string[] {
  const { cloud: name, host: where, tls, tokenFile, keyFile } = door;
  const cloud = sound(`${path}.cloud`) ? CLOUDS.get(name) : undefined;
  const signs = cloud?.proves === 'token';
  return [
    ...(sound(`${path}.host`) && !LOOPBACK.has(where) && tls === undefined
      ? [`${path}.tls: is missing, plain HTTP never leaves the machine (${path}.host is ${where})`]
      : []),
    ...(signs && tokenFile === undefined ? [`${path}.tokenFile: is missing, ${name} signs with a token`] : []),
    ...(cloud && !signs && tokenFile !== undefined ? [`${path}.tokenFile: must be absent, ${name} signs nothing that we can check`] : []),
    ...(cloud && !cloud.encrypts && keyFile !== undefined ? [`${path}.keyFile: must be absent, ${name} does not encrypt`] : []),
    ...FILES.flatMap(([file, holds]) => (sound(`${path}.${file}`) ? fileProblemsOf(door, path, file, holds, files) : [])),
    ...sourceProblems(door, path, sound),
  ];
}

function fileProblemsOf(
  door: PushSettings,
  path: string,
  name: (typeof FILES)[number][0],
  holds: 'secret' | 'file',
  files: FileChecks,
): string[] {
  const [key, inner] = name.split('.') as [string, string | undefined];
  const outer = (door as unknown as Readonly<Record<string, unknown>>)[key];
  const file = inner === undefined ? outer : isMapping(outer) ? outer[inner] : undefined;
  if (typeof file !== 'string') return [];
  const problems = (holds === 'secret' ? files.secretProblems : files.fileProblems)(`${path}.${name}`, file);
  if (problems.length > 0 || name !== 'secretFile' || PATH_SECRET.test(files.textIn(file).trim())) return problems;
  return [`${path}.${name}: must hold 16 to 128 letters, digits, hyphens and underscores, nothing else (${file})`];
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Whether a text is an address, or a network like `10.0.0.0/24`. */
export function isSource(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (IPV4.test(address)) return Number(prefix ?? 0) <= 32;
  return /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(address) && URL.canParse(`http://[${address}]/`) && Number(prefix ?? 0) <= 128;
}

function sourceProblems({ from }: PushSettings, path: string, sound: Sound): string[] {
  if (!Array.isArray(from)) return [];
  return from.flatMap((source: string, index) =>
    sound(`${path}.from[${index}]`) && !isSource(source)
      ? [`${path}.from[${index}]: must be an address or a network like 10.0.0.0/24 (got ${source})`]
      : [],
  );
}

/** Whether a device can be heard at the door: the messages of a cloud are read by its one family. */
export function cloudFamilyProblems(cloud: string, family: string, path: string): string[] {
  const right = CLOUDS.get(cloud)?.family.name;
  return right === undefined || right === family ? [] : [`${path}.family: must be ${right}, what ${cloud} pushes (got ${family})`];
}
