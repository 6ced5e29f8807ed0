import { spawn } from 'node:child_process';

/** Runs a command that the site configured, with no shell between: resolves with null, or with what went wrong. Never rejects. */
export function runCommand([program, ...given]: readonly string[], withinMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program!, given, { stdio: 'ignore', timeout: withinMs, killSignal: 'SIGKILL' });
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('exit', (code, signal) => resolve(code === 0 ? null : `${program} ended with ${signal ?? code}`));
  });
}
