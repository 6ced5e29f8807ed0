import Type, { type Static } from 'typebox';
import { CLOUDS } from './clouds/index.ts';
import type { Frozen, Sound } from './settings.ts';
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

/** The files of a door: what they hold, by their place in it. A secret is for its owner alone. */
export const PUSH_FILES = [
  ['secretFile', 'secret'],
  ['tokenFile', 'secret'],
  ['keyFile', 'secret'],
  ['tls.certificate', 'file'],
  ['tls.key', 'secret'],
] as const;

/** A secret of the path: long enough not to be guessed, and of characters that every console takes. */
export const PATH_SECRET = /^[A-Za-z0-9_-]{16,128}$/;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** What no schema can say of a door. The files themselves are looked at by who can. */
export function doorProblems({ cloud: name, host: where, tls, tokenFile, keyFile }: PushSettings, path: string, sound: Sound): string[] {
  const cloud = sound(`${path}.cloud`) ? CLOUDS.get(name) : undefined;
  const signs = cloud?.proves === 'token';
  return [
    ...(sound(`${path}.host`) && !LOOPBACK.has(where) && tls === undefined
      ? [`${path}.tls: is missing, plain HTTP never leaves the machine (${path}.host is ${where})`]
      : []),
    ...(signs && tokenFile === undefined ? [`${path}.tokenFile: is missing, ${name} signs with a token`] : []),
    ...(cloud && !signs && tokenFile !== undefined ? [`${path}.tokenFile: must be absent, ${name} signs nothing that we can check`] : []),
    ...(cloud && !cloud.encrypts && keyFile !== undefined ? [`${path}.keyFile: must be absent, ${name} does not encrypt`] : []),
  ];
}

/** Whether a device can be heard at the door: the messages of a cloud are read by its one family. */
export function cloudFamilyProblems(cloud: string, family: string, path: string): string[] {
  const right = CLOUDS.get(cloud)?.family.name;
  return right === undefined || right === family ? [] : [`${path}.family: must be ${right}, what ${cloud} pushes (got ${family})`];
}
