import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Never through a link: where root writes into a folder of another user, that user may have planted one. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** Whose a file becomes, and its permission bits; where not said, as what was there, else 0600 of the writer. */
export interface Keeping {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Puts a text (UTF-8) or bytes in the place of a file, whole or not at all, also when the power goes: written beside, synced, renamed, and the
 * folder synced. Throws the file system's error; then the old file stands.
 */
export async function replaceDurably(path: string, content: string | Uint8Array, keeping: Keeping = {}): Promise<void> {
  const beside = `${path}.new`;
  const mode = keeping.mode ?? (await modeOf(path));
  await rm(beside, { force: true, recursive: true });
  const file = await open(beside, NEW_FILE, mode);
  try {
    if (keeping.owner) await file.chown(keeping.owner.uid, keeping.owner.gid);
    await file.chmod(mode);
    await file.writeFile(content, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** Of the file that gives way, not of one that a link in its place leads to. */
function modeOf(path: string): Promise<number> {
  return lstat(path).then(
    (found) => (found.isFile() ? found.mode & 0o777 : 0o600),
    () => 0o600,
  );
}

/** A new or renamed file is there after a power cut only when its folder was synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
