import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { frozen, isMapping, type Problems, readSettings, type Settings, soundness } from '@fengsui/protocol/settings';
import { broughtWithinBounds, type Narrowed } from '@fengsui/protocol/settings-narrowed';
import { withAbsoluteFiles } from '@fengsui/protocol/settings-pushes';
import { crossProblems } from './config-cross.ts';
import { GATEWAY_SCHEMA, type GatewayConfiguration } from './config-schema.ts';
import { UPLINK_FILES } from './config-uplinks.ts';

export type * from './config-schema.ts';
export { GATEWAY_SCHEMA } from './config-schema.ts';

/** A configuration as it runs, and the values of its file that an earlier version permitted: the bounds of today are in force for them. */
export interface StoredConfiguration {
  readonly configuration: GatewayConfiguration;
  readonly narrowed: readonly Narrowed[];
}

/**
 * Reads and checks the configuration file of a site, which an earlier version may have found good. Paths in it count from the folder of
 * the file. Never throws for what the file says.
 */
export function loadConfiguration(file: string): StoredConfiguration | Problems {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    return { problems: [`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`] };
  }
  const read = readSettings(source, GATEWAY_SCHEMA);
  if ('problems' in read) return read;
  const { narrowed, ...settings } = broughtWithinBounds(read, GATEWAY_SCHEMA);
  const configuration = checked(settings, dirname(resolve(file)));
  return 'problems' in configuration ? configuration : { configuration, narrowed };
}

/** Checks the text of a new configuration, which is to stand in `folder`, against the bounds of today. */
export function checkConfiguration(source: string, folder: string): GatewayConfiguration | Problems {
  const read = readSettings(source, GATEWAY_SCHEMA);
  return 'problems' in read ? read : checked(read, folder);
}

function checked({ value, shape }: Settings, folder: string): GatewayConfiguration | Problems {
  const configuration = withAbsolutePaths(value, folder);
  const problems = [...shape.map(({ line }) => line), ...crossProblems(configuration, soundness(shape))];
  return problems.length > 0 ? { problems } : frozen(configuration as GatewayConfiguration);
}

function withAbsolutePaths(filled: unknown, folder: string): unknown {
  if (!isMapping(filled)) return filled;
  const absolute = (file: unknown) => (typeof file === 'string' ? resolve(folder, file) : file);
  const uplinks = Array.isArray(filled['uplinks'])
    ? filled['uplinks'].map((uplink) => withUplinkFiles(uplink, absolute))
    : filled['uplinks'];
  const lines = Array.isArray(filled['lines']) ? filled['lines'].map((line) => withDoorFiles(line, folder)) : filled['lines'];
  const orders = isMapping(filled['orders']) ? { ...filled['orders'] } : filled['orders'];
  if (isMapping(orders) && 'configurationKey' in orders) orders['configurationKey'] = absolute(orders['configurationKey']);
  const page = isMapping(filled['page']) ? { page: withPageFiles(filled['page'], absolute, filled['data']) } : {};
  return { ...filled, data: absolute(filled['data']), uplinks, orders, lines, ...page };
}

function withUplinkFiles(uplink: unknown, absolute: (file: unknown) => unknown): unknown {
  if (!isMapping(uplink)) return uplink;
  const made = (keys: Record<string, unknown>) => ({
    ...keys,
    ...Object.fromEntries(UPLINK_FILES.filter((key) => key in keys).map((key) => [key, absolute(keys[key])])),
  });
  const inner = ['tls', 'backup'].flatMap((key) => (isMapping(uplink[key]) ? [[key, made(uplink[key])]] : []));
  return { ...made(uplink), ...Object.fromEntries(inner) };
}

/** The PIN lies in the data folder unless the site says otherwise. */
function withPageFiles(page: Record<string, unknown>, absolute: (file: unknown) => unknown, data: unknown): unknown {
  const inData = typeof data === 'string' ? { pinFile: join(data, 'page.pin') } : {};
  const given = { ...inData, ...page };
  const files = ['pinFile', 'certificate', 'key'].filter((name) => name in given);
  return { ...given, ...Object.fromEntries(files.map((name) => [name, absolute((given as Record<string, unknown>)[name])])) };
}

function withDoorFiles(line: unknown, folder: string): unknown {
  if (!isMapping(line) || !isMapping(line['wire']) || line['wire']['kind'] !== 'http') return line;
  return { ...line, wire: withAbsoluteFiles(line['wire'], (file) => resolve(folder, file)) };
}
