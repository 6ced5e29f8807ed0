import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { frozen, isMapping, type Problems, readSettings, soundness } from '@fengsui/protocol/settings';
import { withAbsoluteFiles } from '@fengsui/protocol/settings-pushes';
import { crossProblems } from './config-cross.ts';
import { COLLECTOR_SCHEMA, type CollectorConfiguration } from './config-schema.ts';

/** Reads and checks a configuration file. Paths in it count from the folder of the file. Never throws for what the file says. */
export function loadConfiguration(path: string): CollectorConfiguration | Problems {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    return { problems: [`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`] };
  }
  return checkConfiguration(source, dirname(resolve(path)));
}

/** As `loadConfiguration`, from the text of a file that stands in `folder`. */
export function checkConfiguration(source: string, folder: string): CollectorConfiguration | Problems {
  const read = readSettings(source, COLLECTOR_SCHEMA);
  if ('problems' in read) return read;
  const configuration = pushesWithAbsolutePaths(withAbsolutePaths(read.value, folder), folder);
  const problems = [...read.shape.map(({ line }) => line), ...crossProblems(configuration, soundness(read.shape))];
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
