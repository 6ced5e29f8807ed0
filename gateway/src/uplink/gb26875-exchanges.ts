import type { Clock } from '@fengsui/protocol';
import { FRAME_BYTES_MIN } from '@fengsui/protocol/gb26875';
import { fail } from '../failures.ts';
import type { UplinkNumbers } from './numbers.ts';

export const CONFIRM = 3;
const ANSWER = 5;
export const DENIAL = 6;

export interface ExchangesOptions {
  readonly clock: Clock;
  readonly numbers: UplinkNumbers;
  readonly send: (packet: Uint8Array) => void;
  readonly replyTimeoutMs: number;
  /** Times a packet is sent again, beyond the first. */
  readonly resends: number;
}

/** Serial of a packet too short to be a frame: such a heartbeat is answered by one of its kind. */
const NO_SERIAL = -1;
const serialOf = (packet: Uint8Array) => (packet.length < FRAME_BYTES_MIN ? NO_SERIAL : packet[2]! | (packet[3]! << 8));

/**
 * Send and confirm (发送/确认, GB/T 26875.3-2011 §6.3): a packet is sent, again with the same bytes when nothing is heard in time or it
 * is denied (a denial says that it arrived broken, §6.3.2), and a confirm of its serial ends it. A resend is the same packet: the
 * centre knows it again by its bytes. What is denied is sent again after the time an answer takes: a centre that is busy or just
 * starting denies everything for a moment. Denied at the last send, it is the centre's no.
 */
export class Exchanges {
  readonly #options: ExchangesOptions;
  readonly #open = new Map<number, (reply: 'confirmed' | 'denied') => void>();

  constructor(options: ExchangesOptions) {
    this.#options = options;
  }

  /** Resolves with the centre's word; rejects with Failure `uplink-silent` when there is none after all re-sends. `denied` hears of every denial. */
  async carry(packet: Uint8Array, signal: AbortSignal, denied: () => void = () => {}): Promise<'confirmed' | 'denied'> {
    const { clock, numbers, send, replyTimeoutMs, resends } = this.#options;
    const serial = serialOf(packet);
    const over = new AbortController();
    try {
      for (let sent = 0; sent <= resends; sent++) {
        if (sent > 0) numbers.rowsOverdue += 1;
        const reply = Promise.withResolvers<'confirmed' | 'denied'>();
        let isDenied = false;
        this.#open.set(serial, (word) => {
          isDenied = word === 'denied';
          if (isDenied) denied();
          if (!isDenied || sent === resends) reply.resolve(word);
        });
        const sentMs = clock.monotonicMs();
        send(packet);
        const late = clock.sleep(replyTimeoutMs, AbortSignal.any([signal, over.signal])).then(() => null);
        const heard = await Promise.race([reply.promise, late]);
        if (heard === 'denied') return heard;
        if (heard === null) continue;
        numbers.receipts += 1;
        numbers.lastReceiptMs = clock.wallMs();
        numbers.lastRoundTripMs = clock.monotonicMs() - sentMs;
        return heard;
      }
      throw fail('uplink-silent', `sent ${resends + 1} times, no confirm within ${replyTimeoutMs} ms each`);
    } finally {
      over.abort();
      this.#open.delete(serial);
    }
  }

  /** Whether a packet of the centre ends an exchange of ours; a late or repeated word ends none. */
  hear(packet: Uint8Array): boolean {
    const command = packet.length < FRAME_BYTES_MIN ? CONFIRM : packet[26];
    if (command !== CONFIRM && command !== DENIAL && command !== ANSWER) return false;
    const open = this.#open.get(serialOf(packet));
    if (!open) this.#options.numbers.receiptsIgnored.beyond += 1;
    open?.(command === DENIAL ? 'denied' : 'confirmed');
    return true;
  }
}
