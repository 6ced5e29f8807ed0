import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { pid } from 'node:process';

const ROOT = '/sys/fs/cgroup';

/** A group of processes that may have so much memory together. */
export interface MemoryGroup extends Disposable {
  /** Put before a command, runs it in the group. */
  readonly command: readonly string[];
}

let made = 0;

/** A group with a limit that the kernel holds (cgroup v1 or v2); null where this machine lets us make none. */
export function memoryGroup(megabytes: number): MemoryGroup | null {
  const isSecond = existsSync(`${ROOT}/cgroup.controllers`);
  const path = `${isSecond ? ROOT : `${ROOT}/memory`}/fengsui-${pid}-${++made}`;
  try {
    mkdirSync(path);
  } catch {
    return null;
  }
  const remove = () => rmdirSync(path);
  const limit = `${path}/${isSecond ? 'memory.max' : 'memory.limit_in_bytes'}`;
  try {
    writeFileSync(limit, String(megabytes * 1024 * 1024));
    if (Number(readFileSync(limit, 'utf8')) !== megabytes * 1024 * 1024) throw new Error('the limit does not hold');
  } catch {
    remove();
    return null;
  }
  return { command: ['sh', '-c', `echo $$ > ${path}/cgroup.procs && exec "$@"`, 'sh'], [Symbol.dispose]: remove };
}
