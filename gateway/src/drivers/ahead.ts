import type { Surroundings } from './driver.ts';
import { Inbox } from './inbox.ts';
import type { Packets } from './packets.ts';

/** Packets that wait for the journal. A panel that is held back beyond this counts us as gone, and says everything again later. */
const WAITING_MAX = 512;

/**
 * Reads a stream on while what it said before is being made durable, so that a panel has its patrol answered whatever the
 * disk does. What comes in such a while is offered to `passes` first: packets that it has dealt with are not handed on; all others
 * keep their order.
 */
export class Ahead implements AsyncDisposable {
  readonly #packets: Pick<Packets, 'take'>;
  readonly #passes: (packet: Uint8Array) => Promise<boolean>;
  readonly #inbox: Inbox<Uint8Array>;
  readonly #waiting: Uint8Array[] = [];
  /** Whoever takes waits for us, and not for the journal. */
  #isAsked = false;
  #over: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};
  #room: () => void = () => {};

  constructor(packets: Pick<Packets, 'take'>, passes: (packet: Uint8Array) => Promise<boolean>, { clock, signal }: Surroundings) {
    this.#packets = packets;
    this.#passes = passes;
    this.#inbox = new Inbox(this.#handOn(), clock, signal);
    void this.#read();
  }

  /** What comes next, within a time; 'end' when the stream has finished. Throws what the stream throws. */
  async take(withinMs: number): Promise<readonly Uint8Array[] | 'end'> {
    this.#isAsked = true;
    const arrival = await this.#inbox.take(withinMs).finally(() => {
      this.#isAsked = false;
    });
    return arrival === 'end' ? 'end' : arrival === 'silence' ? [] : [arrival.item];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over ??= {};
    this.#wake();
    this.#room();
    await this.#inbox[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#over) {
        const heard = await this.#packets.take(Number.POSITIVE_INFINITY);
        if (heard === 'end') break;
        for (const packet of heard) {
          const isHeldUp = !this.#isAsked || this.#waiting.length > 0;
          if (!(isHeldUp && (await this.#passes(packet)))) this.#waiting.push(packet);
        }
        this.#wake();
        while (this.#waiting.length >= WAITING_MAX && !this.#over)
          await new Promise<void>((resolve) => {
            this.#room = resolve;
          });
      }
      this.#over ??= {};
    } catch (error) {
      this.#over ??= { error };
    }
    this.#wake();
  }

  /** What was heard before the stream ended comes first. */
  async *#handOn(): AsyncGenerator<Uint8Array> {
    while (true) {
      const packet = this.#waiting.shift();
      this.#room();
      if (packet) yield packet;
      else if (this.#over && 'error' in this.#over) throw this.#over.error;
      else if (this.#over) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
