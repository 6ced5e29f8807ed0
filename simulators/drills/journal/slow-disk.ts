import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { inspect } from './aftermath.ts';
import { buildShim, startBehind } from './faults.ts';

const PACER = fileURLToPath(new URL('./pacer.ts', import.meta.url));

/** The main thread must stay free whatever the disk does: wires and devices hang on it. */
const LOOP_P99_MS = 50;

/** Seconds with a sync of 300 ms, and with one of 2 s; an alarm waits for the sync before its own, and for its own. */
const PRESETS = { smoke: [8, 10], nightly: [60, 60], release: [60, 60] } as const;

export interface Paced {
  readonly rows: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly loopP99Ms: number;
}

/** Alarms offered to a journal whose every sync takes so long; what came of them, and what is wrong afterwards. */
export async function pace(shim: string, syncMs: number, seconds: number): Promise<Paced & { readonly complaints: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-slow-'));
  try {
    const [directory, control] = [join(folder, 'data'), join(folder, 'control')];
    writeFileSync(control, '0');
    const child = startBehind({ shim, match: directory, control }, PACER, [directory, String(seconds)]);
    let said = '';
    const pacing = new Promise((resolve) =>
      child.stdout!.on('data', (bytes: Buffer) => (said += bytes).startsWith('pacing') && resolve(null)),
    );
    const closed = once(child, 'close');
    await Promise.race([pacing, closed]);
    writeFileSync(control, String(syncMs * 1_000));
    child.stdin!.end('go\n');
    await closed;
    const lines = said.split('\n');
    const paced = lines.find((line) => line.startsWith('paced '));
    if (!paced) throw new Error(`the pacer ended early: ${said.slice(0, 400)}`);
    const promised = lines.flatMap((line) => (line.startsWith('promised ') ? [line.slice('promised '.length)] : []));
    const { missing, twice, wrong, damaged } = await inspect(directory, promised);
    const lists = Object.entries({ missing, twice, wrong, damaged }).flatMap(([what, list]) =>
      list.length > 0 ? [`${list.length} ${what}`] : [],
    );
    const result = JSON.parse(paced.slice('paced '.length)) as Paced;
    const early =
      result.minMs < syncMs ? [`an alarm was answered after ${Math.round(result.minMs)} ms, before any sync can have ended`] : [];
    return { ...result, complaints: [...lists, ...early] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `npm run drill -- slow-disk [smoke | nightly | release]`: alarms on a disk whose every sync takes 300 ms, then 2 s. */
export async function run([asked = 'smoke']: readonly string[]): Promise<number> {
  if (!Object.hasOwn(PRESETS, asked)) throw new TypeError(`${asked}: must be one of ${Object.keys(PRESETS).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
  let bad = 0;
  try {
    const shim = await buildShim(folder);
    const seconds = PRESETS[asked as keyof typeof PRESETS];
    for (const [index, [syncMs, limitMs]] of (
      [
        [0, 3_000],
        [300, 3_000],
        [2_000, 8_000],
      ] as const
    ).entries()) {
      const { complaints, ...paced } = await pace(shim, syncMs, index === 0 ? 3 : seconds[index - 1]!);
      const slow = paced.p99Ms > limitMs ? [`alarm p99 above ${limitMs} ms`] : [];
      const blocked = paced.loopP99Ms > LOOP_P99_MS ? [`loop delay p99 above ${LOOP_P99_MS} ms`] : [];
      const all = [...complaints, ...slow, ...blocked];
      const figures = `${paced.rows} alarms, p50 ${Math.round(paced.p50Ms)} ms, p99 ${Math.round(paced.p99Ms)} ms, loop delay p99 ${paced.loopP99Ms.toFixed(1)} ms`;
      stdout.write(`  sync +${syncMs} ms: ${figures}${all.length > 0 ? `: ${all.join('; ')}` : ''}\n`);
      bad += all.length;
    }
    return bad === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
