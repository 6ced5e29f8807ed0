import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { platform } from 'node:process';
import { replaceDurably } from '../durable-file.ts';
import { fail } from '../failures.ts';
import { isPinLine, pinLine } from './pin.ts';

/** The text of a PIN file. Rejects with Failure `page-pin` where there is none, others can read it, or it is something else. */
export async function readPinFile(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    const mode = (await stat(file)).mode & 0o777;
    if (platform !== 'win32' && (mode & 0o077) !== 0) throw new Error(`others can read it, mode ${mode.toString(8)}`);
    if (!isPinLine(text)) throw new Error('it holds no PIN of ours');
    return text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw fail('page-pin', `${file}: ${code === 'ENOENT' ? 'is not there' : message}`, error);
  }
}

/** Writes a PIN file for its owner alone, with its folder where that is not there yet. Rejects with the file system's error. */
export async function writePinFile(file: string, pin: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  await replaceDurably(file, await pinLine(pin), { mode: 0o600 });
}
