import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderr, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PushSecrets } from '@fengsui/protocol/clouds';
import { FAMILIES } from '@fengsui/protocol/families';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import { type Command, InvalidArgumentError } from 'commander';
import { type Capture, readCapture } from '../commission/capture-text.ts';
import { Replay, type ReplayCount } from '../commission/replay.ts';
import type { GatewayConfiguration, HttpConfiguration } from '../config.ts';
import type { Heard } from '../line.ts';
import { buildLines } from '../lines.ts';
import { jsonLine } from '../steering.ts';
import { readSecrets } from '../wires/http.ts';
import { heardRow, lineNamed } from './capture.ts';
import { configurationFrom } from './check.ts';
import { REPLAY_SECRET, siteOf } from './replay-site.ts';
import { chosen, untilStopped } from './until.ts';

interface Options {
  readonly speed: number;
  readonly family?: string;
  readonly unit: number;
  readonly config?: string;
  readonly line?: string;
}

export interface Playing {
  /** How much faster than on site; absent: as fast as the drivers work. */
  readonly speed?: number;
  readonly signal: AbortSignal;
  /** Must not wait for anything: the time of the site stands still meanwhile. */
  readonly heard: (all: readonly Heard[]) => void;
}

/** Token and key by which a cloud signs and encrypts, where this machine has them: without them its pushes are refused as on site. */
function proofsOf(wire: HttpConfiguration): Partial<PushSecrets> {
  try {
    return readSecrets(wire);
  } catch {
    return {};
  }
}

/** Feeds a capture through the drivers of the only line of a configuration. */
export async function replayThrough(
  replay: Replay,
  configuration: GatewayConfiguration,
  { speed = Number.POSITIVE_INFINITY, signal, heard }: Playing,
): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'fengsui-replay-'));
  const over = new AbortController();
  const stopped = AbortSignal.any([signal, over.signal]);
  const [line] = buildLines({ ...configuration, data }, replay.clock, {
    openStream: async () => replay.wire,
    openDatagrams: async () => replay.socket,
    openServer: async () => replay.server,
    openDoor: async () => replay.door(REPLAY_SECRET),
    secretsOf: (wire) => ({ ...proofsOf(wire), path: REPLAY_SECRET }),
    // The time of the site goes on when everybody waits: nobody may wait for a disk.
    storeAt: () => ({ load: async () => [], save: async () => {} }),
    newToken: () => replay.newToken(),
  });
  const wait = Number.isFinite(speed) ? (ms: number) => sleep(ms / speed, undefined, { signal: stopped }).catch(() => {}) : undefined;
  try {
    await using running = await line!.open(stopped);
    const driven = (async () => {
      try {
        for await (const all of running.heard) heard(all);
      } finally {
        over.abort();
      }
    })();
    await Promise.all([driven, replay.run(stopped, wait)]);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function captureFrom(file: string): Capture {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TypeError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code}) / 无法读取`);
  }
  const capture = readCapture(text);
  if ('problems' in capture)
    throw new TypeError(
      capture.problems
        .slice(0, 20)
        .map((problem) => `${file}: ${problem}`)
        .join('\n'),
    );
  return capture;
}

function siteFrom(options: Options, capture: Capture): GatewayConfiguration | null {
  if (options.config !== undefined) {
    const configuration = configurationFrom(options.config);
    return configuration && { ...configuration, lines: [lineNamed(configuration, options.line)] };
  }
  const name = options.family ?? capture.header.family ?? capture.end?.looksLike?.[0];
  if (name === undefined) throw new TypeError('--family or --config is missing: the capture names none / 缺少 --family 或 --config');
  return siteOf(chosen(FAMILIES, name, 'family'), capture, options.unit);
}

async function replay(file: string, options: Options): Promise<void> {
  const capture = captureFrom(file);
  if (!capture.end) stderr.write(`${file}: 记录不完整 the capture was cut off; what is there is replayed\n`);
  const configuration = siteFrom(options, capture);
  if (!configuration) return;
  let events = 0;
  const { zoneMinutes } = configuration.gateway;
  // Counted, not drawn: the same capture prints the same lines every time.
  const newEventId = () => (events += 1).toString(16).padStart(32, '0');
  const devices = configuration.lines.flatMap((line) => line.devices);
  const playing = new Replay(capture);
  const normalizer = createNormalizer({ devices, zoneMinutes, newEventId, clock: playing.clock });
  const heard = (all: readonly Heard[]) => {
    for (const one of all) {
      stdout.write(jsonLine(heardRow(one)));
      for (const event of normalizer.normalize(one)) stdout.write(jsonLine({ event }));
    }
    normalizer.settle(all);
  };
  await replayThrough(playing, configuration, { speed: options.speed, signal: untilStopped().signal, heard });
  stderr.write(`${summary(playing.count)}\n`);
}

function summary({ chunks, writtenOnSite, writtenNow, unasked }: ReplayCount): string {
  const differs = unasked > 0 ? ` · ! ${unasked} 段应答未经询问 chunks came unasked: this driver asks otherwise than the one captured` : '';
  return `回放 replayed ${chunks} chunks; 现场写出 written on site ${writtenOnSite}, 此次 now ${writtenNow}${differs}`;
}

function speed(text: string): number {
  const value = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0, or max.');
  return value;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('feed a capture through the drivers again and print what they hear / 回放记录')
    .argument('<file>', 'made by gateway capture')
    .option('--speed <n>', 'how many times faster than on site, or max', speed, Number.POSITIVE_INFINITY)
    .option('--family <name>', 'the device family; default: what the capture names')
    .option('--unit <n>', 'Modbus unit of a polled device; default: those that were asked', Number, 1)
    .option('--config <file>', 'through a configured line: its devices, points and meanings')
    .option('--line <name>', 'which line of the configuration')
    .action(replay);
}
