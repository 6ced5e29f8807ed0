import { type Clock, type OrderParameters, type PublishingFamily, toHex, withPath } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { type CarryOut, done, type Outcome, refused, STOPPING } from './downlink/downlink.ts';
import type { KeptOrder } from './downlink/record.ts';
import type { ReadAnswer, WaitingRead, WaitingReads } from './drivers/waiting-reads.ts';
import * as limits from './limits.ts';
import type { BuiltLine } from './lines.ts';

type AskableLine = Pick<BuiltLine, 'name' | 'configuration' | 'reads'>;

/** What of an answer travels as hex digits beside its meaning. */
const HEX_DIGITS_MAX = 8_192;

/**
 * Asks devices that sleep, when they next speak. Only reads can be ordered, and only of LwM2M objects: what devices take as
 * commands is opaque, and nothing may act on fire equipment. A restart in between goes on with what is left of the time.
 */
export class DeviceReads implements CarryOut<'device-read'> {
  readonly openMax = limits.DEVICE_READS_OPEN_MAX;
  readonly #lines: readonly AskableLine[];
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, WaitingRead>();

  constructor(lines: readonly AskableLine[], clock: Clock, signal: AbortSignal) {
    this.#lines = lines.filter(({ configuration }) => configuration.wire.kind === 'udp');
    this.#clock = clock;
    this.#signal = signal;
  }

  begin(order: KeptOrder, asked: OrderParameters<'device-read'>): Promise<Outcome> {
    return this.#ask(order, asked);
  }

  resume(order: KeptOrder, asked: OrderParameters<'device-read'>): Promise<Outcome> {
    return this.#ask(order, asked);
  }

  standing({ id }: KeptOrder): unknown {
    const read = this.#waiting.get(id);
    return read ? { [read.tries === 0 ? 'waiting' : 'sent']: { path: read.path, tries: read.tries, expiresAtMs: read.expiresAtMs } } : null;
  }

  async #ask({ id, takenMs }: KeptOrder, { device: name, path, waitMinutes }: OrderParameters<'device-read'>): Promise<Outcome> {
    const sleepers = this.#sleepers();
    const found = sleepers.find(({ names }) => names.includes(name));
    if (!found) {
      const known = sleepers.map(({ names }) => names[0]).join(', ');
      return refused(`no CoAP line has a device ${name}; devices: ${known.slice(0, 500) || 'none'} 无此设备`);
    }
    const put = found.reads.put(found.endpoint, { path, expiresAtMs: takenMs + waitMinutes * 60_000 });
    if (!put) return refused(`${name}: as many reads wait for it as it can answer; wait for its next word 该设备待读项已满`);
    this.#waiting.set(id, put.read);
    try {
      const answer = await this.#answered(put.answer, found.reads);
      const about = { device: found.names[0]!, path, tries: put.read.tries };
      return answer === 'expired' ? expired(about) : outcomeOf(answer, about);
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Devices that publish over CoAP, by what they may be called. */
  #sleepers() {
    return this.#lines.flatMap(({ configuration, reads }) =>
      configuration.devices.flatMap(({ name, family, device }) =>
        typeof device === 'string' && FAMILIES.get(family)?.shape === 'publishes'
          ? [{ names: [name, device], endpoint: device, reads }]
          : [],
      ),
    );
  }

  async #answered(answer: Promise<ReadAnswer | 'expired'>, reads: WaitingReads): Promise<ReadAnswer | 'expired'> {
    for (;;) {
      const looking = new AbortController();
      const look = this.#clock.sleep(limits.DEVICE_READS_EVERY_MS, AbortSignal.any([looking.signal, this.#signal])).catch(() => {});
      const ended = await Promise.race([answer, look]);
      looking.abort();
      if (ended) return ended;
      if (this.#signal.aborted) throw STOPPING;
      reads.expire();
    }
  }
}

interface About {
  readonly device: string;
  readonly path: string;
  readonly tries: number;
}

function expired(about: About): Outcome {
  if (about.tries > 0) return { state: 'unanswered', result: { ...about, why: 'it was asked and gave no answer 已询问,设备未应答' } };
  return { state: 'expired', result: { ...about, why: 'it did not speak in that time 设备在期限内未上线' } };
}

/** What an answer that is none says (RFC 7252 §5.9.2), in the words of whoever ordered it. */
const REFUSALS: Readonly<Record<string, string>> = {
  '0.00': 'it reset the question: it knows no server there 设备复位了请求',
  '4.01': 'it does not let this server read that 无读取权限',
  '4.04': 'it has no such object 无此对象',
  '4.05': 'this cannot be read, only executed or written 该项不可读',
};

function outcomeOf({ code, format, payload, isCut }: ReadAnswer, about: About): Outcome {
  const said = { ...about, code, ...(format === null ? {} : { format }) };
  if (!code.startsWith('2.')) return { state: 'refused', result: { ...said, why: REFUSALS[code] ?? `it answered ${code}` } };
  const hex = toHex(payload).slice(0, HEX_DIGITS_MAX);
  return done({ ...said, ...(isCut ? { isCut } : {}), hex, ...meaningOf(about.path, format, payload) });
}

/** A single resource without a word about its format is text (OMA-TS-LightweightM2M §6.4.1). */
const formatOf = (path: string) => (path.split('/').length === 4 ? 0 : null);

/** The resources in it, as far as they can be read and fit a receipt. */
function meaningOf(path: string, format: number | null, payload: Uint8Array): object {
  const published = (FAMILIES.get('lwm2m') as PublishingFamily).decode(withPath(path, format ?? formatOf(path), payload));
  const resources = published?.fields['resources'];
  if (resources === undefined) return {};
  return Buffer.byteLength(JSON.stringify(resources)) + HEX_DIGITS_MAX > limits.READ_RESULT_BYTES_MAX ? {} : { resources };
}
