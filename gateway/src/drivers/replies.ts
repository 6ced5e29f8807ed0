import { randomInt } from 'node:crypto';
import type { PeerAddress } from '../line.ts';
import { blockOption, type CoapMessage, type CoapSaying, writeCoap } from './coap-message.ts';
import type { Batch, Reaction } from './publishing-line.ts';

/** A message on its way through the server. */
export interface Arrived {
  readonly message: CoapMessage;
  readonly from: PeerAddress;
  readonly batch: Batch;
}

/** Makes answers: in the acknowledgement of what was confirmable, as a message of their own to what was not. */
export class Replies {
  #lastId = randomInt(0x10000);

  reply(message: CoapMessage, code: string, options: CoapSaying['options'] = []): Uint8Array {
    const { type, id } = message.type === 'CON' ? { type: 'ACK' as const, id: message.id } : { type: 'NON' as const, id: this.newId() };
    const part = message.block1 ? [{ name: 'Block1' as const, value: blockOption(message.block1) }] : [];
    return writeCoap({ type, id, code, token: message.token, options: [...options, ...part] });
  }

  /** Refusals are small and go to confirmable requests only: we are no amplifier. */
  refusal({ message, from }: Arrived, code: string): Reaction {
    return { to: [from], reply: message.type === 'CON' ? this.reply(message, code) : null, afterCommit: false };
  }

  newId(): number {
    this.#lastId = (this.#lastId + 1) & 0xffff;
    return this.#lastId;
  }
}
