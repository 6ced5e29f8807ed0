import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { checkConfiguration as checkCollector } from '@fengsui/collector/src/config.ts';
import { checkConfiguration as checkGateway } from '@fengsui/gateway/src/config.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readScenario } from '../../src/scenario.ts';
import { fences, relativeLinks, tableUnder } from './markdown.ts';
import { ROOT, runTool, type ToolRun } from './tool.ts';

const pages = globSync('{*.md,docs/**/*.md}', { cwd: ROOT });
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

/** `npm run x -- words` and `npm test` in the fenced blocks and inline code of a page. */
function npmCommands(page: string): ReadonlyArray<{ readonly script: string; readonly words: readonly string[] }> {
  const text = read(page);
  const code = [...fences(text).map((fence) => fence.text), ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, inline]) => inline ?? '')];
  return code
    .flatMap((block) => block.split('\n'))
    .map((line) => /^\s*npm (?:run (?:--silent )?)?((?<=run .*)[\w-]+|test\b)(?: -- ([^#]*))?/.exec(line))
    .flatMap((found) => (found ? [{ script: found[1] ?? '', words: (found[2] ?? '').trim().split(/\s+/).filter(Boolean) }] : []));
}

/** The commands of our own programs that the pages name: program, command, flags. */
function programCommands(): ReadonlyArray<readonly [line: string, entry: string, command: readonly string[], flags: readonly string[]]> {
  const entries: Readonly<Record<string, string>> = {
    gateway: 'gateway/src/main.ts',
    collector: 'collector/src/main.ts',
    sim: 'simulators/src/cli.ts',
  };
  const lines = new Map<string, readonly [string, string, readonly string[], readonly string[]]>();
  for (const { script, words } of pages.flatMap(npmCommands)) {
    const entry = entries[script];
    const command = words[0];
    if (!entry || !command || command.startsWith('<')) continue;
    const flags = words.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*$/, ''));
    lines.set(`${script} ${words.join(' ')}`, [`${script} ${words.join(' ')}`, entry, words.slice(0, 2), flags]);
  }
  return [...lines.values()];
}

const helps = new Map<string, Promise<ToolRun>>();
function helpOf(entry: string, command: readonly string[]): Promise<ToolRun> {
  const name = [entry, ...command].join(' ');
  if (!helps.has(name)) helps.set(name, runTool(process.execPath, [join(ROOT, entry), ...command, '--help']));
  return helps.get(name)!;
}

/** The help of a command, or of the part of it that the second word names. */
async function helpFor(entry: string, [command, part = '']: readonly string[]): Promise<ToolRun> {
  const help = await helpOf(entry, [command!]);
  const hasPart = /^[a-z]/.test(part) && new RegExp(`^Commands:[^]*^  ${part}\\b`, 'm').test(help.output);
  return hasPart ? helpOf(entry, [command!, part]) : help;
}

/** The one block of the operating page with that name. */
function shown(language: string): string {
  const blocks = fences(read('docs/operate.md')).filter((fence) => fence.language === language);
  expect(blocks).toHaveLength(1);
  return blocks[0]?.text ?? '';
}

describe('the docs', () => {
  it('are there', () => {
    expect(pages.length).toBeGreaterThan(10);
    expect(programCommands().length).toBeGreaterThan(5);
  });

  it.each(pages)('%s has only links that lead somewhere', (page) => {
    const broken = relativeLinks(read(page)).filter((target) => !existsSync(normalize(join(ROOT, dirname(page), target))));
    expect(broken).toEqual([]);
  });

  it.each(pages)('%s names only scripts that there are', (page) => {
    expect(
      npmCommands(page)
        .map(({ script }) => script)
        .filter((script) => !(script in scripts)),
    ).toEqual([]);
  });

  it.each(programCommands())('%s is a command with those flags', async (_line, entry, command, flags) => {
    const { code, output } = await helpFor(entry, command);
    expect(output).toMatch(new RegExp(`^Usage: .*\\b${command[0]}\\b`, 'm'));
    expect(code).toBe(0);
    expect(flags.filter((flag) => !new RegExp(`${flag}\\b`).test(output))).toEqual([]);
  });

  it.each(['README.md', 'README.zh-CN.md'])('%s leads with the two commands', (page) => {
    const first = fences(read(page))[0]
      ?.text.split('\n')
      .map((line) => line.replace(/\s+#.*$/, ''));
    expect(first).toEqual(['npm run demo', 'npm test', '']);
  });

  it('say the same commands in both languages', () => {
    const said = (page: string) => npmCommands(page).map(({ script, words }) => [script, ...words].join(' '));
    expect(said('README.zh-CN.md')).toEqual(said('README.md'));
  });

  it.each([
    ['gateway', checkGateway, 'jbf-193k', ['ca.pem', 'gw-jdz-0001.pem', 'gw-jdz-0001.key'].map((file) => `gw-jdz-0001/${file}`)],
    ['collector', checkCollector, '8080', ['municipal.token']],
  ] as const)('show a %s configuration that is right', (program, check, spoil, files) => {
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-docs-'));
    try {
      mkdirSync(join(folder, 'gw-jdz-0001'));
      for (const file of files) writeFileSync(join(folder, file), 'secret', { mode: 0o600 });
      const text = shown(`yaml ${program}`);
      expect(check(text, folder)).not.toHaveProperty('problems');
      expect(check(text.replace(spoil, 'wrong'), folder)).toHaveProperty('problems');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('show a scenario that a simulator plays', () => {
    expect(readScenario(parse(shown('yaml scenario')))).toHaveLength(4);
  });

  it('point newcomers to places that there are', () => {
    const places = tableUnder(read('CONTRIBUTING.md'), '## I want to change')
      .flatMap((row) => [...(row[1] ?? '').matchAll(/`([\w@./-]+\/[\w./-]*)`/g)])
      .map(([, place]) => place ?? '');
    expect(places.length).toBeGreaterThan(20);
    expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
  });

  it('give a reason for every library, and for no other', () => {
    const rooms = ['protocol', 'gateway', 'collector', 'simulators'].map((room) => `${room}/package.json`);
    const used = new Set(rooms.flatMap((file) => Object.keys((JSON.parse(read(file)) as { dependencies: object }).dependencies)));
    const explained = tableUnder(read('ARCHITECTURE.md'), '## Libraries').flatMap((row) =>
      [...(row[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
    );
    const fits = (name: string, library: string) => name === library || (name.endsWith('/*') && library.startsWith(name.slice(0, -1)));
    expect([...used].filter((library) => !/^@fengsui\//.test(library) && !explained.some((name) => fits(name, library)))).toEqual([]);
    const developed = rooms.flatMap((file) => Object.keys((JSON.parse(read(file)) as { devDependencies?: object }).devDependencies ?? {}));
    expect(explained.filter((name) => ![...used, ...developed].some((library) => fits(name, library)))).toEqual([]);
  });

  it('keep the map short', () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(151);
  });

  it('name no path of one machine', () => {
    const tracked = execFileSync('git', ['ls-files', '-z', '*.md'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
    expect(tracked.filter((page) => /(?:^|[\s`(])\/(?:work|root|tmp|home)\//.test(read(page)))).toEqual([]);
  });
});
