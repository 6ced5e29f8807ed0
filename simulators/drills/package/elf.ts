import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** ELF e_machine (System V ABI) of the processors we build for. */
export const MACHINES = { amd64: 62, arm64: 183 } as const;

/** Programs and libraries of the machine in a tree, each with the processor it is for. */
export function elvesIn(tree: string): ReadonlyArray<readonly [file: string, machine: number]> {
  return readdirSync(tree, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
    const machine = statSync(join(tree, file)).isFile() ? machineOf(join(tree, file)) : null;
    return machine === null ? [] : [[file, machine] as const];
  });
}

function machineOf(file: string): number | null {
  const head = Buffer.alloc(20);
  const handle = openSync(file, 'r');
  try {
    if (readSync(handle, head) < head.length || head.readUInt32BE(0) !== 0x7f454c46) return null;
    return head.readUInt16LE(18);
  } finally {
    closeSync(handle);
  }
}
