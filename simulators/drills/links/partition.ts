import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath, getuid } from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LANES, type Lane } from '@fengsui/protocol';
import { type Random, seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { isOnPath } from '../house/prerequisites.ts';
import { type Experiment, Findings } from '../itself/experiment.ts';
import { FAR, inNamespace, joinNamespaces, within } from './kernel-way.ts';

const FIRST_ALARM_WITHIN_MS = 3_000;
const TOLD_WITHIN_MS = 60_000;
const PATIENCE_MS = 180_000;

interface Row {
  readonly id: string;
  readonly lane: Lane;
  readonly number: number;
  readonly committedMs: number;
}

interface Standing {
  readonly ids: readonly string[];
  readonly left: number;
  readonly lostMs: number | null;
  readonly connections: number;
}

/** Breaks, one after the other: each lasts so long, and so long after the first alarm is through comes the next. */
interface Story {
  readonly name: string;
  readonly breaksMs: readonly number[];
  readonly restMs: number;
}

const many = (count: number, lasts: (index: number) => number) => Array.from({ length: count }, (_, index) => lasts(index));

const storiesOf = (isLong: boolean, random: Random): readonly Story[] =>
  isLong
    ? [
        { name: 'some 30 s', breaksMs: many(30, () => 25_000 + random.next() * 14_000), restMs: 2_000 },
        { name: 'some seconds', breaksMs: many(30, () => 2_000 + random.next() * 18_000), restMs: 2_000 },
        { name: '10 s on, 10 s off', breaksMs: many(20, () => 10_000), restMs: 10_000 },
        { name: '10 min', breaksMs: [600_000], restMs: 2_000 },
      ]
    : [
        { name: 'some seconds', breaksMs: [9_000], restMs: 1_000 },
        { name: 'on and off', breaksMs: [2_500, 2_500], restMs: 1_500 },
      ];

/** A program that is asked a line and answers one. */
class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  async answer<Answer>(line?: string): Promise<Answer> {
    if (line !== undefined) this.#child.stdin!.write(`${line}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error('a side of the link ended; its words are above');
    return JSON.parse(value) as Answer;
  }

  /** Lets it put its things away. */
  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin!.end();
    const over = new AbortController();
    await Promise.race([ended, sleep(30_000, null, { signal: over.signal }).catch(() => {})]);
    over.abort();
    this.#child.kill('SIGKILL');
  }
}

interface Sides extends AsyncDisposable {
  readonly near: Peer;
  readonly far: Peer;
  readonly isKernel: boolean;
  setBroken(isBroken: boolean): void;
}

const program = (name: string) => [execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL(name, import.meta.url))];

const PROGRAMS = ['ip', 'nft', 'nsenter', 'unshare', 'setpriv'];
const canSplit = () => getuid?.() === 0 && PROGRAMS.every((name) => isOnPath(name));

/** Both ends in network namespaces of their own; where this machine makes none, on loopback with a link of ours between that holds all it gets. */
async function open(random: Random): Promise<Sides> {
  if (!canSplit()) return openOverLink(random);
  await using undo = new AsyncDisposableStack();
  const pipes = ['pipe', 'pipe', 'inherit'] as const;
  const children = [program('partition-near.ts'), program('partition-far.ts')].map((command) => inNamespace(command, [...pipes]));
  const [near, far] = children.map((child) => undo.adopt(new Peer(child), (peer) => peer.end())) as [Peer, Peer];
  const { port, keys } = await far.answer<{ port: number; keys: object }>();
  const [nearSide, farSide] = children as [ChildProcess, ChildProcess];
  joinNamespaces(nearSide, farSide);
  within(nearSide, 'nft', 'add', 'table', 'inet', 'fault');
  for (const way of ['input', 'output'])
    within(nearSide, 'nft', 'add', 'chain', 'inet', 'fault', way, `{ type filter hook ${way} priority 0; }`);
  await near.answer(JSON.stringify({ url: `mqtts://${FAR}:${port}`, keys }));
  const all = undo.move();
  return {
    ...{ near, far, isKernel: true },
    setBroken: (isBroken) => {
      if (!isBroken) return within(nearSide, 'nft', 'flush', 'table', 'inet', 'fault');
      within(nearSide, 'nft', 'add', 'rule', 'inet', 'fault', 'output', 'ip', 'daddr', FAR, 'drop');
      within(nearSide, 'nft', 'add', 'rule', 'inet', 'fault', 'input', 'ip', 'saddr', FAR, 'drop');
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function openOverLink(random: Random): Promise<Sides> {
  await using undo = new AsyncDisposableStack();
  const [near, far] = ['partition-near.ts', 'partition-far.ts'].map((name) => {
    const [command, ...args] = program(name);
    return undo.adopt(new Peer(spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] })), (peer) => peer.end());
  }) as [Peer, Peer];
  const { port, keys } = await far.answer<{ port: number; keys: object }>();
  const host = '127.0.0.1';
  const link = undo.use(new TcpLink({ listen: { host, port: 0 }, to: { host, port }, random }));
  await near.answer(JSON.stringify({ url: `mqtts://${host}:${(await link.start()).port}`, keys }));
  const all = undo.move();
  return {
    ...{ near, far, isKernel: false },
    setBroken: (isBroken) => link.setMode(isBroken ? 'half-open' : 'pass'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const entries = (far: Peer) => far.answer<Row[]>('entries');

/** Waits until the collector has events; their rows. */
async function arrived(far: Peer, ids: readonly string[]): Promise<Row[]> {
  for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(50)) {
    const rows = (await entries(far)).filter(({ id }) => ids.includes(id));
    if (rows.length >= ids.length) return rows;
    if (performance.now() > untilMs) throw new Error(`${ids.length - rows.length} of ${ids.length} events never came`);
  }
}

/** One break with an alarm in every two seconds of it; how long after its end the first of them was in the ledger, milliseconds. */
async function breakOnce({ near, far, setBroken }: Sides, lastsMs: number, random: Random, said: string[]) {
  setBroken(true);
  const brokenMs = Date.now();
  const during: string[] = [];
  let lostMs: number | null = null;
  while (Date.now() < brokenMs + lastsMs) {
    await sleep(Math.min(random.next() * 4_000, Math.max(1, brokenMs + lastsMs - Date.now())));
    if (during.length > 0 && Date.now() >= brokenMs + lastsMs) break;
    const standing = await near.answer<Standing>('say');
    during.push(...standing.ids);
    lostMs ??= standing.lostMs;
  }
  setBroken(false);
  const healedMs = Date.now();
  said.push(...during);
  const alarms = (await arrived(far, during)).filter(({ lane }) => lane === 'alarm');
  return {
    firstMs: Math.min(...alarms.map(({ committedMs }) => committedMs)) - healedMs,
    toldMs: lostMs === null ? null : lostMs - brokenMs,
  };
}

async function tell(story: Story, isLong: boolean, random: Random, findings: Findings): Promise<void> {
  await using sides = await open(random);
  const said = [...(await sides.near.answer<Standing>('say')).ids];
  await arrived(sides.far, said);
  const firsts: number[] = [];
  for (const lastsMs of story.breaksMs) {
    const { firstMs, toldMs } = await breakOnce(sides, lastsMs, random, said);
    firsts.push(firstMs);
    if (isLong && lastsMs > TOLD_WITHIN_MS)
      findings.expect(toldMs !== null && toldMs <= TOLD_WITHIN_MS, `${story.name}: the loss was told after ${toldMs} ms`);
    await sleep(story.restMs);
  }
  const worst = Math.max(...firsts);
  findings.measured[`${story.name}: first alarm after the end at most, ms`] = worst;
  findings.measured[`${story.name}: by`] = sides.isKernel ? 'packets dropped between two namespaces' : 'a link of ours';
  // Only where the experiment has the machine to itself.
  if (isLong) findings.expect(worst <= FIRST_ALARM_WITHIN_MS, `${story.name}: first alarms came after ${firsts.join(', ')} ms`);
  await judge(story.name, sides, said, findings);
}

/** Both ends: the gateway owes nothing, the collector has everything once and in order. */
async function judge(name: string, { near, far }: Sides, said: readonly string[], findings: Findings): Promise<void> {
  const rows = await entries(far);
  for (const untilMs = performance.now() + PATIENCE_MS; performance.now() < untilMs; await sleep(100))
    if ((await near.answer<Standing>('left')).left === 0) break;
  const { left, connections } = await near.answer<Standing>('left');
  findings.measured[`${name}: connections`] = connections;
  const ids = new Set(rows.map(({ id }) => id));
  findings.expect(left === 0, `${name}: ${left} rows still wait`);
  findings.expect(
    said.every((id) => ids.has(id)),
    `${name}: ${said.filter((id) => !ids.has(id)).length} of ${said.length} events are lost`,
  );
  findings.expect(ids.size === rows.length && rows.length === said.length, `${name}: ${rows.length} rows of ${said.length} events`);
  for (const lane of LANES) {
    const numbers = rows.filter((row) => row.lane === lane).map(({ number }) => number);
    findings.expect(
      numbers.every((number, index) => index === 0 || number > numbers[index - 1]!),
      `${name}: the ${lane} lane came out of order`,
    );
  }
}

/** E16: nothing comes through for a while, and then everything; no other way. */
export const experiment: Experiment = {
  words: { en: 'the way is broken and comes back', zh: '链路中断与恢复' },
  async run(seed, isLong) {
    const findings = new Findings();
    const random = seeded(seed);
    for (const story of storiesOf(isLong, random))
      await tell(story, isLong, random, findings).catch((error: Error) => void findings.complaints.push(`${story.name}: ${error.message}`));
    return findings.outcome();
  },
};
