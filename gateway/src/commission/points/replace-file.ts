import { readFile, stat } from 'node:fs/promises';
import { replaceDurably } from '../../durable-file.ts';

/** `gateway.yaml` that root exchanges stays readable for the gateway's own user. */
async function standing(file: string) {
  const { mode, uid, gid } = await stat(file);
  return { mode: mode & 0o777, ...(process.geteuid?.() === 0 ? { owner: { uid, gid } } : {}) };
}

/** Exchanges a file that is there, with its mode and owner; what it was stands beside it first, byte for byte. Returns the backup's name. */
export async function replaceWithBackup(file: string, text: string, nowMs: number): Promise<string> {
  const backup = `${file}.bak-${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}`;
  try {
    const keeping = await standing(file);
    await replaceDurably(backup, await readFile(file), keeping);
    await replaceDurably(file, text, keeping);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TypeError(`${file}: cannot be written with a backup beside it (${code ?? message}); nothing was changed / 无法写入,未做更改`);
  }
  return backup;
}

/** Writes a file whole or not at all; one that is there keeps its mode and owner. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await replaceDurably(file, text, await standing(file).catch(() => ({ mode: 0o640 })));
}
