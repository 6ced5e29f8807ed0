import { argv, stderr, stdout } from 'node:process';

/** `npm run drill -- <name> [arguments]`: long runs against the real thing. Exit code 0 well, 1 something was lost, 3 this machine cannot. */
const DRILLS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  'journal-starve': () => import('./journal/starve.ts'),
  'journal-sweep': () => import('./journal/sweep-drill.ts'),
  'journal-upgrade': () => import('./journal/migration.ts'),
  'power-cut': () => import('./journal/power-cut.ts'),
  'slow-disk': () => import('./journal/slow-disk.ts'),
};

const [name = '', ...args] = argv.slice(2);
if (!Object.hasOwn(DRILLS, name)) {
  stderr.write(`no such drill: ${name || '(none)'}. Drills: ${Object.keys(DRILLS).join(', ')}\n`);
  process.exit(2);
}
stdout.write(`drill ${name}\n`);
process.exitCode = await (await DRILLS[name]!()).run(args);
