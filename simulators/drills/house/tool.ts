import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface ToolRun {
  /** Exit code; 127 when the tool could not be started, 128 when a signal ended it. */
  readonly code: number;
  /** Everything it said, both streams in order of arrival; empty when it was shown as it came. */
  readonly output: string;
}

/** The environment in which the pinned tools and the pinned Node come first. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return { ...process.env, PATH: path };
}

export interface ToolOptions {
  /** Default: the root folder. */
  readonly folder?: string;
  /** Show what it says as it comes, instead of keeping it. */
  readonly show?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs a tool. Never throws: a tool that cannot be started is a run that failed. */
export function runTool(
  command: string,
  args: readonly string[],
  { folder = ROOT, show = false, environment = {} }: ToolOptions = {},
): Promise<ToolRun> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...toolEnvironment(), ...environment },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32', // the tools in .bin are .cmd files there
    });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => said.push(bytes));
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 128, output: Buffer.concat(said).toString('utf8') }));
  });
}
