import { type Clock, encodeReceipt, Failure, isTrial } from '@fengsui/protocol';
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket, type Subscription } from 'aedes';
import type { Ledger } from '../ledger/ledger.ts';
import { CONNECT_TIMEOUT_MS, DRAIN_TIMEOUT_MS, KEEPALIVE_MAX_S, REVOCATIONS_LOOK_MS } from '../limits.ts';
import type { Log } from '../supervise.ts';
import { DOWN, holdingsTopic, mayPublish, maySubscribe, orderTopic, receiptTopic, refusalToEnter } from './access.ts';
import { Attendance } from './attendance.ts';
import { type Caller, quoted } from './caller.ts';
import { type Delivery, readDelivery } from './delivery.ts';
import { Front, type FrontOptions } from './front.ts';
import type { GaugedStream } from './gauged-stream.ts';
import { greet } from './greeting.ts';
import { type Outcome, Pump } from './pump.ts';
import type { Refusal, RefusalCounts } from './refusals.ts';
import { type Rival, Rivals } from './rivals.ts';
import { TurnedAway } from './turned-away.ts';

export interface IntakeOptions extends FrontOptions {
  readonly ledger: Pick<Ledger, 'append' | 'quarantine' | 'holdings'>;
  readonly clock: Clock;
  /** Ids of gateways that are not let in, as they are now. */
  readonly revoked: () => Promise<ReadonlySet<string>>;
  /** Whoever gives orders to gateways. */
  readonly orders: {
    /** A gateway listens for orders. */
    listening(gateway: string): void;
    /** What a gateway says of an order; durable when it resolves. */
    receive(gateway: string, payload: Uint8Array): Promise<void>;
  };
  /** Hears of everything that failed: nothing of it was acknowledged. */
  readonly failed: (failure: Failure) => void;
  /** Hears of who is turned away. */
  readonly log: Pick<Log, 'warn'>;
  readonly zoneMinutes: number;
}

export interface IntakeState {
  /** Gateways that are connected. */
  readonly sessions: readonly string[];
  /** Deliveries that wait for the ledger. */
  readonly queued: number;
  /** Since start: deliveries made durable, of them those that were no batch, and deliveries that failed. */
  readonly delivered: number;
  readonly malformed: number;
  readonly failed: number;
  /** Since start: how often a second session with the same certificate ended the first. */
  readonly takeovers: number;
  readonly refused: RefusalCounts;
}

/**
 * The collector's MQTT 3.1.1 broker. A PUBLISH is acknowledged only after the ledger has committed it: the storing happens in
 * `authorizePublish`, the one hook that runs before the PUBACK (storing in a subscriber lost 2,486 of 5,420 acknowledged
 * messages in one kill).
 */
export class Intake {
  /** Who has a session, and who stays away. */
  readonly attendance: Attendance;
  /** Who is kept out, and why. */
  readonly turnedAway: TurnedAway;
  readonly #options: IntakeOptions;
  readonly #front: Front;
  readonly #pump: Pump;
  readonly #broker: Aedes;
  readonly #sessions = new Map<string, Client>();
  readonly #rivals = new Rivals();
  readonly #stop = new AbortController();
  #revoked: ReadonlySet<string> = new Set();
  #counts = { delivered: 0, malformed: 0, failed: 0, takeovers: 0 };

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.attendance = new Attendance(options.clock);
    this.turnedAway = new TurnedAway(options);
    this.#pump = new Pump(options.ledger, options.failed);
    this.#broker = new Aedes({
      connectTimeout: CONNECT_TIMEOUT_MS,
      drainTimeout: DRAIN_TIMEOUT_MS,
      keepaliveLimit: KEEPALIVE_MAX_S,
      preConnect: (client, packet, done) => this.#knock(client, packet, done),
      authenticate: (client, instance, _, done) => this.#authenticate(client, instance, done),
      authorizePublish: (client, packet, done) => this.#store(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.#subscribe(client, subscription, done),
    });
    this.#broker.on('client', (client) => {
      this.#sessions.set(client.id, client);
      if (this.#trials.has(client)) this.attendance.tried(client.id);
      else {
        this.attendance.came(client.id);
        this.turnedAway.entered(client.id);
      }
    });
    this.#broker.on('subscribe', (subscriptions, client) => {
      if (subscriptions.some(({ topic }) => topic === orderTopic(client.id))) options.orders.listening(client.id);
    });
    this.#broker.on('clientDisconnect', (client) => {
      // The end of a session that another has taken over comes after the beginning of that one.
      if (this.#sessions.get(client.id) !== client) return;
      this.#sessions.delete(client.id);
      this.attendance.left(client.id);
    });
    this.#front = new Front(
      options,
      (stream) => this.#broker.handle(stream),
      (reason, caller) => this.turnedAway.add(reason, caller),
      (gateway) => this.#looked(gateway),
    );
  }

  /** Resolves with the port it listens on; rejects with a `Failure`. */
  async open(): Promise<number> {
    this.#revoked = await this.#options.revoked();
    await this.#broker.listen();
    const port = await this.#front.open();
    void this.#watchRevoked();
    return port;
  }

  state(): IntakeState {
    const sessions = [...this.#sessions.keys()].sort();
    return { sessions, queued: this.#pump.queued, ...this.#counts, refused: this.turnedAway.counts() };
  }

  /** Gateways whose sessions ended each other just now. */
  rivals(): ReadonlyMap<string, Rival> {
    return this.#rivals.standing(this.#options.clock.monotonicMs());
  }

  /** Whether a gateway is not let in, as last looked at. */
  isRevoked(gateway: string): boolean {
    return this.#revoked.has(gateway);
  }

  /** Hands an order to a gateway; false when it is not connected. Whether it arrived only its receipt tells. */
  order(gateway: string, payload: Uint8Array): boolean {
    const client = this.#sessions.get(gateway);
    if (!client || client.closed) return false;
    client.publish({ ...DOWN, topic: orderTopic(gateway), payload: Buffer.from(payload) }, () => {}); // one that is lost is sent again
    return true;
  }

  /** Nobody new comes in, what was taken is brought to the ledger, then the connections end. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#front.shut();
    await this.#pump.idle();
    await new Promise<void>((resolve) => this.#broker.close(resolve));
    this.#front.clear();
  }

  /** Sessions by which somebody only tries the way of a gateway. */
  readonly #trials = new WeakSet<Client>();

  readonly #knocks = new WeakMap<Client, { readonly refusal: Refusal; readonly detail?: string }>();

  /** Came in and went again without a word: a look at a backup path. What kept it out is over once its looks count. */
  #looked(gateway: string): void {
    this.attendance.looked(gateway);
    if (this.attendance.isThere(gateway)) this.turnedAway.entered(gateway);
  }

  /** The Will and the kind of session are seen only here; the refusal is spoken where the broker can answer it. */
  #knock(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    const { gateway } = client.conn as GaugedStream;
    const knock = { clientId: packet.clientId, clean: packet.clean === true, will: packet.will !== undefined };
    const refusal = refusalToEnter(gateway, knock, this.#revoked);
    if (refusal) this.#knocks.set(client, { refusal, ...(refusal === 'other-name' ? { detail: quoted(packet.clientId) } : {}) });
    done(null, true);
  }

  /** The certificate says who it is; a user name, where there is one, only which process of it. */
  #authenticate(
    client: Client,
    instance: Readonly<string | undefined>,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const knock = this.#knocks.get(client);
    if (knock) {
      const { refusal, detail } = knock;
      this.turnedAway.add(refusal, callerBehind(client, detail));
      const returnCode = refusal === 'other-name' ? 2 : 5; // identifier rejected, not authorised (MQTT 3.1.1 §3.2.2.3)
      done(Object.assign(new Error(refusal), { returnCode }), null);
    } else {
      if (isTrial(instance)) this.#trials.add(client);
      const isTakeover = this.#sessions.has(client.id);
      if (isTakeover) this.#counts.takeovers += 1;
      const { address } = client.conn as GaugedStream;
      this.#rivals.enter(client.id, { instance: instance ?? null, address, isTakeover }, this.#options.clock.monotonicMs());
      done(null, true);
    }
  }

  /** A gateway is told of what is proven: of a suspicion it could only make more than it is. */
  #rivalMs(gateway: string): number {
    return this.rivals().get(gateway)?.isProven ? Math.round(this.#options.clock.wallMs()) : 0;
  }

  #subscribe(client: Client, subscription: Subscription, done: (error: Error | null, granted: Subscription | null) => void): void {
    const isAllowed = maySubscribe(client.id, subscription.topic);
    if (!isAllowed) this.turnedAway.add('subscription', callerBehind(client));
    const told =
      isAllowed && subscription.topic === holdingsTopic(client.id)
        ? greet(client, this.#rivalMs(client.id), this.#options)
        : Promise.resolve();
    void told.then(() => done(null, isAllowed ? subscription : null));
  }

  /** An error closes the connection, and the gateway sends again from there: only for what is hostile or could not be made durable. */
  #store(client: Client | null, packet: PublishPacket, done: Done): void {
    const allowed = client ? mayPublish(client.id, packet) : { refusal: 'topic' as const };
    if (client && 'order' in allowed && !this.#stop.signal.aborted) this.#hearOfOrder(client, packet, done);
    else if (client && 'lane' in allowed && !this.#stop.signal.aborted) {
      const delivery = readDelivery(client.id, allowed.lane, packet.payload as Buffer);
      this.#pump.take(delivery, (outcome) => this.#settle(client, delivery, outcome, done));
    } else {
      if ('refusal' in allowed && client) this.turnedAway.add(allowed.refusal, callerBehind(client));
      done(new Error('refusal' in allowed ? allowed.refusal : 'stopping'));
    }
  }

  #hearOfOrder(client: Client, { payload }: PublishPacket, done: Done): void {
    this.#options.orders.receive(client.id, new Uint8Array(payload as Buffer)).then(
      () => done(null),
      (error: unknown) => {
        done(error as Error);
        if (!(error instanceof Failure)) throw error;
        this.#options.failed(error);
      },
    );
  }

  #settle(client: Client, delivery: Delivery, outcome: Outcome, done: Done): void {
    if ('failure' in outcome) {
      this.#counts.failed += 1;
      done(outcome.failure);
      return;
    }
    this.#counts.delivered += 1;
    if ('found' in delivery) this.#counts.malformed += 1;
    done(null);
    if (!outcome.receipt || client.closed) return;
    const payload = Buffer.from(encodeReceipt(outcome.receipt));
    client.publish({ ...DOWN, topic: receiptTopic(client.id), payload }, () => {}); // one that is lost on the way is asked for again
  }

  async #watchRevoked(): Promise<void> {
    const { clock, failed } = this.#options;
    let last = '';
    while (!this.#stop.signal.aborted) {
      const failure = await this.#lookAtRevoked();
      if (failure && failure.message !== last) failed(failure);
      last = failure?.message ?? '';
      await clock.sleep(REVOCATIONS_LOOK_MS, this.#stop.signal).catch(() => {}); // aborted: the loop ends
      this.attendance.beat();
    }
  }

  async #lookAtRevoked(): Promise<Failure | null> {
    try {
      this.#revoked = await this.#options.revoked();
      for (const id of this.#revoked) this.#sessions.get(id)?.close();
      return null;
    } catch (failure) {
      return failure as Failure;
    }
  }
}

/** The gateway whose certificate opened the connection, whatever it calls itself. */
function callerBehind({ conn }: Client, detail?: string): Caller {
  const { gateway, address } = conn as GaugedStream;
  return { gateway, isProven: true, address, ...(detail === undefined ? {} : { detail }) };
}

type Done = (error?: Error | null) => void;
