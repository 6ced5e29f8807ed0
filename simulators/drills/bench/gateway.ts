import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderr, stdout } from 'node:process';
import { Children } from '../demo/children.ts';
import { installed } from './gateway/box.ts';
import { type Figure, isBusy, told } from './gateway/budgets.ts';
import { Cloud } from './gateway/cloud.ts';
import { drained } from './gateway/drain.ts';
import { filledJournal } from './gateway/fill.ts';
import { idle } from './gateway/idle.ts';
import { behindBacklog, healthy } from './gateway/latency.ts';
import { Site } from './gateway/site.ts';
import { slowDisk } from './gateway/slow-disk.ts';

const BACKLOG_ROWS = 1_000_000;
const BUSES = 5;

/**
 * The budgets of the gateway, each beside its yardstick: the installed gateway as a process of its own, real serial lines on
 * pseudo-terminals, a real collector with certificates. Exit code 1 when one is missed, 3 where this machine was too busy to tell.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-bench-gateway-'));
  const children = new Children(folder, (name, code) => code !== 0 && stderr.write(`  ${name} ended by itself with ${code}\n`));
  const site = await Site.start(folder, BUSES);
  const startedMs = performance.now();
  const wasBusy = isBusy();
  const say = (what: string) => stderr.write(`  ${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${what} …\n`);
  try {
    const figures: Figure[] = [];
    const part = async (what: string, measure: () => Promise<Figure[]>) => {
      say(what);
      figures.push(...(await measure()));
    };
    say('the installed gateway, a collector, certificates');
    const launcher = await installed(folder);
    const cloud = new Cloud(folder, children);
    await cloud.prepare(['gw-healthy', 'gw-backlog']);
    await part('idle', () => idle(folder, launcher, site));
    await part('every sync takes 300 ms, then 2 s', () => slowDisk(folder, launcher, site));
    await cloud.start();
    await part('a healthy link', () => healthy(folder, launcher, site, cloud));
    say(`a journal of ${BACKLOG_ROWS.toLocaleString('en')} readings that wait`);
    const backlog = join(folder, 'backlog');
    await filledJournal(backlog, BACKLOG_ROWS);
    await part('the link is back, the backlog drains', () => behindBacklog(folder, launcher, site, cloud, backlog));
    await cloud.stop();
    await part('how fast it drains', () => drained(folder, launcher, site, children, backlog));
    stdout.write(`\none gateway as it is installed, a real collector, ${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes\n`);
    process.exitCode = told(figures, wasBusy);
  } finally {
    await children.stopAll();
    await site[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
}
