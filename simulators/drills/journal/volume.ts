import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '../house/tool.ts';

/** A small volume of its own, so that filling it harms nobody. */
export interface Volume extends AsyncDisposable {
  readonly path: string;
}

/** A volume in memory; null where this machine lets us mount nothing. */
export async function mountVolume(megabytes: number): Promise<Volume | null> {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-volume-'));
  const path = join(folder, 'volume');
  mkdirSync(path);
  const { code } = await runTool('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  if (code !== 0) {
    remove();
    return null;
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await runTool('umount', ['-l', path]);
      remove();
    },
  };
}
