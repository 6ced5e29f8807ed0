import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const gateway = fileURLToPath(new URL('..', import.meta.url));

/** Packages with native parts, or large and seldom needed: shipped as they are, beside the bundle. */
const SHIPPED = ['better-sqlite3', 'serialport', 'exceljs'];
const isShipped = (id: string) => SHIPPED.some((name) => id === name || id.startsWith(`${name}/`)) || id.startsWith('@serialport/');

/** Programs and threads: file in the bundle → source. */
const ENTRIES = { gateway: 'src/main.ts', worker: 'src/journal/worker.ts' };

/** Bundles our sources and pure JavaScript packages: one file starts quicker and needs less memory than hundreds with types to strip. */
export async function bundle(directory: string): Promise<void> {
  await build({
    cwd: gateway,
    input: ENTRIES,
    platform: 'node',
    external: (id) => isShipped(id),
    plugins: [
      {
        name: 'threads',
        transform: (code) => code.replaceAll(`new URL('./worker.ts', import.meta.url)`, `new URL('./worker.js', import.meta.url)`),
      },
    ],
    output: { dir: directory, format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'part-[hash].js', banner: BANNER },
    logLevel: 'warn',
  });
}

/** CommonJS packages inside the bundle ask for `require`. */
const BANNER = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`;

/** Copies the shipped packages and everything they need into `node_modules`, with native parts for one processor alone. */
export function copyShipped(directory: string, arch: 'x64' | 'arm64'): string[] {
  const copied = new Set<string>();
  const copy = (name: string, from: string) => {
    if (copied.has(name)) return;
    const source = findPackage(name, from);
    if (!source) throw new Error(`package ${name} is not installed: run npm test once, it installs what the lock file names`);
    copied.add(name);
    const target = join(directory, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    cpSync(source, target, { recursive: true, dereference: true, filter: (path) => isWanted(path, source, arch) });
    const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) copy(dependency, source);
  };
  for (const name of SHIPPED) copy(name, gateway);
  return [...copied].sort();
}

function findPackage(name: string, from: string): string | null {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(directory) === directory) return null;
  }
}

/** Leaves out sources, build files, tests and native parts for other machines. */
function isWanted(path: string, root: string, arch: string): boolean {
  const inside = path.slice(root.length);
  if (
    /^\/(?:deps|src|test|tests|spec|build|binding\.gyp|dist\/es5)(?:\/|$)/.test(inside) &&
    /better-sqlite3|bindings-cpp|exceljs/.test(root)
  )
    return false;
  if (/^\/node_modules(?:\/|$)/.test(inside)) return false;
  const prebuilt = /^\/prebuilds\/([^/]+)/.exec(inside)?.[1];
  return prebuilt === undefined || prebuilt.startsWith(`linux-${arch}`);
}

/** Native parts in a package tree, so that a build can prove that they are there. */
export function nativeParts(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.node'));
}
