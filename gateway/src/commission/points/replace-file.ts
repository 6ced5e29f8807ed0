import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { type Keeping, replaceDurably } from '../../durable-file.ts';

/**
 * Never through a link, and never waiting for a pipe: root exchanges files in a folder in which the gateway's user may plant either, and what a
 * link led to would come to lie beside it as that user's own.
 */
const AS_IT_STANDS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

type Standing = Pick<Awaited<ReturnType<typeof lstat>>, 'mode' | 'uid' | 'gid'>;

/** `gateway.yaml` that root exchanges stays readable for the gateway's own user. */
function keepingOf({ mode, uid, gid }: Standing): Keeping {
  return { mode: Number(mode) & 0o777, ...(process.geteuid?.() === 0 ? { owner: { uid: Number(uid), gid: Number(gid) } } : {}) };
}

/** What a file says and whose it is, both of the one file that was opened. */
async function taken(file: string): Promise<{ readonly bytes: Buffer; readonly keeping: Keeping }> {
  await using handle = await open(file, AS_IT_STANDS);
  const found = await handle.stat();
  if (!found.isFile()) throw new TypeError('no plain file');
  return { bytes: await handle.readFile(), keeping: keepingOf(found) };
}

/**
 * Exchanges a file that is there, with its mode and owner; what it was stands beside it first, byte for byte. `from` is the text that `text` was
 * made of: a file that says something else by now is left alone. Returns the backup's name.
 */
export async function replaceWithBackup(file: string, { from, text }: { from: string; text: string }, nowMs: number): Promise<string> {
  const backup = `${file}.bak-${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}`;
  try {
    const { bytes, keeping } = await taken(file);
    if (!bytes.equals(Buffer.from(from, 'utf8')))
      throw new TypeError('another configuration came meanwhile: do it again 配置已被更新,请重试');
    await replaceDurably(backup, bytes, keeping);
    await replaceDurably(file, text, keeping);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ELOOP' ? 'it is a link: name the file itself 是符号链接,请指定文件本身' : (code ?? message);
    throw new TypeError(`${file}: cannot be written with a backup beside it (${why}); nothing was changed / 无法写入,未做更改`);
  }
  return backup;
}

/** Writes a file whole or not at all; one that is there keeps its mode and owner. What stands there and is no file gives way. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const found = await lstat(file).catch(() => null);
  await replaceDurably(file, text, found?.isFile() ? keepingOf(found) : { mode: 0o640 });
}
