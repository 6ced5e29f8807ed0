import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Children } from '../../demo/children.ts';

const COLLECTOR = 'collector/src/main.ts';

/** A real collector with certificates of its own authority, and where its ledger is. */
export class Cloud {
  readonly #children: Children;
  readonly #folder: string;
  #port = 0;
  #running: Child | null = null;

  constructor(folder: string, children: Children) {
    this.#folder = folder;
    this.#children = children;
  }

  /** Makes the authority and enrols the gateways. */
  async prepare(gateways: readonly string[]): Promise<void> {
    const data = join(this.#folder, 'collector');
    await this.#children.run('collector-init', COLLECTOR, 'init', '--data', data, '--host', '127.0.0.1');
    for (const gateway of gateways)
      await this.#children.run(
        'collector-enrol',
        COLLECTOR,
        'enrol',
        '--data',
        data,
        '--gateway',
        gateway,
        '--out',
        join(this.#folder, gateway),
      );
  }

  async start(): Promise<void> {
    const settings = join(this.#folder, 'collector.yaml');
    writeFileSync(
      settings,
      `collector: { operator: BENCH }\ndata: ./collector\nintake: { host: 127.0.0.1, port: ${this.#port} }\nhttp: { host: 127.0.0.1, port: 0 }\n`,
    );
    this.#running = await this.#children.start('collector', COLLECTOR, 'run', '--config', settings, '--with-parent');
    this.#port = Number(new URL(this.#running.ready['intake']!).port);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = null;
  }

  /** The inside of a gateway's uplink entry. */
  uplinkOf(gateway: string): string {
    const at = (file: string) => join(this.#folder, gateway, file);
    return `url: "mqtts://127.0.0.1:${this.#port}", ca: ${at('ca.pem')}, certificate: ${at(`${gateway}.pem`)}, key: ${at(`${gateway}.key`)}`;
  }
}
