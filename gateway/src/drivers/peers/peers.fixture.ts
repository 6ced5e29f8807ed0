import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Programs from Debian that stand in for devices: `npm test` installs their packages where it may, and names them where not. */
export const PEERS = {
  gcc: { file: '/usr/bin/gcc', debianPackage: 'gcc' },
  libmodbus: { file: '/usr/include/modbus/modbus.h', debianPackage: 'libmodbus-dev' },
  socat: { file: '/usr/bin/socat', debianPackage: 'socat' },
  coap: { file: '/usr/bin/coap-client-notls', debianPackage: 'libcoap3-bin' },
} as const;

/** Throws one line that names what is missing. */
export function need(...peers: ReadonlyArray<keyof typeof PEERS>): void {
  const missing = peers.filter((peer) => !existsSync(PEERS[peer].file)).map((peer) => PEERS[peer].debianPackage);
  if (missing.length > 0) throw new Error(`this test needs Debian packages: apt-get install ${missing.join(' ')}`);
}

/** The slave of this folder, built with the system's compiler. */
export function buildSlave(folder: string): string {
  const program = join(folder, 'slave');
  const source = fileURLToPath(new URL('./slave.c', import.meta.url));
  const built = spawnSync(PEERS.gcc.file, ['-Wall', '-Werror', '-O1', '-o', program, source, '-lmodbus'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return program;
}

/** Starts a program and waits for its first line. */
export async function startPeer(
  program: string,
  words: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [line, trouble] = ['', ''];
  child.stdout.on('data', (bytes) => (line += bytes));
  child.stderr.on('data', (bytes) => (trouble += bytes));
  while (!line.includes('\n')) {
    if (child.exitCode !== null) throw new Error(trouble);
    await sleep(5);
  }
  return { child, line: line.trim() };
}

export async function endPeer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Two ends of a serial line, by socat. */
export async function serialLine(folder: string): Promise<{ readonly child: ChildProcess; readonly ends: readonly [string, string] }> {
  const ends = [join(folder, 'gateway'), join(folder, 'device')] as const;
  const child = spawn(
    PEERS.socat.file,
    ends.map((end) => `pty,raw,echo=0,link=${end}`),
    { stdio: 'ignore' },
  );
  while (!ends.every((end) => existsSync(end))) await sleep(5);
  return { child, ends };
}
