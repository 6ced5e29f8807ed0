import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { vi } from 'vitest';
import { Peer } from '../uplink/peer.fixture.ts';
import { pinLine } from './pin.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const PANEL = FAMILIES.get('jbf-193k') as TalkingFamily;
export const soon = { timeout: 60_000, interval: 50 };
export const PIN = '480736';

export interface Answered {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: Record<string, never>;
}

/** A real gateway in a process of its own, with its page open, a panel that speaks, and a collector that answers. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'fengsui-page-'));
  readonly peer = new Peer('gw-1');
  /** The program: its sources, or a bundle of them. */
  main = MAIN;
  /** What the program finds in its surroundings besides. */
  env: NodeJS.ProcessEnv = {};
  url = '';
  log = '';
  child!: ChildProcess;
  readonly #panel: Server;
  readonly #sockets = new Set<Socket>();
  readonly #heard: Buffer[] = [];

  constructor() {
    this.#panel = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => this.#heard.push(bytes));
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Everything the gateway sent to the panel. */
  get toPanel(): Buffer {
    return Buffer.concat(this.#heard);
  }

  async start({ page = '{ port: 0 }', pin = PIN as string | null, points = '', uplinks = '', more = '' } = {}): Promise<void> {
    await this.peer.start();
    await new Promise<void>((resolve) => this.#panel.listen(0, '127.0.0.1', resolve));
    const { port } = this.#panel.address() as { port: number };
    mkdirSync(join(this.folder, 'data'), { recursive: true });
    if (pin !== null) await this.setPin(pin);
    writeFileSync(join(this.folder, 'synchronised'), '');
    writeFileSync(
      this.file,
      `gateway: { id: gw-1, address: 3000001, centre: 20, clockSynchronisedFile: synchronised }
data: ./data
profile: db36-t1297-2020
uplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:${this.peer.port}", reconnectMinMs: 50, reconnectMaxMs: 200 }${uplinks} ]
page: ${page}
lines:
  - name: panel-line
    wire: { kind: tcp, host: 127.0.0.1, port: ${port} }
    devices:
      - name: panel-1
        family: jbf-193k
        points:
          - { address: { controller: 1, loop: 1, point: 2 }, place: 1号楼3层东走道, componentType: 42 }
          - { address: { controller: 1, loop: 1, point: 9 }, place: 地下车库燃气间, componentType: 11 }
${points}${more}`,
    );
    await this.run();
  }

  get file(): string {
    return join(this.folder, 'gateway.yaml');
  }

  async setPin(pin: string): Promise<void> {
    writeFileSync(join(this.folder, 'data', 'page.pin'), await pinLine(pin), { mode: 0o600 });
  }

  takePin(): void {
    rmSync(join(this.folder, 'data', 'page.pin'));
  }

  async run(): Promise<void> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', this.main, 'run', '--config', this.file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
      env: { ...process.env, ...this.env },
    });
    this.child = child;
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (this.log += bytes));
    child.stdout.on('data', (bytes: Buffer) => (said += bytes));
    await vi.waitFor(() => {
      if (child.exitCode !== null) throw new Error(this.log);
      if (!said.includes('\n')) throw new Error('not ready yet');
    }, soon);
    const ready = JSON.parse(said) as { page?: string };
    this.url = ready.page ?? '';
  }

  async panelIsThere(): Promise<void> {
    await vi.waitFor(() => {
      if (this.#sockets.size === 0) throw new Error('the panel waits');
    }, soon);
  }

  say(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  fire(point: number): void {
    this.say(PANEL.play.say({ what: 'fire', address: { controller: 1, loop: 1, point }, deviceTime: '2026-11-23T10:00:00' })!);
  }

  unplugPanel(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#panel.close();
  }

  /** One request as a program makes it, with whatever headers. */
  ask(method: string, path: string, { headers = {}, said }: { headers?: Record<string, string>; said?: unknown } = {}): Promise<Answered> {
    const own = method === 'POST' ? { origin: this.url, 'content-type': 'application/json' } : {};
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}${path}`, { method, rejectUnauthorized: false, headers: { ...own, ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => (text += piece));
        response.on('end', () => {
          const isJson = /json/.test(String(response.headers['content-type']));
          resolve({ code: response.statusCode ?? 0, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} });
        });
      });
      asked.on('error', reject);
      asked.end(said === undefined ? (method === 'POST' ? '{}' : undefined) : JSON.stringify(said));
    });
  }

  /** The Cookie header of a new session. */
  async cookie(pin = PIN): Promise<string> {
    const { code, headers } = await this.ask('POST', '/api/login', { said: { pin } });
    if (code !== 200) throw new Error(`the log-in answered ${code}`);
    return String(headers['set-cookie']?.[0]).split(';')[0]!;
  }

  async stop(): Promise<void> {
    if (!this.child) return rmSync(this.folder, { recursive: true, force: true });
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    this.unplugPanel();
    await this.peer.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
