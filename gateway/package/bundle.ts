import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const gateway = fileURLToPath(new URL('..', import.meta.url));

/** Packages with native parts, which they look for beside themselves: shipped as they are. */
const SHIPPED = ['better-sqlite3', 'serialport'];
const isShipped = (id: string) => SHIPPED.some((name) => id === name || id.startsWith(`${name}/`));

/** Needed to compile native parts, never to run them. */
const COMPILES_ONLY: ReadonlySet<string> = new Set(['node-addon-api']);

/** Threads: file in the bundle → source. */
const THREADS = { worker: 'src/journal/worker.ts' };
/** The program on a box. */
const GATEWAY = { gateway: 'src/main.ts' };

/**
 * Bundles our sources and pure JavaScript packages into CommonJS, each program with what it alone needs. Measured for a small box:
 * an `import` of `node:http` also loads a whole HTTP client, a `require` does not (15 MB); comments and Chinese texts make V8 keep
 * every source with two bytes a character (10 MB). Names stay as they are, so that the trace of a crash can be read.
 */
export async function bundle(directory: string): Promise<void> {
  await bundleProgram(directory, GATEWAY);
  cpSync(join(gateway, 'page'), join(directory, 'page'), { recursive: true, filter: (path) => !path.endsWith('.json') });
}

/** A program of ours, file in the bundle → source, with the threads it starts. */
export async function bundleProgram(directory: string, program: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, source] of Object.entries({ ...program, ...THREADS })) {
    await build({
      cwd: gateway,
      input: { [name]: source },
      platform: 'node',
      resolve: { alias: { 'readable-stream': 'node:stream' } },
      external: (id) => isShipped(id),
      plugins: [
        { name: 'neighbours', transform: (code) => NEIGHBOURS.reduce((left, [from, to]) => left.replaceAll(url(from), url(to)), code) },
      ],
      output: {
        dir: directory,
        format: 'cjs',
        entryFileNames: '[name].cjs',
        chunkFileNames: `${name}-[name].cjs`,
        minify: { mangle: false, compress: true, codegen: { removeWhitespace: true, asciiOnly: true } },
      },
      logLevel: 'warn',
    });
  }
}

/** Files that are found beside the code, where they stand in the sources → in the bundle. */
const NEIGHBOURS: ReadonlyArray<readonly [from: string, to: string]> = [
  ['./worker.ts', './worker.cjs'],
  ['../../page/', './page/'],
];
const url = (path: string) => `new URL('${path}'`;

/** Copies the shipped packages and everything they need into `node_modules`, with native parts for one processor alone. */
export function copyShipped(directory: string, arch: 'x64' | 'arm64'): void {
  const copied = new Set<string>();
  const copy = (name: string, from: string) => {
    if (copied.has(name) || COMPILES_ONLY.has(name)) return;
    const source = findPackage(name, from);
    copied.add(name);
    const isCompiled = existsSync(join(source, 'binding.gyp'));
    const target = join(directory, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    cpSync(source, target, { recursive: true, dereference: true, filter: (path) => isWanted(path.slice(source.length), isCompiled, arch) });
    const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) copy(dependency, source);
  };
  for (const name of SHIPPED) copy(name, gateway);
}

function findPackage(name: string, from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(directory) === directory)
      throw new Error(`package ${name} is not installed: run npm test once, it installs what the lock file names`);
  }
}

/** Leaves out sources, build files and native parts for other machines; Debian has no musl. `inside` is a path within a package. */
function isWanted(inside: string, isCompiled: boolean, arch: string): boolean {
  if (/^\/node_modules(?:\/|$)|\.(?:md|d\.ts|map)$/.test(inside)) return false;
  if (isCompiled && /^\/(?:deps|src|test|build|binding\.gyp)(?:\/|$)/.test(inside)) return false;
  const prebuilt = /^\/prebuilds\/([^/]+)/.exec(inside)?.[1];
  return (prebuilt === undefined || prebuilt.startsWith(`linux-${arch}`)) && !inside.includes('.musl.');
}

/** Native parts in a package tree, so that a build can prove that they are there. */
export function nativeParts(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.node'));
}
