import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { platform } from 'node:process';
import { isMapping, type Sound } from '@fengsui/protocol/settings';
import { pushProblems } from './config-pushes.ts';
import type { CollectorConfiguration } from './config-schema.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** What no schema can say: files that must be readable, and what must not go unprotected. */
export function crossProblems(value: unknown, sound: Sound): string[] {
  if (!isMapping(value)) return [];
  const { http, municipal, pushes } = value as unknown as CollectorConfiguration;
  return [
    ...(isMapping(http) ? httpProblems(http as CollectorConfiguration['http'], sound) : []),
    ...(isMapping(municipal) ? municipalProblems(municipal as NonNullable<CollectorConfiguration['municipal']>, sound) : []),
    ...pushProblems(pushes, { fileProblems, secretProblems, textIn: (file) => readFileSync(file, 'utf8') }, sound),
  ];
}

/** Nothing listens beyond the machine without TLS and without a token. */
function httpProblems({ host, tls, tokenFile }: CollectorConfiguration['http'], sound: Sound): string[] {
  const isOpen = sound('http.host') && !LOOPBACK.has(host);
  return [
    ...(isOpen && tls === undefined ? [`http.tls: is missing, plain HTTP never leaves the machine (http.host is ${host})`] : []),
    ...(isOpen && tokenFile === undefined ? [`http.tokenFile: is missing, nobody else may read without it (http.host is ${host})`] : []),
    ...(tls !== undefined && sound('http.tls.certificate') ? fileProblems('http.tls.certificate', tls.certificate) : []),
    ...(tls !== undefined && sound('http.tls.key') ? secretProblems('http.tls.key', tls.key) : []),
    ...(tokenFile !== undefined && sound('http.tokenFile') ? secretProblems('http.tokenFile', tokenFile) : []),
  ];
}

function municipalProblems(
  { url, tokenFile, allowPrivateAddress }: NonNullable<CollectorConfiguration['municipal']>,
  sound: Sound,
): string[] {
  const given = sound('municipal.url');
  const isPlain = given && url.startsWith('http:') && allowPrivateAddress !== true;
  return [
    ...(given && !URL.canParse(url) ? [`municipal.url: is no address (got ${url})`] : []),
    ...(isPlain ? [`municipal.url: must be https://, plain http:// is only for a private network (allowPrivateAddress: true)`] : []),
    ...(tokenFile !== undefined && sound('municipal.tokenFile') ? secretProblems('municipal.tokenFile', tokenFile) : []),
  ];
}

function fileProblems(path: string, file: string): string[] {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile() ? [] : [`${path}: is no file (${file})`];
  } catch (error) {
    return [`${path}: cannot be read, ${(error as NodeJS.ErrnoException).code} (${file})`];
  }
}

/** A secret is for its owner alone, and is there. */
function secretProblems(path: string, file: string): string[] {
  const problems = fileProblems(path, file);
  if (problems.length > 0) return problems;
  const mode = statSync(file).mode & 0o777;
  return [
    ...(platform !== 'win32' && (mode & 0o077) !== 0
      ? [`${path}: must be for its owner only, chmod 600 (got ${mode.toString(8)}, ${file})`]
      : []),
    ...(readFileSync(file, 'utf8').trim() === '' ? [`${path}: is empty (${file})`] : []),
  ];
}
