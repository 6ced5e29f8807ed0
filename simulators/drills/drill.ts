import { argv, exit, stderr, stdout } from 'node:process';
import { type Experiment, perform } from './itself/experiment.ts';

interface Drill {
  readonly words: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

const own = (words: string, load: () => Promise<{ run(args: readonly string[]): Promise<number> }>): Drill => ({
  words,
  run: async (args) => (await load()).run(args),
});

/** `[seed] [short]`: the long form, from a seed; its last line is one JSON object. */
const experiment = (name: string, words: string, load: () => Promise<{ readonly experiment: Experiment }>): Drill => ({
  words: `${words} [seed] [short]`,
  run: async ([seed = '1', length = 'long']) => {
    const startMs = performance.now();
    const { complaints, measured } = await perform((await load()).experiment, Number(seed), length !== 'short');
    const seconds = Math.round((performance.now() - startMs) / 1000);
    stdout.write(`${JSON.stringify({ drill: name, seed: Number(seed), good: complaints.length === 0, seconds, measured, complaints })}\n`);
    return complaints.length === 0 ? 0 : 1;
  },
});

/** `npm run drill -- <name> [arguments]`: long runs against the real thing. Exit code 0 well, 1 something was lost, 3 this machine cannot. */
const DRILLS: Readonly<Record<string, Drill>> = {
  'journal-sweep': own('every call of the disk fails, tears or kills once [points]', () => import('./journal/sweep-drill.ts')),
  'journal-starve': own('few descriptors, little memory, a long backlog', () => import('./journal/starve.ts')),
  'journal-upgrade': own('an upgrade of the journal is killed at every step', () => import('./journal/migration.ts')),
  'journal-upgrade-large': own(
    'a million rows of every older schema are upgraded within 512 MiB [rows]',
    () => import('./journal/large-upgrade.ts'),
  ),
  'slow-disk': own('the disk takes 300 ms, then 2 s, for every sync', () => import('./journal/slow-disk.ts')),
  'power-cut': own('the power goes while the journal writes [cuts]', () => import('./journal/power-cut.ts')),
  outage: experiment('outage', 'four days without a link on a clock handed in', () => import('./journal/outage.ts')),
  package: own(
    'the package on a clean Debian 12: installed, upgraded, started by systemd, removed',
    () => import('./package/package-drill.ts'),
  ),
  kill: experiment('kill', 'killed at 1,000 moments; with the link down and the log torn', () => import('./itself/kill.ts')),
  drain: experiment('drain', 'the link falls silent in a backlog; the gateway is killed in it', () => import('./itself/drain.ts')),
  freeze: experiment('freeze', 'gateway and collector stand still and go on', () => import('./itself/freeze.ts')),
  hang: experiment('hang', 'a part of the gateway stands still; the watchdog notices', () => import('./itself/hang.ts')),
  sweep: experiment('sweep', 'calls of the disk fail under a whole gateway', () => import('./itself/sweep.ts')),
  eio: experiment('eio', 'a sync of the alarm lane fails, once and for a while', () => import('./itself/eio.ts')),
  stop: experiment('stop', 'told to stop while a driver, an uplink or the journal hangs', () => import('./itself/stop.ts')),
  throw: experiment('throw', 'errors of the program, a crash loop, SIGTERM under load', () => import('./itself/throw.ts')),
  flood: experiment('flood', '200 alarms in a second upon 10,000 readings that wait', () => import('./itself/flood.ts')),
  soak: own('50 readings a second for as long as you say, then over a link too slow [minutes] [seed]', () => import('./itself/soak.ts')),
  poison: experiment('poison', 'bad frames among good ones', () => import('./itself/poison.ts')),
  orders: experiment('orders', 'a duty check over a kill, reads, 500 pushed configurations', () => import('./itself/orders.ts')),
  narrow: experiment('narrow', 'a link that loses, is far, is narrow', () => import('./links/narrow.ts')),
  'narrow-kernel': own(
    'the same, lost and held back by the kernel between two network namespaces',
    () => import('./links/narrow-kernel.ts'),
  ),
  partition: experiment(
    'partition',
    'the way is broken, for seconds up to ten minutes, and comes back',
    () => import('./links/partition.ts'),
  ),
  refused: experiment('refused', 'a gateway is not let in, for every cause there is', () => import('./links/refused.ts')),
  clock: experiment('clock', 'the clock starts in 1970 and jumps', () => import('./itself/clock.ts')),
};

function list(): string {
  const width = Math.max(...Object.keys(DRILLS).map((name) => name.length));
  return Object.entries(DRILLS)
    .map(([name, { words }]) => `  ${name.padEnd(width)}  ${words}\n`)
    .join('');
}

const [name, ...args] = argv.slice(2);
if (name === undefined) {
  stdout.write(`npm run drill -- <name> [arguments]\n${list()}`);
  exit(0);
}
if (!Object.hasOwn(DRILLS, name)) {
  stderr.write(`no such drill: ${name}. Drills:\n${list()}`);
  exit(2);
}
stdout.write(`drill ${name}\n`);
process.exitCode = await DRILLS[name]!.run(args);
