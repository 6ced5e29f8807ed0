import { randomUUID } from 'node:crypto';
import { type Clock, Failure, type Heard, Links, type SiteEvent, toHex } from '@fengsui/protocol';
import {
  CLOUDS,
  freshOf,
  type Posted,
  PUSH_TAKEN,
  PUSH_UNTAKEN,
  PushDesk,
  PushDoor,
  type PushSaid,
  type PushUnheard,
  readRound,
  Seen,
  withLinks,
} from '@fengsui/protocol/clouds';
import { createNormalizer, type Normalizer } from '@fengsui/protocol/normalizer';
import type { DeviceConfiguration } from '@fengsui/protocol/settings-devices';
import type { PushSettings } from '@fengsui/protocol/settings-pushes';
import type { Ledger } from '../ledger/ledger.ts';
import { PUSH_EVIDENCE_BYTES_MAX, PUSH_EVIDENCE_KEPT, PUSH_ROUND_MAX } from '../limits.ts';
import { cryptography } from './cryptography.ts';
import type { OwnGateway } from './own-rows.ts';
import { OwnSeries } from './own-series.ts';
import { openServer, secretsOf, sourcesOf } from './push-server.ts';

export interface PushIntakeSettings extends PushSettings, OwnGateway {
  readonly devices: readonly DeviceConfiguration[];
}

export interface PushIntakeNeeds {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'numbering' | 'known'>;
  readonly clock: Clock;
  /** Hears of everything that failed: nothing of it was answered with 200. */
  readonly failed: (failure: Failure) => void;
}

/** Something that was turned away or could not be read. */
export interface KeptPush {
  readonly atMs: number;
  readonly why: PushUnheard;
  readonly hex: string;
}

export interface PushState {
  readonly gateway: string;
  readonly cloud: string;
  /** Where the cloud pushes to, without the secret; null while it cannot listen. */
  readonly address: string | null;
  /** Since start: messages made durable, and events of them. */
  readonly messages: number;
  readonly events: number;
  readonly failed: number;
  /** Requests by what was wrong with them, and messages that were repeats, strangers' or unreadable. */
  readonly unheard: Record<string, number>;
  /** The last of those, oldest first. */
  readonly kept: KeptPush[];
}

/**
 * Takes what one operator's cloud pushes. A push is answered only after the ledger has it; without an answer the cloud repeats
 * it. A repeat is known by the ids of its events, which are made of what the message itself says: so it is known after a
 * restart too, when the collector was killed between the commit and the answer.
 */
export class PushIntake {
  readonly name: string;
  /** Where it listens, once it does. */
  readonly address: Promise<string>;
  readonly #settings: PushIntakeSettings;
  readonly #needs: PushIntakeNeeds;
  readonly #links: Links;
  readonly #normalizer: Normalizer;
  readonly #seen = new Seen();
  readonly #series: OwnSeries;
  readonly #unheard = new Map<PushUnheard, number>();
  readonly #kept: KeptPush[] = [];
  readonly #counts = { messages: 0, events: 0, failed: 0 };
  readonly #opened = Promise.withResolvers<string>();
  #listening: string | null = null;

  constructor(settings: PushIntakeSettings, needs: PushIntakeNeeds) {
    const { devices, zoneMinutes } = settings;
    const { clock } = needs;
    this.name = settings.gateway;
    this.address = this.#opened.promise;
    this.#settings = settings;
    this.#needs = needs;
    const { silenceMs, name, version } = CLOUDS.get(settings.cloud)!.family;
    const watched = devices.map((device) => ({
      name: device.name,
      family: `${name}/${version}`,
      silenceMs: device.silenceMs ?? silenceMs,
    }));
    this.#links = new Links(watched, clock);
    const newEventId = () => randomUUID().replaceAll('-', '');
    this.#normalizer = createNormalizer({ devices, zoneMinutes, newEventId, clock });
    this.#series = new OwnSeries(settings, needs);
  }

  state(): PushState {
    const { gateway, cloud } = this.#settings;
    return { gateway, cloud, address: this.#listening, ...this.#counts, unheard: Object.fromEntries(this.#unheard), kept: [...this.#kept] };
  }

  /** Listens and takes pushes until the signal aborts. Rejects with a Failure when it cannot listen. */
  async run(signal: AbortSignal): Promise<void> {
    const { cloud: name, devices, from } = this.#settings;
    const known = devices.map(({ name, device, dialect }) => ({ name, device: device!, dialect }));
    const desk = new PushDesk({ cloud: CLOUDS.get(name)!, secrets: secretsOf(this.#settings), cryptography, devices: known });
    const count = this.#count.bind(this);
    const door = new PushDoor({ allows: sourcesOf(from), refuses: desk.refuses.bind(desk), count });
    await using server = await openServer(this.#settings, door);
    this.#listening = server.address;
    this.#opened.resolve(server.address);
    signal.addEventListener('abort', () => door.shut(), { once: true });
    try {
      while (!signal.aborted) {
        await this.#something(door, signal);
        await this.#round(door.take(PUSH_ROUND_MAX), desk);
      }
    } finally {
      this.#listening = null;
    }
  }

  /** Resolves when a push waits, or a device has been silent for too long. */
  async #something(door: PushDoor, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const dueInMs = this.#links.dueInMs();
    const arrived = door.arrival();
    const overdue = Number.isFinite(dueInMs)
      ? this.#needs.clock.sleep(Math.min(dueInMs, LONGEST_SLEEP_MS), AbortSignal.any([signal, timer.signal])).catch(() => {}) // somebody came first
      : arrived;
    await Promise.race([arrived, overdue]).finally(() => timer.abort());
  }

  async #round(posted: readonly Posted[], desk: PushDesk): Promise<void> {
    const { clock, failed } = this.#needs;
    const { atOnce, held, said } = readRound(posted, desk, Math.round(clock.wallMs()), this.#count.bind(this));
    for (const [request, answer] of atOnce) request.answer(answer);
    let answer = PUSH_UNTAKEN;
    try {
      await this.#take(said);
      answer = PUSH_TAKEN;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#counts.failed += 1;
      failed(error);
    } finally {
      for (const request of held) request.answer(answer);
    }
  }

  /** Everything that was said is in the ledger when it resolves; rejects with a Failure, and then nothing of it is remembered. */
  async #take(said: readonly PushSaid[]): Promise<void> {
    const { ledger } = this.#needs;
    const fresh = await this.#unknown(freshOf(said, this.#seen, this.#count.bind(this)));
    const unread = fresh.filter((one) => one.unread !== null);
    if (unread.length > 0) {
      const { gateway } = this.#settings;
      await ledger.quarantine(
        unread.map(({ heard, unread }) => ({ gateway, lane: 'ordinary', reason: `push ${unread}`, bytes: heard.packet! })),
      );
    }
    const heard = [...withLinks(fresh, this.#links), ...this.#links.overdue()];
    await this.#store(heard);
    for (const { key } of fresh) this.#seen.remember(key);
    this.#counts.messages += fresh.length;
  }

  /** Those whose events no earlier run has stored. All events of a message are stored together: the first tells. */
  async #unknown(fresh: readonly PushSaid[]): Promise<readonly PushSaid[]> {
    const first = new Map(fresh.flatMap((one) => (one.heard.eventIdOf ? [[one.heard.eventIdOf(0), one] as const] : [])));
    if (first.size === 0) return fresh;
    const known = await this.#needs.ledger.known(this.#settings.gateway, [...first.keys()]);
    const copies = new Set([...known].map((id) => first.get(id)));
    for (const copy of copies) {
      this.#count('repeat');
      this.#seen.remember(copy!.key);
    }
    return fresh.filter((one) => !copies.has(one));
  }

  async #store(heard: readonly Heard[]): Promise<void> {
    try {
      const events: SiteEvent[] = heard.flatMap((one) => this.#normalizer.normalize(one));
      if (events.length > 0) await this.#series.append(events);
      this.#normalizer.settle(heard);
      this.#links.settle(heard);
      this.#counts.events += events.length;
    } catch (error) {
      this.#normalizer.revert(heard);
      throw error;
    }
  }

  #count(why: PushUnheard, bytes?: Uint8Array): void {
    this.#unheard.set(why, (this.#unheard.get(why) ?? 0) + 1);
    if (!bytes) return;
    this.#kept.push({ atMs: Math.round(this.#needs.clock.wallMs()), why, hex: toHex(bytes.subarray(0, PUSH_EVIDENCE_BYTES_MAX)) });
    if (this.#kept.length > PUSH_EVIDENCE_KEPT) this.#kept.shift();
  }
}

/** Timers count to 2^31 − 1 ms; a device that may be silent for longer is looked at more often. */
const LONGEST_SLEEP_MS = 86_400_000;
