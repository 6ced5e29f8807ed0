import { closeSync, existsSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOutOfReach, reachRemedy } from '../../ownership.ts';
import { codeOf, doubtful, type Finding, right, wrong } from './finding.ts';

const MIB = 1024 * 1024;
/** The journal keeps everything until the collector has it: a week of a large site's events is some hundred megabytes. */
const FREE_LOW_BYTES = 1024 * MIB;
const FREE_TOO_LOW_BYTES = 100 * MIB;

/** Numbers of file systems (statfs(2)) that lose what was written, or cannot hold a write-ahead log. */
const UNFIT: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs: gone when the power goes'],
  [0x858458f6, 'ramfs: gone when the power goes'],
  [0x6969, 'NFS: its locks do not hold a write-ahead log'],
  [0xff534d42, 'CIFS: its locks do not hold a write-ahead log'],
  [0xfe534d42, 'SMB: its locks do not hold a write-ahead log'],
]);
const OVERLAY = 0x794c7630;

const SYNCS = 20;
const SYNC_BYTES = 4096;
/** Every event costs one: panels want their answer within 100 ms to some seconds. */
const SYNC_SLOW_MS = 50;
const SYNC_TOO_SLOW_MS = 500;
/** No block reaches a disk and is acknowledged in less: the disk, or whatever stands for it, says done before it is. */
const SYNC_TOO_FAST_MS = 0.03;

/** The folder itself, or where it will be made, the nearest that is there. */
function standingFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : standingFolder(dirname(folder));
}

/** Whether the journal can live here: file system, space, and how fast a write is on the disk. Writes and removes one small file. */
export function dataFindings(data: string): Finding[] {
  const folder = standingFolder(data);
  const { type, bavail, bsize } = statfsSync(folder);
  return [...ownerFinding(data), ...kindFinding(folder, type), spaceFinding(folder, bavail * bsize), syncFinding(folder)];
}

/** Root can write everywhere: whether the gateway can is another question. */
function ownerFinding(data: string): Finding[] {
  if (!isOutOfReach(data)) return [];
  return [
    wrong('data', `${data} does not belong to the gateway's user, who cannot write there`, '数据目录不属于网关用户', reachRemedy(data)),
  ];
}

function kindFinding(folder: string, type: number): Finding[] {
  const unfit = UNFIT.get(type >>> 0);
  if (unfit) return [wrong('data', `${folder} is on ${unfit}`, `${folder} 所在文件系统不适合`, 'put data: on a local disk')];
  if (type >>> 0 !== OVERLAY) return [];
  const remedy = 'mount a volume there, so that it outlives the container and its syncs reach the disk';
  return [doubtful('data', `${folder} is on an overlay file system (a container)`, `${folder} 位于容器叠加文件系统`, remedy)];
}

function spaceFinding(folder: string, freeBytes: number): Finding {
  const free = `${Math.floor(freeBytes / MIB)} MiB`;
  const remedy = `free space on the volume of ${folder}`;
  if (freeBytes < FREE_TOO_LOW_BYTES) return wrong('data', `only ${free} free`, `仅剩 ${free}`, remedy);
  if (freeBytes < FREE_LOW_BYTES) return doubtful('data', `${free} free`, `剩余 ${free}`, remedy);
  return right('data', `${free} free`, `剩余 ${free}`);
}

function syncFinding(folder: string): Finding {
  try {
    return syncVerdict(syncTimesMs(folder));
  } catch (error) {
    const remedy = `let the gateway's user write there: chown -R <user> ${folder}`;
    return wrong('data', `${folder} cannot be written (${codeOf(error)})`, `${folder} 不可写`, remedy);
  }
}

/** What is to be thought of a disk whose syncs took so long. */
export function syncVerdict(timesMs: readonly number[]): Finding {
  const times = [...timesMs].sort((a, b) => a - b);
  const [middle, worst] = [times[times.length >> 1]!, times.at(-1)!];
  if (middle < SYNC_TOO_FAST_MS)
    return doubtful(
      'data',
      `a sync takes ${(middle * 1_000).toFixed(0)} µs, which no disk does: what is called written may be lost when the power goes`,
      `落盘仅 ${(middle * 1_000).toFixed(0)} µs,快得不真实:断电可能丢失已“写入”的数据`,
      'put data: on a disk of its own that honours syncs; look for libeatmydata, a write cache without battery, cache=unsafe of a virtual machine',
    );
  const said = `a write reaches the disk in ${middle.toFixed(1)} ms, at worst ${worst.toFixed(1)} ms of ${SYNCS}`;
  const zh = `落盘 ${middle.toFixed(1)} ms,最慢 ${worst.toFixed(1)} ms`;
  const remedy = 'use an industrial SSD or eMMC in place of an SD card, and keep other writers off it';
  if (middle >= SYNC_TOO_SLOW_MS) return wrong('data', said, zh, remedy);
  return middle >= SYNC_SLOW_MS || worst >= SYNC_TOO_SLOW_MS ? doubtful('data', said, zh, remedy) : right('data', said, zh);
}

function syncTimesMs(folder: string): number[] {
  const path = join(folder, `.doctor-${process.pid}`);
  const block = Buffer.alloc(SYNC_BYTES, 0x5a);
  const file = openSync(path, 'wx', 0o600);
  try {
    return Array.from({ length: SYNCS }, () => {
      const startMs = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      return performance.now() - startMs;
    });
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}
