import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LoginDesk } from './desk.ts';
import type { PageNeeds } from './needs.ts';
import { readPinFile, writePinFile } from './pin-file.ts';
import { Sessions } from './sessions.ts';

let folder: string;
let pinFile: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-desk-'));
  pinFile = join(folder, 'page.pin');
  await writePinFile(pinFile, '480736');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function deskWithSession() {
  const clock = { monotonicMs: () => 0 };
  const said: string[] = [];
  const sessions = new Sessions(clock);
  const needs = { page: { pinFile }, clock, log: { warn: (_: object, text: string) => said.push(text) } } as unknown as PageNeeds;
  const desk = new LoginDesk(needs, sessions, await readPinFile(pinFile));
  const cookie = sessions.open();
  await desk.look();
  expect(sessions.of(cookie, false)).not.toBeNull();
  return { desk, said, isOpen: () => sessions.of(cookie, false) !== null };
}

it.each([
  ['is changed', /PIN was changed/, () => writePinFile(pinFile, '735291')],
  ['is taken away', /is not there/, () => rmSync(pinFile)],
  ['can be read by others', /others can read it/, () => chmodSync(pinFile, 0o644)],
  ['is no PIN any more', /holds no PIN/, () => writeFileSync(pinFile, 'no PIN')],
])('ends every session when the PIN file %s, without a further guess, and says why once', async (_, why, act) => {
  const { desk, said, isOpen } = await deskWithSession();
  await act();
  for (let look = 0; look < 3; look++) await desk.look();
  expect(isOpen()).toBe(false);
  expect(said).toEqual([expect.stringMatching(why)]);
});
