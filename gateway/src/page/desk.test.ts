import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LoginDesk } from './desk.ts';
import type { PageNeeds } from './needs.ts';
import { readPinFile, writePinFile } from './pin-file.ts';
import { Sessions } from './sessions.ts';

it('ends the sessions of the old PIN without a further guess', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-desk-'));
  const pinFile = join(folder, 'page.pin');
  try {
    await writePinFile(pinFile, '480736');
    const clock = { monotonicMs: () => 0 };
    const sessions = new Sessions(clock);
    const needs = { page: { pinFile }, clock } as unknown as PageNeeds;
    const desk = new LoginDesk(needs, sessions, await readPinFile(pinFile));
    const cookie = sessions.open();
    await desk.look();
    expect(sessions.of(cookie, false)).not.toBeNull();
    await writePinFile(pinFile, '735291');
    await desk.look();
    expect(sessions.of(cookie, false)).toBeNull();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
