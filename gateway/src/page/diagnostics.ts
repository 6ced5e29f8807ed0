import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownFiles } from './identity.ts';
import type { PageNeeds } from './needs.ts';
import { viewOf } from './view.ts';

/** Settings that name a file with a key, a certificate or a secret in it: what it is called is nobody's business either. */
const FILE_SETTING = /^(?:ca|certificate|key|configurationKey|.*(?:secret|token|key|pin|password)File)$/i;
const HIDDEN = '(not shown 不导出)';
/** Shorter words stand in texts by chance. */
const SECRET_CHARACTERS_MIN = 6;

/** Everything somebody needs who helps from afar, and nothing that would let him in. */
export async function diagnosticsOf(needs: PageNeeds): Promise<string> {
  const { configuration, page, clock, points, noise, findings, logLines } = needs;
  const told = {
    fengsui: 'diagnostics',
    madeAt: new Date(clock.wallMs()).toISOString(),
    runtime: `${process.version} ${process.platform} ${process.arch}`,
    status: await viewOf(needs),
    findings: await findings(),
    noise: Object.fromEntries(configuration.lines.map(({ name }) => [name, noise(name)])),
    silentPoints: (await points()).filter(({ heardMs }) => heardMs === null).length,
    configuration: withoutFiles(configuration),
    log: logLines().map(readLine),
  };
  const files = [...filesIn(configuration), ...Object.values(ownFiles(join(configuration.data, 'page'))), page.pinFile];
  const secrets = (await Promise.all(files.map(secretsOf))).flat();
  return withoutWords(JSON.stringify(told, null, 1), [...secrets, ...files]);
}

function readLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line; // cut short
  }
}

function withoutFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([name, inner]) => [
    name,
    FILE_SETTING.test(name) && typeof inner === 'string' ? HIDDEN : withoutFiles(inner),
  ]);
  return Object.fromEntries(pairs);
}

function filesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' ? (FILE_SETTING.test(name) ? [inner] : []) : filesIn(inner),
  );
}

/** The words of a file that must not stand anywhere, should a log line have caught one. Of a certificate that is nothing. */
async function secretsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (/-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----/.test(text) && !text.includes('PRIVATE KEY')) return [];
  return text
    .split(/\s+/)
    .filter((word) => word.length >= SECRET_CHARACTERS_MIN && !word.includes('-----') && word !== 'PRIVATE' && word !== 'fengsui-pin');
}

/** The longest first: a word may be part of another. */
function withoutWords(text: string, words: readonly string[]): string {
  const written = words.map((word) => JSON.stringify(word).slice(1, -1));
  return [...new Set(written)].sort((one, other) => other.length - one.length).reduce((left, word) => left.replaceAll(word, HIDDEN), text);
}
