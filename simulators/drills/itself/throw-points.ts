/** What makes the program come by a point: a panel speaks, somebody looks at the numbers, a device or a cloud knocks, a person uses the page, the centre asks. */
export type Nudge = 'panel' | 'look' | 'knock' | 'page' | 'login' | 'order';

/** Where an error of the program is thrown, once; whether it ends the process, which is then started anew, or is caught where it is. */
export interface Point {
  readonly name: string;
  readonly file: string;
  /** Stands once in the file, at the beginning of a statement. */
  readonly before: string;
  /** Only where this expression of that place holds. */
  readonly when?: string;
  readonly ends: boolean;
  readonly nudge: Nudge;
}

const point = (nudge: Nudge, ends: boolean, name: string, file: string, before: string, when?: string): Point => ({
  ...{ name, file, before, ends, nudge },
  ...(when === undefined ? {} : { when }),
});

const OF_PANEL = "panel.name === 'panel-0'";

/** From the wire to the collector, then everything beside that way; the first few make the short form. */
export const POINTS: readonly Point[] = [
  point('panel', false, 'driver', '/gateway/src/drivers/talking.ts', 'for (const packet of heard)', OF_PANEL),
  point('panel', true, 'watching', '/gateway/src/troubles/troubles.ts', 'const found = await watcher.look(levelSaid);'),
  // the way of an alarm
  point('panel', false, 'wire read', '/gateway/src/wires/stream-wire.ts', 'yield chunk;'),
  point('panel', false, 'wire written', '/gateway/src/wires/stream-wire.ts', 'await written(stream, bytes, name);'),
  point('panel', false, 'tap', '/gateway/src/taps.ts', 'for (const listener of this.listeners) listener.heard(bytes, from);'),
  point('panel', false, 'inbox', '/gateway/src/drivers/inbox.ts', 'const item = this.#arrived.value;'),
  point('panel', false, 'cutter', '/gateway/src/drivers/packets.ts', 'const cuts = arrival'),
  point('panel', false, 'answer', '/gateway/src/drivers/conversation.ts', 'const asked = this.#asked.get(from) ?? 0;'),
  point('panel', false, 'links', '/protocol/src/links.ts', 'link.spokeMs = this.#clock.monotonicMs();'),
  point('panel', false, 'poll', '/gateway/src/drivers/polled.ts', 'const step = await fallIntoStep(line, modbus, unit);'),
  point('knock', false, 'datagram', '/gateway/src/drivers/coap-server.ts', 'const isAllowed = this.#rates.allows('),
  point('knock', false, 'door', '/gateway/src/drivers/served.ts', 'const heard = await packets.take(packets.bytesMs'),
  point('knock', false, 'push', '/gateway/src/drivers/push.ts', 'const { atOnce, held, said } = readRound('),
  point('panel', false, 'normalizer', '/protocol/src/normalizer/normalizer.ts', 'const known = devices.get(name)'),
  point('panel', false, 'known events', '/gateway/src/known-events.ts', 'if (this.#wallMs.size === 0'),
  point('panel', false, 'commit', '/gateway/src/commit.ts', 'const offers: Offer[] = [];'),
  point('panel', false, 'state of the site', '/gateway/src/downlink/site-state.ts', 'if (!this.#held) {'),
  point('panel', false, 'journal worker', '/gateway/src/journal/scribe.ts', 'const group = groupOff(pending);'),
  point('panel', false, 'journal commit', '/gateway/src/journal/scribe.ts', 'const settled = this.#commit('),
  point(
    'panel',
    false,
    'transaction',
    '/gateway/src/journal/lane-file.ts',
    'const { positions, settled, marks } = this.database.transaction(',
  ),
  point('panel', false, 'journal chores', '/gateway/src/journal/scribe.ts', 'return this.#chores.tend();'),
  point('panel', true, 'journal answer', '/gateway/src/journal/clerk.ts', 'const waiting = this.#outstanding.get(answer.id);'),
  point('panel', true, 'trail', '/gateway/src/trail.ts', 'const taken = await outbox.take(lane'),
  point('panel', true, 'uplink session', '/gateway/src/uplink/session.ts', 'if ((await this.#sendFrom(this.#alarm))'),
  point('panel', true, 'receipt', '/gateway/src/uplink/session.ts', 'const receipt = decodeReceipt(payload);'),
  point('panel', false, 'settlement', '/gateway/src/uplink/session.ts', 'const { accepted, rejected } = await outbox.settle(receipt);'),
  // timers
  point('panel', true, 'pulse', '/gateway/src/pulse.ts', 'if (!this.#isCommitting) {'),
  point('panel', true, 'silence', '/gateway/src/silence.ts', 'const isLost ='),
  point('panel', true, 'clock watch', '/gateway/src/itself.ts', 'const steppedMs ='),
  point('panel', true, 'journal watch', '/gateway/src/itself.ts', 'await this.journal(await look());'),
  point('panel', true, 'wires watch', '/gateway/src/troubles/wires.ts', 'for (const line of lines) this.#lives.set('),
  // people and the centre
  point('look', false, 'status page', '/gateway/src/status.ts', 'const troubles = troublesOf(known);'),
  point('look', false, 'metrics', '/gateway/src/metrics-table.ts', 'return METRICS.map('),
  point('look', false, 'metrics text', '/gateway/src/metrics.ts', 'const lines = samples.map('),
  point('page', false, 'page request', '/gateway/src/page/server.ts', 'const { routes, desk, sessions, identity } = needs;'),
  point('login', false, 'login', '/gateway/src/page/desk.ts', 'const verdict = this.#guard.begin(address);'),
  point('login', false, 'page view', '/gateway/src/page/view.ts', 'const now = await status();'),
  point('order', true, 'order', '/gateway/src/downlink/downlink.ts', 'const order = decodeOrder(payload);'),
];

/** What ends nothing and disturbs no panel: other lines, pages, whoever looks. */
export const BESIDE: readonly Point[] = POINTS.filter(({ ends, nudge, name }) => !ends && (nudge !== 'panel' || name === 'poll'));
