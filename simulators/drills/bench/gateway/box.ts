import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESSORS, type Processor, stage, VERSION } from '../../../../gateway/package/box.ts';

const READY_WITHIN_MS = 60_000;

/** What of the status page a bench looks at. */
export interface Status {
  readonly lines: ReadonlyArray<{ readonly name: string; readonly packets: number; readonly at: string }>;
  readonly uplinks: ReadonlyArray<{ readonly state: string; readonly sinceMs: number; readonly rowsAccepted: number }>;
  readonly journal: { readonly lanes: Readonly<Record<'alarm' | 'ordinary', { readonly newest: number; readonly waiting: number }>> };
  readonly process: { readonly cpuSeconds: number; readonly loopDelayP99Ms: number };
}

/** The installed gateway as the package lays it out, for this processor. Answers its launcher. */
export async function installed(folder: string): Promise<string> {
  const tree = join(folder, 'box');
  mkdirSync(tree);
  const [processor] = Object.entries(PROCESSORS).find(([, arch]) => arch === process.arch)!;
  await stage(tree, processor as Processor, VERSION);
  return join(tree, 'usr/bin/fengsui-gateway');
}

/** Started by its launcher, which becomes the gateway: its numbers are those of the process. */
export class RunningBox {
  readonly #process: ChildProcess;
  readonly #status: string;

  private constructor(process: ChildProcess, status: string) {
    this.#process = process;
    this.#status = status;
  }

  static async start(launcher: string, config: string, environment: NodeJS.ProcessEnv = {}): Promise<RunningBox> {
    const child = spawn(launcher, ['run', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let said = '';
    child.stderr!.on('data', (bytes: Buffer) => {
      said = (said + bytes).slice(-2_000);
    });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the gateway ended: ${said}`)));
    ended.catch(() => {}); // later it ends in order
    const line = (await Promise.race([
      once(createInterface({ input: child.stdout! }), 'line', { signal: AbortSignal.timeout(READY_WITHIN_MS) }),
      ended,
    ])) as [string];
    return new RunningBox(child, (JSON.parse(line[0]) as { readonly status: string }).status);
  }

  async status(): Promise<Status> {
    return (await (await fetch(`${this.#status}/status`)).json()) as Status;
  }

  async until(what: string, isSo: (status: Status) => boolean, withinMs = 60_000): Promise<Status> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const status = await this.status();
      if (isSo(status)) return status;
      if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
      await sleep(100);
    }
  }

  memory(): Memory {
    return memoryOf(this.#process.pid!);
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#process.pid!);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}

/** MB (millions of bytes), from the kernel: what is resident, and what of it is the process's alone and not in a file. */
export interface Memory {
  readonly resident: number;
  readonly anonymous: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)![1]) * 1_024) / 1e6;
  return { resident: megabytes('VmRSS'), anonymous: megabytes('RssAnon') };
}

const TICKS_A_SECOND = 100; // USER_HZ, the same on every Linux we build for

export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
