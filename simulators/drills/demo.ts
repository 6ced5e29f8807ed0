import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PRESSURES, Site } from './demo/site.ts';
import { quietScene, type Scene, STORY } from './demo/story.ts';
import { Timeline } from './demo/timeline.ts';
import { startWorld, type World } from './demo/world.ts';

// npm run demo              plays the story, then lives on quietly until Ctrl-C
// npm run demo -- --once    plays it faster, checks it, prints one JSON object as the last line, exits 0 only for a good run
//   --keep keeps the folder of the run, --seed <seed> begins chance elsewhere

const { values: flags } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
const LOOK_EVERY_MS = 100;
/** A scene that waits for arrival goes on after this, whatever came: the checker will say what is missing. */
const ARRIVAL_WITHIN_MS = 15_000;
const SETTLE_WITHIN_MS = 20_000;
/** Ctrl-C in a terminal reaches the children as well: one that ends within this of it did so in order. */
const CTRL_C_MS = 500;
/** Time to read a scene before the next. */
const PAUSE_MS = 2500;
const QUIET_SCENES = 6;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Plays scenes on a running world, and shows what becomes of them. */
class Stage {
  readonly #world: World;
  readonly #timeline: Timeline;
  /** Things each device has been told to say; a hydrant's first pressure is one. */
  readonly #expected = new Map<string, number>(Object.keys(PRESSURES).map((hydrant) => [hydrant, 1]));

  constructor(world: World, timeline: Timeline) {
    this.#world = world;
    this.#timeline = timeline;
  }

  async play({ zh, en, steps, until }: Scene): Promise<void> {
    print(`── ${zh} · ${en}`);
    for (const [who, step] of steps) {
      this.#world.told.get(who)!.tell(step);
      if ('say' in step || 'set' in step) this.#expected.set(who, (this.#expected.get(who) ?? this.#timeline.saidBy(who)) + 1);
    }
    if (until !== 'arrived') return this.#watch(flags.once ? until.onceMs : until.ms, () => false);
    await this.#watch(ARRIVAL_WITHIN_MS, () => this.#arrived);
    if (!flags.once) await this.#watch(PAUSE_MS, () => false);
  }

  /** Looks on until `done`, for `forMs` at most, or until somebody stops the demonstration. */
  async #watch(forMs: number, done: () => boolean): Promise<void> {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs && !stop.signal.aborted) {
      await this.#timeline.look();
      if (done()) return;
      await wait(LOOK_EVERY_MS);
    }
  }

  async settle(): Promise<void> {
    await this.#watch(SETTLE_WITHIN_MS, () => this.#arrived);
  }

  get #arrived(): boolean {
    const said = [...this.#expected].every(([device, count]) => this.#timeline.saidBy(device) >= count);
    return said && this.#timeline.settled;
  }

  /** Small movements for a while, then the story once more: the expectations of a scene count from where things stand. */
  async live(): Promise<void> {
    while (!stop.signal.aborted) {
      for (let turn = 0; turn < QUIET_SCENES && !stop.signal.aborted; turn++) await this.play(quietScene(turn));
      this.#expected.clear();
      await this.story();
    }
  }

  async story(): Promise<void> {
    for (const scene of STORY) if (!stop.signal.aborted) await this.play(scene);
  }
}

/** Runs the independent checker as a process of its own over what the run left behind. Its JSON is our last line. */
async function checked(site: Site, devices: readonly string[]): Promise<number> {
  const main = fileURLToPath(new URL('./checker/main.ts', import.meta.url));
  const words = [
    ...devices.flatMap((device) => ['--truth', site.truthOf(device)]),
    ...[
      '--ledger',
      site.path('collector', 'ledger.sqlite'),
      '--municipal',
      site.path('municipal.jsonl'),
      '--link',
      site.path('link.jsonl'),
    ],
  ];
  const checker = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(checker, 'exit')) as [number | null];
  return code ?? 1;
}

async function perform(site: Site): Promise<number> {
  let dead: string | null = null;
  let world: World | null = null;
  try {
    world = await startWorld(site, flags.seed, async (name, code) => {
      await wait(CTRL_C_MS);
      if (stop.signal.aborted) return;
      dead = `${name} ended by itself with ${code}; its log: ${site.path('logs', `${name}.log`)}`;
      stop.abort();
    });
    await show(site, world);
  } catch (error) {
    await wait(CTRL_C_MS);
    if (!stop.signal.aborted) throw error;
  } finally {
    await world?.children.stopAll();
  }
  if (dead !== null) throw new Error(dead);
  if (world && !stop.signal.aborted) return checked(site, world.devices);
  return flags.once ? 130 : 0;
}

/** Plays the story before the eyes of whoever watches; without `--once` until somebody stops it. */
async function show(site: Site, world: World): Promise<void> {
  print(`实时页面 live page: ${world.page}`);
  print(`网关数字 gateway numbers: ${world.status}/status`);
  const timeline = new Timeline({
    truthPaths: world.devices.map((device) => site.truthOf(device)),
    municipalPath: site.path('municipal.jsonl'),
    page: world.page,
    print,
    colour: process.stdout.isTTY === true,
  });
  await timeline.prepare();
  const stage = new Stage(world, timeline);
  await stage.story();
  if (flags.once) await stage.settle();
  else await stage.live();
}

const site = new Site(mkdtempSync(join(tmpdir(), 'fengsui-demo-')));
let code = 1;
try {
  code = await perform(site);
} catch (error) {
  process.stderr.write(`demo: ${(error as Error).message}\n`);
} finally {
  if (flags.keep || code !== 0) process.stderr.write(`demo: kept ${site.folder}\n`);
  else rmSync(site.folder, { recursive: true, force: true });
}
process.exit(code);
