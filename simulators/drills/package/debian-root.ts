import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, type ToolRun } from '../house/tool.ts';

const MIRROR = 'http://deb.debian.org/debian';

/** A Debian 12 as it is installed on a box, in a folder, with no network but its own loopback. */
export class DebianRoot {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A fresh one: `minbase` and systemd, which every Debian box has. Throws with what debootstrap said. */
  static async make(path: string): Promise<DebianRoot> {
    const { code, output } = await runTool('debootstrap', ['--variant=minbase', '--include=systemd', 'bookworm', path, MIRROR]);
    if (code !== 0) throw new Error(`debootstrap: ${output.slice(-600)}`);
    mkdirSync(join(path, 'dev/pts'), { recursive: true });
    return new DebianRoot(path);
  }

  at(inside: string): string {
    return join(this.path, inside);
  }

  has(inside: string): boolean {
    return existsSync(this.at(inside));
  }

  read(inside: string): string {
    return readFileSync(this.at(inside), 'utf8');
  }

  run(command: string, ...words: string[]): Promise<ToolRun> {
    const [program, ...rest] = this.#inside({}, command, words);
    return runTool(program!, rest, { folder: '/' });
  }

  /** As the unit would run it: user, groups and words from there. `environment` is what systemd adds. */
  start(environment: Readonly<Record<string, string>>): Service {
    const unit = unitOf(this.read('usr/lib/systemd/system/fengsui-gateway.service'));
    const as = [`--reuid=${unit('User')}`, `--regid=${unit('Group')}`, `--groups=${unit('SupplementaryGroups')}`, '--no-new-privs'];
    const [program, ...words] = this.#inside(environment, 'setpriv', [...as, ...unit('ExecStart').split(' ')]);
    return new Service(spawn(program!, words, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  #inside(environment: Readonly<Record<string, string>>, command: string, words: readonly string[]): string[] {
    const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
    const variables = Object.entries({ DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', ...environment }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const prepare =
      'ip link set lo up && mount --bind /dev/pts "$0/dev/pts" && mount -t proc proc "$0/proc" && exec chroot "$0" env -i "$@"';
    return ['unshare', '--net', '--mount', 'sh', '-c', prepare, this.path, path, ...variables, command, ...words];
  }
}

/** Settings of a unit by name. */
function unitOf(text: string): (name: string) => string {
  return (name) => {
    const found = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`the unit says nothing of ${name}`);
    return found;
  };
}

/** The gateway, running as its service would. */
export class Service {
  readonly #process: ChildProcess;
  said = '';

  constructor(process: ChildProcess) {
    this.#process = process;
    for (const stream of [process.stdout!, process.stderr!])
      stream.on('data', (bytes: Buffer) => {
        this.said += bytes;
      });
  }

  get isReady(): boolean {
    return this.said.includes('"ready":"gateway"');
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Exit code after an orderly stop. */
  async stop(): Promise<number | null> {
    if (this.hasEnded) return this.#process.exitCode;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    return ((await ended) as [number | null])[0];
  }
}
