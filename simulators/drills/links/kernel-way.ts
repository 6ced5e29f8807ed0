import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Way } from './narrow.ts';

/** What the kernel does to the packets between the two namespaces; one of both. */
export interface KernelFault {
  /** Share of packets lost, each way. */
  readonly loss?: number;
  /** Both ways. */
  readonly kbit?: number;
}

/** Programs this needs, and where Debian has them. */
export const NEEDED = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  socat: 'socat',
  unshare: 'util-linux',
  setpriv: 'util-linux',
} as const;

export const [NEAR, FAR] = ['10.99.0.1', '10.99.0.2'] as const;
const PORT = 4_000;

/**
 * Runs a program in a network namespace of its own that has no name: it is gone with its last process, and that goes with ours, also when
 * we are killed.
 */
export function inNamespace(command: readonly string[], stdio: StdioOptions = 'ignore'): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', ...command], { stdio });
}

/** Runs a command in the namespace of a program. */
export function within({ pid }: ChildProcess, ...command: string[]): void {
  execFileSync('nsenter', ['--target', String(pid), '--net', ...command]);
}

/** Joins the namespaces of two programs by a line of their own, on which they are `NEAR` and `FAR`. */
export function joinNamespaces(near: ChildProcess, far: ChildProcess): void {
  const [one, other] = [String(near.pid), String(far.pid)];
  execFileSync('ip', ['link', 'add', 'name', 'near', 'netns', one, 'type', 'veth', 'peer', 'name', 'far', 'netns', other]);
  for (const [side, name, address] of [
    [near, 'near', NEAR],
    [far, 'far', FAR],
  ] as const) {
    within(side, 'ip', 'address', 'add', `${address}/24`, 'dev', name);
    within(side, 'ip', 'link', 'set', name, 'up');
  }
}

/** A way to a port of this machine that leads through the kernel's own TCP over a bad link. Needs root. */
export async function kernelWay(toPort: number, fault: KernelFault): Promise<Way> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.adopt(mkdtempSync(join(tmpdir(), 'fengsui-kernel-')), (made) => rmSync(made, { recursive: true, force: true }));
  const [entry, exit] = [join(folder, 'entry'), join(folder, 'exit')];
  undo.use(await relay(exit, { host: '127.0.0.1', port: toPort }));
  const kill = (child: ChildProcess) => void child.kill('SIGKILL');
  const near = undo.adopt(inNamespace(['socat', `UNIX-LISTEN:${entry},fork`, `TCP:${FAR}:${PORT},nodelay`]), kill);
  const far = undo.adopt(inNamespace(['socat', `TCP-LISTEN:${PORT},fork,nodelay`, `UNIX-CONNECT:${exit}`]), kill);
  for (let tries = 0; !existsSync(entry); tries++) {
    if (tries > 200) throw new Error('socat did not start in its namespace');
    await sleep(50);
  }
  joinNamespaces(near, far);
  spoil(near, 'near', fault);
  spoil(far, 'far', fault);
  const front = undo.use(await relay(0, entry));
  const all = undo.move();
  return { port: front.port, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function spoil(side: ChildProcess, name: string, { loss, kbit }: KernelFault): void {
  if (kbit !== undefined)
    within(side, 'tc', 'qdisc', 'add', 'dev', name, 'root', 'tbf', 'rate', `${kbit}kbit`, 'burst', '4kb', 'latency', '400ms');
  if (loss === undefined) return;
  const share = String(Math.round(loss * 100));
  within(side, 'nft', 'add', 'table', 'inet', 'fault');
  within(side, 'nft', 'add', 'chain', 'inet', 'fault', 'in', '{ type filter hook input priority 0; }');
  within(side, 'nft', 'add', 'rule', 'inet', 'fault', 'in', 'numgen', 'random', 'mod', '100', '<', share, 'drop');
}

type Place = string | { readonly host: string; readonly port: number };

/** Hands on what comes in at one place to another. */
async function relay(from: string | 0, to: Place) {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const onward =
      typeof to === 'string' ? connect({ path: to, allowHalfOpen: true }) : connect({ ...to, allowHalfOpen: true, noDelay: true });
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(end);
      end.on('error', () => other.destroy()).on('close', () => sockets.delete(end));
      end.pipe(other);
    }
  });
  if (from === 0) server.listen(0, '127.0.0.1');
  else server.listen(from);
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === 'string' ? 0 : address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
