import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEar } from '../house/notify-ear.ts';
import type { Rig } from './rig.ts';

/** As `RestartSec` of the unit. */
const RESTART_AFTER_MS = 1_000;

/** A service manager as far as a gateway can tell: hears its notices, kills it when they stop coming, starts it again whenever it ends. */
export class Keeper implements AsyncDisposable {
  /** Monotonic times of its kills, and of the ready lines after them. */
  readonly killedMs: number[] = [];
  readonly backMs: number[] = [];
  fed = 0;
  readonly #rig: Rig;
  readonly #watchdogMs: number;
  readonly #socket: string;
  #ear: ChildProcess | null = null;
  #isStopping = false;
  #lastMs = 0;
  #keeping: Promise<void> = Promise.resolve();

  constructor(rig: Rig, watchdogMs: number) {
    this.#rig = rig;
    this.#watchdogMs = watchdogMs;
    this.#socket = rig.path('notify');
  }

  /** Starts the gateway under its care. */
  async start(): Promise<void> {
    const { environment } = this.#rig;
    Object.assign(environment, { NOTIFY_SOCKET: this.#socket, WATCHDOG_USEC: String(this.#watchdogMs * 1_000) });
    this.#ear = startEar(this.#socket);
    this.#ear.stdout!.on('data', (heard: Buffer) => {
      this.#lastMs = performance.now();
      this.fed += heard.toString().split('WATCHDOG=1').length - 1;
    });
    await this.#rig.startGateway();
    this.#lastMs = performance.now();
    this.#keeping = this.#keep();
    this.#keeping.catch(() => {}); // told at the end, when somebody waits for it
  }

  async #keep(): Promise<void> {
    while (!this.#isStopping) {
      const silence = this.#silence();
      const how = await Promise.race([this.#rig.gone().then(() => 'ended' as const), silence]);
      if (this.#isStopping) return;
      if (how === 'silent') {
        this.killedMs.push(performance.now());
        this.#rig.signal('SIGKILL');
        await this.#rig.gone();
      }
      await sleep(RESTART_AFTER_MS);
      await this.#rig.startGateway();
      this.backMs.push(performance.now());
      this.#lastMs = performance.now();
    }
  }

  async #silence(): Promise<'silent'> {
    while (performance.now() - this.#lastMs < this.#watchdogMs && !this.#isStopping) await sleep(50);
    return 'silent';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#keeping;
    this.#ear?.kill();
    rmSync(this.#socket, { force: true });
  }
}
