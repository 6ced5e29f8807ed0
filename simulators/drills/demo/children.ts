import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_WITHIN_MS = 120_000;
/** A process that does not stop in order within this is ended hard: the drill must not hang. */
const STOP_WITHIN_MS = 6000;
const TAIL_LINES = 15;

/** What a process says of itself when it is ready. */
export type Ready = Readonly<Record<string, string>>;

/** A process of the demonstration. */
export interface Child {
  readonly name: string;
  readonly ready: Ready;
  readonly process: ChildProcess;
  /** Gives a live simulator one step. */
  tell(step: unknown): void;
  stop(): Promise<void>;
}

/** Starts the processes of a run, keeps their logs in one folder, and ends them all. */
export class Children {
  readonly #logs: string;
  readonly #running: Child[] = [];
  readonly #onDeath: (name: string, code: number | null) => void;
  #stopping = false;

  /** `onDeath` hears of a process that ended although nobody stopped it. */
  constructor(logs: string, onDeath: (name: string, code: number | null) => void) {
    this.#logs = logs;
    this.#onDeath = onDeath;
  }

  /** Runs a program to its end; throws with what it said when it fails. */
  async run(name: string, entry: string, ...words: string[]): Promise<void> {
    const child = this.#spawn(name, entry, words);
    child.stdout!.resume();
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${this.#tail(name)}`);
  }

  /** Starts a program and waits for its ready line. */
  start(name: string, entry: string, ...words: string[]): Promise<Child> {
    return this.startIn({}, name, entry, ...words);
  }

  /** The same with more in its environment. */
  async startIn(environment: Readonly<Record<string, string>>, name: string, entry: string, ...words: string[]): Promise<Child> {
    const child = this.#spawn(name, entry, words, environment);
    const ready = await this.#readyLine(name, child);
    const started: Child = {
      name,
      ready,
      process: child,
      tell: (step) => void child.stdin!.write(`${JSON.stringify(step)}\n`),
      stop: () => this.#stop(started),
    };
    this.#running.push(started);
    child.on('exit', (code) => {
      if (!this.#stopping && this.#running.includes(started)) this.#onDeath(name, code);
    });
    return started;
  }

  /** Ends what still runs, the last started first. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    for (const child of [...this.#running].reverse()) await this.#stop(child);
  }

  #spawn(name: string, entry: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, entry), ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    child.stderr!.pipe(createWriteStream(this.#logOf(name), { flags: 'a' }));
    child.stdin!.on('error', () => {}); // a process that ended hears no more: its exit is what counts
    return child;
  }

  async #readyLine(name: string, child: ChildProcess): Promise<Ready> {
    const lines = createInterface({ input: child.stdout! });
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}:\n${this.#tail(name)}`)));
    const slow = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(`${name} did not get ready:\n${this.#tail(name)}`)), READY_WITHIN_MS).unref(),
    );
    const first = once(lines, 'line') as Promise<[string]>;
    ended.catch(() => {}); // it may also end later, in order
    slow.catch(() => {});
    const [line] = await Promise.race([first, ended, slow]);
    return JSON.parse(line) as Ready;
  }

  async #stop(child: Child): Promise<void> {
    const at = this.#running.indexOf(child);
    if (at >= 0) this.#running.splice(at, 1);
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    const ended = once(child.process, 'exit');
    child.process.kill('SIGTERM');
    const timer = setTimeout(() => child.process.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }

  #logOf(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  #tail(name: string): string {
    if (!existsSync(this.#logOf(name))) return '';
    return readFileSync(this.#logOf(name), 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }
}
