import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEar } from '../house/notify-ear.ts';
import { runTool } from '../house/tool.ts';
import type { DebianRoot } from './debian-root.ts';
import { hold, until } from './steps.ts';

const DATA = 'var/lib/fengsui-gateway';
const IMAGE_BYTES = 256 * 1024 * 1024;
const FROZEN_MS = 5_000;

async function must(command: string, ...words: string[]): Promise<void> {
  const { code, output } = await runTool(command, words);
  hold(code === 0, `${command} ${words.join(' ')}: ${output.trim()}`);
}

/** Listens where systemd would, and counts. */
function notifySocket(path: string) {
  const ear = startEar(path);
  let heard = '';
  ear.stdout.on('data', (bytes: Buffer) => {
    heard += bytes;
  });
  return { count: (word: string) => heard.split(word).length - 1, end: () => ear.kill() };
}

/** systemd hears READY=1 once, WATCHDOG=1 again and again, and no more of it while the disk of the journal stands still. */
export async function feedsAfterRoundTripsOnly(root: DebianRoot, folder: string): Promise<void> {
  const image = join(folder, 'data.img');
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  await must('mkfs.ext4', '-qF', image);
  mkdirSync(root.at(DATA), { recursive: true });
  await must('mount', '-o', 'loop', image, root.at(DATA));
  const manager = notifySocket(root.at('run/notify.sock'));
  try {
    hold((await root.run('chown', 'fengsui:fengsui', `/${DATA}`)).code === 0, 'the volume cannot be given to the gateway');
    await until('somebody listens for notices', () => root.has('run/notify.sock'));
    const service = root.start({ NOTIFY_SOCKET: '/run/notify.sock', WATCHDOG_USEC: '3000000' });
    await until(`READY=1 (${service.said})`, () => manager.count('READY=1') === 1);
    await until('WATCHDOG=1 three times', () => manager.count('WATCHDOG=1') >= 3);
    await must('fsfreeze', '-f', root.at(DATA));
    const before = manager.count('WATCHDOG=1');
    await sleep(FROZEN_MS);
    const fed = manager.count('WATCHDOG=1') - before;
    await must('fsfreeze', '-u', root.at(DATA));
    hold(fed <= 1, `fed ${fed} times while the disk stood still`); // one may have been on its way
    await until('fed again', () => manager.count('WATCHDOG=1') >= before + fed + 2);
    hold((await service.stop()) === 0, `no orderly stop: ${service.said}`);
  } finally {
    manager.end();
    await runTool('umount', ['-l', root.at(DATA)]);
  }
}
