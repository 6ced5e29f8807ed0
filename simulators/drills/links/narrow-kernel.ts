import { stderr, stdout } from 'node:process';
import { isOnPath } from '../house/prerequisites.ts';
import { Findings } from '../itself/experiment.ts';
import { type KernelFault, kernelWay, NEEDED } from './kernel-way.ts';
import { judge, type Story } from './narrow.ts';

const over = (fault: KernelFault) => (toPort: number) => kernelWay(toPort, fault);

const storiesOf = (alarms: number, backlog: number): readonly Story[] => [
  { name: '5 % loss', way: over({ loss: 0.05 }), backlog: 0, alarms },
  { name: '30 % loss', way: over({ loss: 0.3 }), backlog: 0, alarms },
  { name: '64 kbit/s and a backlog', way: over({ kbit: 64 }), backlog, alarms },
];

/** `[seed] [short]`. The kernel's chance takes no seed: nft draws it. */
export async function run([seed = '1', length = 'long']: readonly string[]): Promise<number> {
  const missing = Object.entries(NEEDED).flatMap(([program, debianPackage]) => (isOnPath(program) ? [] : [debianPackage]));
  if (process.getuid?.() !== 0 || missing.length > 0) {
    stderr.write(`needs root${missing.length > 0 ? ` and apt-get install ${[...new Set(missing)].join(' ')}` : ''}\n`);
    return 3;
  }
  const findings = new Findings();
  const startMs = performance.now();
  const stories = length === 'short' ? storiesOf(6, 600) : storiesOf(120, 5_000);
  const told = stories.map((story) =>
    judge(story, Number(seed), findings).catch((error: Error) => void findings.complaints.push(error.message)),
  );
  await Promise.all(told);
  const { complaints, measured } = findings.outcome();
  const seconds = Math.round((performance.now() - startMs) / 1000);
  stdout.write(`${JSON.stringify({ drill: 'narrow-kernel', good: complaints.length === 0, seconds, measured, complaints })}\n`);
  return complaints.length === 0 ? 0 : 1;
}
