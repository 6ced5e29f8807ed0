import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Puts a text in the place of a file, whole or not at all, also when the power goes: written beside, synced, renamed, and the
 * folder synced. Keeps the mode of what was there. Throws the file system's error; then the old file stands.
 */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  const file = await open(beside, 'w', mode);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
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
