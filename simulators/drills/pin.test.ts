import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../gateway/src/main.ts', import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 50 };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-pin-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Types at a real terminal: each text once its question stands there. Answers all that was shown. */
async function typed(file: string, ...texts: readonly string[]): Promise<string> {
  const words = ['--disable-warning=ExperimentalWarning', MAIN, 'pin', '--file', file];
  const terminal = spawn(process.execPath, words, { cwd: folder });
  const gone = new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  let shown = '';
  terminal.onData((text) => (shown += text));
  for (const [index, text] of texts.entries()) {
    await vi.waitFor(() => expect(shown.split(': ').length).toBeGreaterThan(index + 1), PATIENCE);
    terminal.write(text);
  }
  await gone;
  return shown;
}

test('the PIN of a gateway is asked for twice at a terminal, never shown there, and only taken when both agree', async () => {
  const file = join(folder, 'page.pin');
  expect(await typed(file, '480736\r', '480737\r')).toContain('两次输入不一致');
  expect(await typed(file, '480736\u0003')).toContain('已取消');
  expect(await typed(file, '123456\r')).toContain('过于简单');
  expect(existsSync(file)).toBe(false);
  const shown = await typed(file, '48079\u007f36\r', '480736\r'); // a digit was taken back
  expect(shown).toContain('PIN 已设置');
  expect(shown).not.toContain('480736');
  expect(existsSync(file)).toBe(true);
});
