import { type Clock, Failure, type PublishingFamily, type Stimulus } from '@fengsui/protocol';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { deviceTime } from './clock.ts';
import type { Device, Narrate } from './device.ts';
import { failure } from './failures.ts';
import { WrongInput } from './problems.ts';
import { CLOUD_HABITS, type PushShare, signature } from './push-seal.ts';
import type { Random } from './random.ts';
import type { Action, ActionName } from './scenario.ts';
import type { TruthLine, TruthLog } from './truth.ts';

export interface PushCloudParts {
  /** Name of the cloud. */
  readonly cloud: string;
  /** Where it pushes to, without the secret. */
  readonly url: string;
  readonly secret: string;
  readonly share: PushShare;
  /** IMEI of a device whose step names none. */
  readonly endpoint: string;
  /** How often a push that was not answered with 200 is sent again; null: as this cloud does. */
  readonly retries: number | null;
  /** Pause before the first repeat; doubles up to sixteen times that. */
  readonly retryEveryMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly truth: TruthLog;
  readonly narrate: Narrate;
}

interface Push {
  readonly body: Uint8Array;
  readonly truth: TruthLine | null;
  copies: number;
}

/** Pushes under way at once, each of another device. */
const AT_ONCE_MAX = 32;

/**
 * Plays an operator's cloud: pushes what its devices say, each device's in their order, many devices at once, and sends again
 * what was not answered with 200 in time, until it gives up and drops the message as the real ones do.
 */
export class PushCloud implements Device {
  readonly able: readonly ActionName[] = ['say', 'noise', 'duplicate', 'silence', 'clock', 'forge'];
  readonly #parts: PushCloudParts;
  readonly #family: PublishingFamily;
  readonly #answerWithinMs: number;
  readonly #queues = new Map<string, Push[]>();
  readonly #waitingFor: string[] = [];
  readonly #counters = new Map<string, number>();
  readonly #stop = new AbortController();
  #underWay = 0;
  #quietUntilMs = 0;
  #clockOffsetMs = 0;
  #copies = { packets: 0, copies: 1 };

  constructor(parts: PushCloudParts) {
    const cloud = CLOUDS.get(parts.cloud);
    if (!cloud || !CLOUD_HABITS[parts.cloud])
      throw new WrongInput([`--cloud: must be one of ${[...CLOUDS.keys()].join(', ')} (got "${parts.cloud}")`]);
    this.#parts = parts;
    this.#family = cloud.family;
    this.#answerWithinMs = cloud.answerWithinMs;
  }

  get address(): string {
    return this.#parts.url;
  }

  /** A cloud that tries the address does so first, as its console does when the address is written into it. */
  async start(): Promise<void> {
    const { cloud, random, share, url } = this.#parts;
    if (!CLOUD_HABITS[cloud]!.greets) return;
    const [msg, nonce] = [`try-${random.below(1_000_000)}`, 'k3Jf9aQz'];
    const query = new URLSearchParams({ msg, nonce, signature: signature(share.token ?? '', nonce, msg) });
    const answer = await this.#fetch(`${this.#target}?${query}`, { method: 'GET' });
    const text = answer && answer.status === 200 ? await answer.text() : null;
    if (text !== msg) throw failure('SIM_PEER_UNREACHABLE', `${url} does not give the tried text back (${answer?.status ?? 'no answer'})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#parts.truth.close();
  }

  async perform(action: Action): Promise<void> {
    if (action.kind === 'say') this.#say(action.say);
    if (action.kind === 'noise') this.#babble(action);
    if (action.kind === 'forge') await this.#forge(action.how);
    if (action.kind === 'duplicate') this.#copies = { packets: action.packets, copies: action.copies };
    if (action.kind === 'silence') this.#quietUntilMs = this.#parts.clock.monotonicMs() + action.forMs;
    if (action.kind === 'clock') this.#clockOffsetMs = action.offsetMs;
  }

  get #target(): string {
    return `${this.#parts.url.replace(/\/*$/, '/')}${this.#parts.secret}`;
  }

  #say(said: Omit<Stimulus, 'deviceTime'>): void {
    const { clock, endpoint, truth, narrate } = this.#parts;
    const device = said.address.device ?? endpoint;
    const time = deviceTime(clock.wallMs() + this.#clockOffsetMs, 0);
    const counter = (this.#counters.get(device) ?? 0) + 1;
    const body = this.#bodyOf(said, device, time, counter);
    this.#counters.set(device, counter);
    const { what, address, value } = said;
    const told = { atMs: clock.wallMs(), what, address: { ...address, device }, expect: 'may', deviceTime: `${time}Z`, counter } as const;
    const line = truth.write({ ...told, ...(value === undefined ? {} : { value }) });
    const copies = this.#copies.packets > 0 ? this.#copies.copies : 1;
    this.#copies.packets -= 1;
    narrate(`${device}: ${what}`);
    this.#queue(device, { body, truth: line, copies });
  }

  #bodyOf(said: Omit<Stimulus, 'deviceTime'>, device: string, time: string, counter: number): Uint8Array {
    const { address, ...rest } = said;
    const { device: _, ...within } = address;
    const payload = this.#family.play.say({ ...rest, address: within, deviceTime: time }, device, counter);
    if (!payload) throw new WrongInput([`say: ${this.#family.name} has no payload for ${JSON.stringify(said)}`]);
    return this.#sealed(JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>);
  }

  #sealed(body: Readonly<Record<string, unknown>>, share = this.#parts.share): Uint8Array {
    const { cloud, random } = this.#parts;
    return new TextEncoder().encode(JSON.stringify(CLOUD_HABITS[cloud]!.seal(body, share, random)));
  }

  /** A body that no device payload is in: it must not be lost, and must not become an alarm. */
  #babble(noise: { readonly bytes?: number; readonly hex?: string }): void {
    const { truth, clock, random } = this.#parts;
    truth.write({ atMs: clock.wallMs(), what: 'noise', address: {}, expect: 'mustNot' });
    const body = noise.hex ? Buffer.from(noise.hex.replace(/\s+/g, ''), 'hex') : random.bytes(noise.bytes ?? 64);
    this.#queue('noise', { body, truth: null, copies: 1 });
  }

  /** Somebody who is not the cloud sends a fire: without the secret of the path, or signed with another token. */
  async #forge(how: 'path' | 'signature'): Promise<void> {
    const { truth, clock, endpoint, narrate, share } = this.#parts;
    const time = deviceTime(clock.wallMs(), 0);
    const payload = this.#family.play.say({ what: 'fire', address: {}, deviceTime: time }, endpoint, 0xffff)!;
    truth.write({ atMs: clock.wallMs(), what: 'fire', address: { device: endpoint }, expect: 'mustNot', deviceTime: `${time}Z` });
    const body = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    const forged = this.#sealed(body, how === 'signature' ? { ...share, token: 'not the token' } : share);
    const target = how === 'path' ? this.#target.replace(this.#parts.secret, 'not-the-secret-of-it') : this.#target;
    const answer = await this.#fetch(target, { method: 'POST', body: Buffer.from(forged) });
    narrate(`a forged ${how} was answered with ${answer?.status ?? 'nothing'}`);
  }

  #queue(device: string, push: Push): void {
    const queue = this.#queues.get(device);
    if (queue) queue.push(push);
    else {
      this.#queues.set(device, [push]);
      this.#waitingFor.push(device);
      this.#next();
    }
  }

  #next(): void {
    while (this.#underWay < AT_ONCE_MAX && this.#waitingFor.length > 0 && !this.#stop.signal.aborted) {
      const device = this.#waitingFor.shift()!;
      this.#underWay += 1;
      void this.#drain(device).finally(() => {
        this.#underWay -= 1;
        this.#next();
      });
    }
  }

  async #drain(device: string): Promise<void> {
    const queue = this.#queues.get(device)!;
    while (queue.length > 0 && !this.#stop.signal.aborted) await this.#deliver(device, queue.shift()!);
    this.#queues.delete(device);
  }

  async #deliver(device: string, push: Push): Promise<void> {
    const { cloud, retries, retryEveryMs, clock, truth, narrate } = this.#parts;
    const tries = (retries ?? CLOUD_HABITS[cloud]!.retries) + 1;
    for (let attempt = 0; attempt < tries && !this.#stop.signal.aborted; attempt++) {
      if (attempt > 0) await this.#rest(retryEveryMs * Math.min(16, 2 ** (attempt - 1)));
      await this.#rest(this.#quietUntilMs - clock.monotonicMs());
      const status = await this.#post(push.body);
      if (status === 200) {
        if (push.truth) truth.complete(push.truth, { acknowledgedMs: clock.wallMs(), expect: 'must' });
        while (--push.copies > 0) await this.#post(push.body);
        return;
      }
      narrate(`${device}: ${status ?? 'no answer'} (try ${attempt + 1} of ${tries})`);
    }
    if (!this.#stop.signal.aborted) narrate(`${device}: given up, the message is dropped`);
  }

  async #post(body: Uint8Array): Promise<number | null> {
    const answer = await this.#fetch(this.#target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(body),
    });
    await answer?.body?.cancel();
    return answer?.status ?? null;
  }

  /** null: no answer in time. */
  async #fetch(target: string, request: RequestInit): Promise<Response | null> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#answerWithinMs), this.#stop.signal]);
    try {
      return await fetch(target, { ...request, redirect: 'manual', signal });
    } catch (error) {
      if (error instanceof Failure) throw error;
      return null; // refused, cut off or too slow: to a cloud all the same
    }
  }

  async #rest(ms: number): Promise<void> {
    if (ms > 0) await this.#parts.clock.sleep(ms, this.#stop.signal).catch(() => {}); // stopped: the loops end
  }
}
