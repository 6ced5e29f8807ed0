import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder for the test that runs, gone when it ends: after its own closing, since files in it may be open until then. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-sim-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
