import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Two ends of a serial line, made of pseudo-terminals. */
export interface SerialPair extends AsyncDisposable {
  readonly gateway: string;
  readonly device: string;
}

/** Debian's socat makes the pairs: part of what a machine that tests needs. */
export function needSocat(): void {
  if (existsSync('/usr/bin/socat')) return;
  if (process.getuid?.() !== 0) throw new Error('this test needs the Debian package socat: apt-get install socat');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  execFileSync('apt-get', ['install', '-y', '-qq', 'socat'], { stdio: 'ignore' });
}

export async function serialPair(): Promise<SerialPair> {
  const folder = await mkdtemp(join(tmpdir(), 'fengsui-pair-'));
  const [gateway, device] = [join(folder, 'gateway'), join(folder, 'device')];
  const socat: ChildProcess = spawn('/usr/bin/socat', [`pty,raw,echo=0,link=${gateway}`, `pty,raw,echo=0,link=${device}`], {
    stdio: 'ignore',
  });
  while (!existsSync(gateway) || !existsSync(device)) await sleep(10);
  return {
    gateway,
    device,
    async [Symbol.asyncDispose]() {
      if (socat.exitCode === null && socat.signalCode === null) {
        socat.kill('SIGKILL');
        await once(socat, 'exit');
      }
      await rm(folder, { recursive: true });
    },
  };
}
