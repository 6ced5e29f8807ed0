// Loaded before a program (`--import`): puts faults into its own source text as it is read, so that the product needs no hooks for drills.
// FENGSUI_FAULTS: JSON list of `Fault`.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

interface Fault {
  /** End of the path of the source file. */
  readonly file: string;
  /** Stands once in it; the fault comes before it. */
  readonly before: string;
  /** `loop` and `wait` never go on: one takes the thread with it, the other only whoever waits. */
  readonly does: 'throw' | 'loop' | 'wait';
  /** Only where this expression of that place holds. */
  readonly when?: string;
  /** While this file is there the fault happens: as often as the number in it says, or for ever. */
  readonly armed: string;
}

const faults = JSON.parse(process.env['FENGSUI_FAULTS'] ?? '[]') as Fault[];

function isArmed({ armed }: Fault): boolean {
  if (!existsSync(armed)) return false;
  const times = Number(readFileSync(armed, 'utf8'));
  if (times > 1) writeFileSync(armed, String(times - 1));
  else if (times === 1) rmSync(armed);
  return true;
}

function disturb(index: number): Promise<never> | undefined {
  const fault = faults[index]!;
  if (!isArmed(fault)) return undefined;
  if (fault.does === 'throw') throw new Error(`drill: thrown in ${fault.file}`);
  if (fault.does === 'wait') return new Promise(() => {});
  for (;;); // the thread is gone
}

Object.assign(globalThis, { fengsuiDisturb: disturb });

function disturbed(url: string, source: string): string {
  return faults.reduce((text, { file, before, does, when = 'true' }, index) => {
    if (!url.endsWith(file)) return text;
    const pieces = text.split(before);
    if (pieces.length !== 2) throw new Error(`drill: ${file} holds ${pieces.length - 1} times what a fault comes before: ${before}`);
    const disturbs = `if (${when}) ${does === 'wait' ? 'await ' : ''}globalThis.fengsuiDisturb(${index});`;
    return `${pieces[0]}${disturbs}\n${before}${pieces[1]}`;
  }, source);
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!faults.some(({ file }) => url.endsWith(file))) return loaded;
    return { ...loaded, source: disturbed(url, String(loaded.source)) };
  },
});
