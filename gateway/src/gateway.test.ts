import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANES, type Lane, PROFILES, type SiteEvent, type TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Peer } from './uplink/peer.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const PANEL = FAMILIES.get('jbf-193k') as TalkingFamily;
const soon = { timeout: 60_000, interval: 20 };

/** A fire alarm panel behind a serial server. */
class Panel {
  port = 0;
  #server!: Server;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as { port: number }).port;
  }

  get isConnected(): boolean {
    return this.#sockets.size > 0;
  }

  say(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function fireAt(point: number): Uint8Array {
  const packet = PANEL.play.say({ what: 'fire', address: { controller: 1, loop: 1, point }, deviceTime: '2026-11-23T10:00:00' });
  if (!packet) throw new Error('this panel cannot say fire');
  return packet;
}

let folder: string;
let peer: Peer;
let panel: Panel;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-gateway-'));
  peer = new Peer('gw-1');
  panel = new Panel();
  await Promise.all([peer.start(), panel.start()]);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  panel.stop();
  await peer.stop();
  rmSync(folder, { recursive: true, force: true });
});

function configure(more = '', uplinks = '['): string {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks: ${uplinks}{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:${peer.port}", reconnectMinMs: 50, reconnectMaxMs: 200 }]
lines:
  - name: panel-line
    wire: { kind: tcp, host: 127.0.0.1, port: ${panel.port} }
    devices:
      - name: panel-1
        family: jbf-193k
        points: [ { address: { controller: 1, loop: 1, point: 2 }, place: 1号楼3层东走道, componentType: 42 } ]
${more}`,
  );
  return file;
}

interface Ready {
  readonly ready: string;
  readonly id: string;
  readonly status: string;
}

/** Starts the gateway as a process of its own, with so many descriptors; answers it with its ready line. */
async function gateway(file: string, descriptorsMax?: number): Promise<{ readonly child: ChildProcess; readonly ready: Ready }> {
  const run = [process.execPath, MAIN, 'run', '--config', file] as const;
  const limited = descriptorsMax === undefined ? run : (['sh', '-c', `ulimit -n ${descriptorsMax}; exec "$0" "$@"`, ...run] as const);
  const child = spawn(limited[0], limited.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  let trouble = '';
  child.stderr.on('data', (bytes: Buffer) => (trouble += bytes));
  child.stdout.on('data', (bytes: Buffer) => (said += bytes));
  await vi.waitFor(() => {
    if (child.exitCode !== null) throw new Error(trouble);
    expect(said).toContain('\n');
  }, soon);
  return { child, ready: JSON.parse(said) as Ready };
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}

/** Everything the collector has, as the profile reads it. */
function events(): SiteEvent[] {
  const read = PROFILES.get('db36-t1297-2020')!.read;
  return peer.batches.flatMap(({ rows }) =>
    rows.map(({ frame }) => {
      const decoded = read(frame);
      if ('undecodable' in decoded) throw new Error(decoded.undecodable);
      return decoded.event;
    }),
  );
}

const notes = () => events().flatMap(({ note }) => note ?? []);
const fires = () => events().filter(({ kind, edge }) => kind === 'fire' && edge === 'began');

describe('the gateway as a process', () => {
  it('whose descriptors callers use up says so, goes on carrying alarms, and says when it is over', { timeout: 400_000 }, async () => {
    const door = `  - name: door
    wire: { kind: tcp-server, host: 127.0.0.1, port: 0 }
    devices: [ { name: utd-1, family: gb26875, device: "0725518012ff" } ]
`;
    const { child, ready } = await gateway(configure(door), 64);
    await vi.waitFor(() => expect([panel.isConnected, peer.batches.length > 0]).toEqual([true, true]), soon);
    const { lines } = (await (await fetch(`${ready.status}/status`)).json()) as { lines: Array<{ name: string; at: string }> };
    const port = Number(
      lines
        .find(({ name }) => name === 'door')!
        .at.split(':')
        .at(-1),
    );
    const descriptors = () => readdirSync(`/proc/${child.pid}/fd`).length;
    const callers: Socket[] = [];
    // One more than there is room for: whom the system turns away comes again, until all that is left is used.
    const fill = setInterval(() => {
      if (descriptors() < 64) callers.push(connect(port, '127.0.0.1').on('error', () => {}));
    }, 20);
    const said = (edge: string) => events().some((event) => event.note === 'descriptors-high' && event.edge === edge);
    await vi.waitFor(() => expect([descriptors() >= 60, said('began')]).toEqual([true, true]), { ...soon, timeout: 120_000 });
    for (const point of [2, 3, 4]) panel.say(fireAt(point));
    await vi.waitFor(() => expect(fires()).toHaveLength(3), soon);
    expect(said('ended')).toBe(false);
    clearInterval(fill);
    for (const caller of callers) caller.destroy();
    await vi.waitFor(() => expect(said('ended')).toBe(true), { ...soon, timeout: 240_000 });
    panel.say(fireAt(5));
    await vi.waitFor(() => expect(fires()).toHaveLength(4), soon);
    expect(await stopped(child, 'SIGTERM')).toBe(0);
    expect(notes()).not.toContain('crashed');
  });

  it.each(LANES)('starts, carries the rest and says what is in the way while the file of the %s lane cannot be opened', async (lane) => {
    const file = configure();
    const first = await gateway(file);
    await vi.waitFor(() => expect(notes()).toContain('started'), soon);
    await stopped(first.child, 'SIGTERM');
    const inTheWay = join(folder, 'data', `${lane}.sqlite-shm`);
    mkdirSync(inTheWay);
    const { child, ready } = await gateway(file);
    const status = async () =>
      (await (await fetch(`${ready.status}/status`)).json()) as { journal: { lanes: Record<Lane, { failure: string }> } };
    expect((await status()).journal.lanes[lane].failure).toMatch(/journal-unopened: .*sqlite-shm is no file/);
    await vi.waitFor(() => expect(panel.isConnected).toBe(true), soon);
    const points = [2, 3, 4];
    if (lane === 'ordinary') {
      for (const [index, point] of points.entries()) {
        panel.say(fireAt(point));
        await vi.waitFor(() => expect(fires()).toHaveLength(index + 1), soon);
      }
      expect(notes().filter((note) => note === 'started')).toHaveLength(1);
    } else {
      for (const point of points) panel.say(fireAt(point));
      await vi.waitFor(() => expect(notes().filter((note) => note === 'started')).toHaveLength(2), soon);
      expect(events().some(({ note, text = '' }) => note === 'journal-damaged' && text.includes('ALARMS CANNOT BE STORED'))).toBe(true);
      expect(fires()).toEqual([]);
    }
    rmSync(inTheWay, { recursive: true });
    await vi.waitFor(() => {
      expect(notes().filter((note) => note === 'started')).toHaveLength(2);
      expect(fires()).toHaveLength(points.length);
    }, soon);
    expect(await stopped(child, 'SIGTERM')).toBe(0);
  });

  it('carries a fire from the bytes of a panel to the collector, and says when it starts and stops', async () => {
    const { child, ready } = await gateway(configure());
    expect(ready).toMatchObject({ ready: 'gateway', id: 'gw-1', status: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    await vi.waitFor(() => expect(panel.isConnected).toBe(true), soon);
    panel.say(fireAt(2));
    await vi.waitFor(() => expect(fires()).toHaveLength(1), soon);
    expect(fires()[0]).toMatchObject({
      source: 'panel-1',
      place: '1号楼3层东走道',
      address: { controller: 1, loop: 1, point: 2 },
      part: { component: { type: 42 } },
      receivedMs: expect.any(Number),
    });
    expect(await stopped(child, 'SIGTERM')).toBe(0);
    expect(notes()).toEqual(['started', 'stopped']);
  });

  it('counts noise and shows it, on a page of its own machine', async () => {
    const { ready } = await gateway(configure());
    await vi.waitFor(() => expect(panel.isConnected).toBe(true), soon);
    panel.say(Uint8Array.of(0xde, 0xad, 0xbe, 0xef, ...fireAt(2)));
    await vi.waitFor(() => expect(fires()).toHaveLength(1), soon);
    const status = (await (await fetch(`${ready.status}/status`)).json()) as { lines: Array<{ noise: Array<{ hex: string }> }> };
    expect(status.lines[0]).toMatchObject({ state: 'open', events: expect.any(Number), noise: [{ hex: 'deadbeef' }] });
    const metrics = await (await fetch(`${ready.status}/metrics`)).text();
    expect(metrics).toMatch(/^fengsui_gateway_line_open\{line="panel-line"\} 1$/m);
    expect(metrics).toMatch(/^fengsui_gateway_line_unheard_total\{line="panel-line",why="[\w-]+"\} 1$/m);
    expect(metrics).toMatch(/^fengsui_gateway_journal_waiting_rows\{lane="alarm"\} 0$/m);
    expect((await fetch(`${ready.status}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${ready.status}/status`, { method: 'POST' })).status).toBe(404);
    // A name that somebody else had resolve to this machine, as a browser would ask under it.
    const asked = get(`${ready.status}/status`, { headers: { host: `evil.example:${new URL(ready.status).port}` } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(403);
  });

  it('keeps fires while the collector is away, sends them when it is back, and says how long it was blind after a kill', async () => {
    const { port } = peer;
    await peer.stop();
    const file = configure();
    const { child, ready } = await gateway(file);
    await vi.waitFor(() => expect(panel.isConnected).toBe(true), soon);
    panel.say(fireAt(2));
    panel.say(fireAt(3));
    await vi.waitFor(async () => {
      const { journal } = (await (await fetch(`${ready.status}/status`)).json()) as { journal: { lanes: { alarm: { waiting: number } } } };
      expect(journal.lanes.alarm.waiting).toBeGreaterThanOrEqual(2);
    }, soon);
    await stopped(child, 'SIGKILL');
    await peer.start(port);
    const again = await gateway(file);
    await vi.waitFor(() => expect(notes()).toEqual(['started', 'crashed', 'started']), soon);
    expect(fires().map(({ address }) => address?.point)).toEqual([2, 3]);
    expect(events().find(({ note }) => note === 'crashed')?.text).toMatch(/^blind ([\d: -]+) to ([\d: -]+); 失明时段 \1 至 \2$/);
    expect(await stopped(again.child, 'SIGINT')).toBe(0);
  });

  it('calls itself the same to every collector and in every life of its process, and otherwise in another process', async () => {
    const other = new Peer('gw-1');
    await other.start();
    onTestFinished(() => other.stop());
    const second = `[{ name: second, kind: mqtt, url: "mqtt://127.0.0.1:${other.port}" }, `;
    const file = configure('', second);
    const { child } = await gateway(file);
    await vi.waitFor(() => expect([peer.instances.size, other.instances.size]).toEqual([1, 1]), soon);
    await vi.waitFor(() => {
      peer.order('restart', {}, 'ab'.repeat(16)); // who is connected may not listen yet; the same id again is the same order
      expect(Math.min(peer.connects, other.connects)).toBeGreaterThan(1);
    }, soon);
    const names = new Set([...peer.instances, ...other.instances]);
    expect([...names]).toEqual([expect.stringMatching(/^[\da-f]{16}$/)]);
    await stopped(child, 'SIGTERM');
    await gateway(file);
    await vi.waitFor(() => expect(peer.instances.size).toBe(2), soon);
  });

  it('does not start with a wrong configuration, and lists all that is wrong', async () => {
    const child = spawn(process.execPath, [MAIN, 'run', '--config', configure('colour: red\nlog: { level: loud }\n')]);
    let problems = '';
    child.stderr.on('data', (bytes: Buffer) => (problems += bytes));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(2);
    expect(problems).toBe('colour: is no key here\nlog.level: must be one of error, warn, info, debug (got loud)\n');
  });

  it('checks a configuration without running it', async () => {
    const child = spawn(process.execPath, [MAIN, 'check', '--config', configure()]);
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said]).toEqual([0, 'ok\n']);
  });
});
