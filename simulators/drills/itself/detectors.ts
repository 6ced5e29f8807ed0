import type { Child, Children } from '../demo/children.ts';
import { freeUdpPort } from '../demo/free-port.ts';

const FAMILY = 'nb-huaqiang';
const imeiOf = (index: number) => `8600000000${String(10_001 + index)}`;

/** Smoke detectors that speak by CoAP, on one line of the gateway, each a process. */
export class Detectors {
  readonly all: Child[] = [];
  readonly names: readonly string[];
  #port = 0;

  constructor(count: number) {
    this.names = Array.from({ length: count }, (_, index) => `smoke-${index}`);
  }

  /** What the gateway's configuration says of them. */
  async lines(): Promise<object[]> {
    if (this.names.length === 0) return [];
    this.#port ||= await freeUdpPort();
    const devices = this.names.map((name, index) => ({ name, family: FAMILY, device: imeiOf(index) }));
    return [{ name: 'nb', wire: { kind: 'udp', host: '127.0.0.1', port: this.#port }, devices }];
  }

  /** They come up beside a gateway that hears them, and stay when it goes. */
  async start(children: Children, seed: number, truthOf: (name: string) => string): Promise<void> {
    if (this.all.length > 0) return;
    for (const [index, name] of this.names.entries()) {
      const what = ['--name', name, '--family', FAMILY, '--wire', `udp:127.0.0.1:${this.#port}`, '--endpoint', imeiOf(index)];
      const how = ['--truth', truthOf(name), '--seed', String(seed + index), '--live', '--with-parent'];
      this.all.push(await children.start(name, 'simulators/src/cli.ts', 'device', ...what, ...how));
    }
  }

  /** One says fire; it repeats itself until somebody acknowledges. */
  fire(index: number): void {
    this.all[index]!.tell({ say: { what: 'fire', address: {} } });
  }
}
