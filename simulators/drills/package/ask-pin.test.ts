import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const ASK = fileURLToPath(new URL('../../../gateway/package/debian/ask-pin', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));
const soon = { timeout: 60_000, interval: 20 };
const LATER = "the installer's page stays shut";

let folder: string;
let file: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-ask-pin-'));
  [file, program] = [join(folder, 'page.pin'), join(folder, 'program')];
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Person {
  readonly said: () => string;
  readonly type: (line: string) => void;
  readonly ended: Promise<unknown[]>;
}

function person(child: ChildProcess): Person {
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (bytes: Buffer) => (said += bytes));
  return { said: () => said, type: (line) => void child.stdin!.write(line), ended: once(child, 'exit') };
}

/** As dpkg runs it for somebody who sits at a terminal. */
function atTerminal(environment: Readonly<Record<string, string>> = {}): Person {
  const env = { PATH: process.env['PATH']!, HOME: folder, ...environment };
  return person(spawn('script', ['-qec', `${ASK} ${program} ${file}`, '/dev/null'], { env }));
}

const times = (text: string, word: string) => text.split(word).length - 1;

test('whoever installs the box at a terminal is asked for the PIN, twice, without showing it', async () => {
  const { said, type, ended } = atTerminal();
  await vi.waitFor(() => expect(said()).toContain('PIN (6'), soon);
  type('740913\r');
  await vi.waitFor(() => expect(said()).toContain('once more'), soon);
  type('740913\r');
  expect((await ended)[0]).toBe(0);
  expect(readFileSync(file, 'utf8')).toMatch(/^fengsui-pin 1 /);
  expect(said()).toContain('is set');
  const again = atTerminal();
  expect((await again.ended)[0]).toBe(0);
  expect(again.said()).not.toContain('PIN (6');
});

test('a PIN that is easily guessed is asked for anew, and after three answers the box is installed all the same, without one', async () => {
  const { said, type, ended } = atTerminal();
  for (const [count, answer] of ['123456', '', ''].entries()) {
    await vi.waitFor(() => expect(times(said(), 'PIN (6')).toBe(count + 1), soon);
    type(`${answer}\r`);
  }
  expect((await ended)[0]).toBe(0);
  expect(said()).toContain(LATER);
  expect(existsSync(file)).toBe(false);
});

test('nobody is asked where nobody is, or where nothing may be asked', async () => {
  const unattended = atTerminal({ DEBIAN_FRONTEND: 'noninteractive' });
  expect((await unattended.ended)[0]).toBe(0);
  const byApt = atTerminal({ FENGSUI_TERMINAL: '0' });
  expect((await byApt.ended)[0]).toBe(0);
  const alone = person(spawn('setsid', ['--wait', ASK, program, file]));
  expect((await alone.ended)[0]).toBe(0);
  for (const { said } of [unattended, byApt, alone]) {
    await vi.waitFor(() => expect(said()).toContain(LATER), soon);
    expect(said()).not.toContain('PIN (6');
  }
  expect(existsSync(file)).toBe(false);
});
