import { stderr, stdout } from 'node:process';
import type { Family, PublishingFamily } from '@fengsui/protocol';
import { toHex } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { inkOf } from '../commission/explain.ts';
import { type HeardView, listenOpen, listenTo, newTally, type Tally, tallyView } from '../commission/listen.ts';
import { showHeard, showTally } from '../commission/listen-text.ts';
import { candidatesOf, Recogniser, type Standing } from '../commission/recognise.ts';
import { familyViews, type View } from '../commission/views.ts';
import { type NamedWire, parseWire, USUAL_LINE } from '../commission/wire-text.ts';
import type { UdpConfiguration } from '../config.ts';
import type { Wire, WireServer } from '../line.ts';
import { jsonLine } from '../steering.ts';
import { chosen, type Stop, seconds, untilStopped } from './until.ts';

interface Options {
  readonly wire: string;
  readonly family?: string;
  readonly seconds?: number;
  readonly json?: boolean;
}

type Show = (heard: HeardView) => void;

function shower(json: boolean | undefined): Show {
  const ink = inkOf(stdout);
  return ({ atMs, view, from }) => {
    if (json) stdout.write(jsonLine({ atMs, ...(from === undefined ? {} : { from }), ...view }));
    else stdout.write(`${showHeard({ atMs, view, ...(from === undefined ? {} : { from }) }, ink).join('\n')}\n`);
  };
}

async function listen(options: Options): Promise<void> {
  const wire = parseWire(options.wire);
  const family = options.family === undefined ? null : chosen(FAMILIES, options.family, 'family');
  const stop = untilStopped(options.seconds);
  const order: Order = { family, stop, tally: newTally(), show: shower(options.json) };
  const { bytesOut, standings } = await listenOn(wire, order);
  const best = standings.filter(({ verdict }) => verdict !== null);
  if (options.json) stdout.write(`${JSON.stringify({ kind: 'counters', ...order.tally, bytesOut, looksLike: best })}\n`);
  else stdout.write(`\n${[...showTally(order.tally, bytesOut), ...best.map(bestLine)].join('\n')}\n`);
}

interface Order {
  readonly family: Family | null;
  readonly stop: Stop;
  readonly tally: Tally;
  readonly show: Show;
}

interface Outcome {
  readonly bytesOut: number;
  readonly standings: readonly Standing[];
}

async function listenOn(setting: NamedWire, order: Order): Promise<Outcome> {
  if (setting.kind === 'udp') return listenDatagrams(setting, order);
  const { family, stop } = order;
  if (family?.shape === 'publishes') throw new TypeError(`--family: ${family.name} publishes by UDP: --wire udp:host:port`);
  const { openTcpServer, openWire } = await import('../wires/open.ts');
  if (setting.kind === 'tcp-server') {
    await using door = await openTcpServer(setting, stop.signal);
    stop.begin();
    stderr.write(`只听不发 listening, nothing is sent: ${door.name}\n`);
    // Awaited here: the door stays open for as long as it is listened to.
    return await listenDoor(door, order);
  }
  await using wire = await openWire(setting, family?.line ?? USUAL_LINE, stop.signal);
  stop.begin();
  stderr.write(`只听不发 listening, nothing is sent: ${wire.name}\n`);
  return { bytesOut: wire.counters.bytesOut, standings: await listenStream(wire, order) };
}

function bestLine({ name, verdict, packets, noiseBytes }: Standing): string {
  return `像 looks like ${name} (${verdict}): ${packets} packets, ${noiseBytes} B noise → --family ${name}`;
}

/** `from`: whose wire it is, where one door has many. */
async function listenStream(
  { bytes }: Pick<Wire, 'bytes'>,
  { family, stop, tally, show }: Order,
  from?: string,
): Promise<readonly Standing[]> {
  const { Inbox } = await import('../drivers/inbox.ts');
  await using inbox = new Inbox(bytes, systemClock, stop.signal);
  const listening = { take: (withinMs: number) => inbox.take(withinMs), clock: systemClock, tally };
  const tell = (heard: HeardView) => show(from === undefined ? heard : { ...heard, from });
  if (family && family.shape !== 'publishes') {
    for await (const heard of listenTo(family, listening)) tell(heard);
    return [];
  }
  const open = listenOpen(candidatesOf(FAMILIES.values()), listening);
  let next = await open.next();
  for (; !next.done; next = await open.next()) tell(next.value);
  return next.value;
}

/** Devices that connect to us. Nobody answers them; each is heard beside the others. */
async function listenDoor(door: WireServer, order: Order): Promise<Outcome> {
  const hearing: Promise<readonly Standing[]>[] = [];
  for await (const wire of door.connections) {
    const lost = (error: Error) => {
      stderr.write(`${error.message}\n`);
      return [];
    };
    hearing.push(listenStream(wire, order, wire.name).catch(lost));
  }
  const standings = await Promise.all(hearing);
  return { bytesOut: door.counters.bytesOut, standings: standings.at(-1) ?? [] };
}

/** Datagrams of CoAP devices, or of user information transmission devices. Nobody answers them, so their senders repeat. */
async function listenDatagrams(setting: UdpConfiguration, { family, stop, tally, show }: Order): Promise<Outcome> {
  const [{ openUdp }, { readCoap }] = await Promise.all([import('../wires/open.ts'), import('../drivers/coap-message.ts')]);
  await using wire = await openUdp(setting, stop.signal);
  stop.begin();
  stderr.write(`只听不发 listening, nothing is sent: ${wire.name}\n`);
  for await (const { bytes, from } of wire.datagrams) {
    tally.bytes += bytes.length;
    const coap = readCoap(bytes);
    const views = coap && coap.payload.length > 0 ? payloadViews(coap.payload, family) : datagramViews(bytes, family, coap !== null);
    for (const view of views) {
      tallyView(view, tally);
      const carried = coap ? { coap: { type: coap.type, code: coap.code, path: coap.path } } : {};
      show({ atMs: systemClock.wallMs(), view: { ...view, ...carried }, from: `${from.address}:${from.port}` });
    }
  }
  return { bytesOut: wire.counters.bytesOut, standings: [] };
}

function payloadViews(payload: Uint8Array, family: Family | null): View[] {
  const publishing = [...FAMILIES.values()].filter((known): known is PublishingFamily => known.shape === 'publishes');
  const reading = family ?? publishing.find((known) => known.decode(payload) !== null);
  return reading ? familyViews(reading, payload, null) : [{ kind: 'noise', hex: toHex(payload), why: 'no-start' }];
}

function datagramViews(bytes: Uint8Array, family: Family | null, isCoap: boolean): View[] {
  if (family && !(isCoap && family.shape === 'publishes')) return familyViews(family, bytes, null);
  const looksLike = isCoap ? ['coap'] : new Recogniser(candidatesOf(FAMILIES.values())).feed(bytes);
  return [{ kind: 'bytes', hex: toHex(bytes), ...(looksLike.length > 0 ? { looksLike } : {}) }];
}

export function addListen(program: Command): void {
  program
    .command('listen')
    .description('show what a wire carries, live, and send nothing / 监听线路')
    .requiredOption('--wire <wire>', 'serial:/dev/ttyUSB0@9600,8N1, tcp:host:port, udp:host:port or tcp-server:host:port')
    .option('--family <name>', 'read as packets of this device family; without it all families are tried')
    .option('--seconds <n>', 'stop after so long', seconds)
    .option('--json', 'one JSON object a line, the counters last')
    .action(listen);
}
