import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { frozen, isMapping, type Problems, readSettings, type Settings, soundness } from '@fengsui/protocol/settings';
import { broughtWithinBounds, type Narrowed } from '@fengsui/protocol/settings-narrowed';
import { withAbsoluteFiles } from '@fengsui/protocol/settings-pushes';
import { crossProblems } from './config-cross.ts';
import { COLLECTOR_SCHEMA, type CollectorConfiguration } from './config-schema.ts';

/** A configuration as it runs, and the values of its file that an earlier version permitted: the bounds of today are in force for them. */
export interface StoredConfiguration {
  readonly configuration: CollectorConfiguration;
  readonly narrowed: readonly Narrowed[];
}

/**
 * Reads and checks a configuration file, which an earlier version may have found good. Paths in it count from the folder of the file.
 * Never throws for what the file says.
 */
export function loadConfiguration(path: string): StoredConfiguration | Problems {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    return { problems: [`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`] };
  }
  const read = readSettings(source, COLLECTOR_SCHEMA);
  if ('problems' in read) return read;
  const { narrowed, ...settings } = broughtWithinBounds(read, COLLECTOR_SCHEMA);
  const configuration = checked(settings, dirname(resolve(path)));
  return 'problems' in configuration ? configuration : { configuration, narrowed };
}

/** Checks the text of a new configuration, which is to stand in `folder`, against the bounds of today. */
export function checkConfiguration(source: string, folder: string): CollectorConfiguration | Problems {
  const read = readSettings(source, COLLECTOR_SCHEMA);
  return 'problems' in read ? read : checked(read, folder);
}

function checked({ value, shape }: Settings, folder: string): CollectorConfiguration | Problems {
  const configuration = pushesWithAbsolutePaths(withAbsolutePaths(value, folder), folder);
  const problems = [...shape.map(({ line }) => line), ...crossProblems(configuration, soundness(shape))];
  return problems.length > 0 ? { problems } : frozen(configuration as CollectorConfiguration);
}

const PATHS = ['data', 'http.tls.certificate', 'http.tls.key', 'http.tokenFile', 'municipal.tokenFile'];

function withAbsolutePaths(value: unknown, folder: string): unknown {
  return PATHS.reduce((whole, path) => withAbsolutePath(whole, path.split('.'), folder), value);
}

function pushesWithAbsolutePaths(value: unknown, folder: string): unknown {
  if (!isMapping(value) || !Array.isArray(value['pushes'])) return value;
  return { ...value, pushes: value['pushes'].map((push) => withAbsoluteFiles(push, (file) => resolve(folder, file))) };
}

function withAbsolutePath(value: unknown, [key = '', ...rest]: readonly string[], folder: string): unknown {
  if (!isMapping(value) || !(key in value)) return value;
  const inner = value[key];
  if (rest.length > 0) return { ...value, [key]: withAbsolutePath(inner, rest, folder) };
  return typeof inner === 'string' ? { ...value, [key]: resolve(folder, inner) } : value;
}
