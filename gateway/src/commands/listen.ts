import { stderr, stdout } from 'node:process';
import type { Family, PublishingFamily } from '@fengsui/protocol';
import { toHex } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { COLOURED, PLAIN } from '../commission/explain.ts';
import { type HeardView, listenOpen, listenTo, newTally, type Tally, tallyView } from '../commission/listen.ts';
import { showHeard, showTally } from '../commission/listen-text.ts';
import { candidatesOf, type Standing } from '../commission/recognise.ts';
import { familyViews, type View } from '../commission/views.ts';
import { parseWire, USUAL_LINE } from '../commission/wire-text.ts';
import type { SerialConfiguration, TcpConfiguration, UdpConfiguration } from '../config.ts';
import type { Datagram } from '../line.ts';
import { chosen, seconds, untilStopped } from './until.ts';

interface Options {
  readonly wire: string;
  readonly family?: string;
  readonly seconds?: number;
  readonly json?: boolean;
}

type Show = (heard: HeardView) => void;

function shower(json: boolean | undefined): Show {
  const ink = stdout.isTTY ? COLOURED : PLAIN;
  return ({ atMs, view, from }) => {
    if (json) stdout.write(`${JSON.stringify({ atMs, ...(from === undefined ? {} : { from }), ...view })}\n`);
    else stdout.write(`${showHeard({ atMs, view, ...(from === undefined ? {} : { from }) }, ink).join('\n')}\n`);
  };
}

async function listen(options: Options): Promise<void> {
  const wire = parseWire(options.wire);
  const family = options.family === undefined ? null : chosen(FAMILIES, options.family, 'family');
  const signal = untilStopped(options.seconds);
  const tally = newTally();
  const show = shower(options.json);
  const heard = wire.kind === 'udp' ? listenDatagrams(wire, family, tally, signal, show) : listenStream(wire, family, tally, signal, show);
  const { bytesOut, standings } = await heard;
  const best = standings.filter(({ verdict }) => verdict !== null);
  if (options.json) stdout.write(`${JSON.stringify({ kind: 'counters', ...tally, bytesOut, looksLike: best })}\n`);
  else stdout.write(`\n${[...showTally(tally, bytesOut), ...best.map(bestLine)].join('\n')}\n`);
}

function bestLine({ name, verdict, packets, noiseBytes }: Standing): string {
  return `像 looks like ${name} (${verdict}): ${packets} packets, ${noiseBytes} B noise → --family ${name}`;
}

interface Heard {
  readonly bytesOut: number;
  readonly standings: readonly Standing[];
}

async function listenStream(
  setting: SerialConfiguration | TcpConfiguration,
  family: Family | null,
  tally: Tally,
  signal: AbortSignal,
  show: Show,
): Promise<Heard> {
  if (family?.shape === 'publishes') throw new TypeError(`--family: ${family.name} publishes by UDP: --wire udp:host:port`);
  const [{ openWire }, { Inbox }] = await Promise.all([import('../wires/open.ts'), import('../drivers/inbox.ts')]);
  await using wire = await openWire(setting, family?.line ?? USUAL_LINE, signal);
  await using inbox = new Inbox(wire.bytes, systemClock, signal);
  stderr.write(`只听不发 listening, nothing is sent: ${wire.name}\n`);
  const listening = { take: (withinMs: number) => inbox.take(withinMs), clock: systemClock, tally };
  if (family) {
    for await (const heard of listenTo(family, listening)) show(heard);
    return { bytesOut: wire.counters.bytesOut, standings: [] };
  }
  const open = listenOpen(candidatesOf(FAMILIES.values()), listening);
  let next = await open.next();
  for (; !next.done; next = await open.next()) show(next.value);
  return { bytesOut: wire.counters.bytesOut, standings: next.value };
}

/** Datagrams of CoAP devices, or of user information transmission devices. Nobody answers them, so their senders repeat. */
async function listenDatagrams(
  setting: UdpConfiguration,
  family: Family | null,
  tally: Tally,
  signal: AbortSignal,
  show: Show,
): Promise<Heard> {
  const [{ openUdp }, { readCoap }] = await Promise.all([import('../wires/open.ts'), import('../drivers/coap-message.ts')]);
  await using wire = await openUdp(setting, signal);
  stderr.write(`只听不发 listening, nothing is sent: ${wire.name}\n`);
  for await (const { bytes, from } of wire.datagrams) {
    tally.bytes += bytes.length;
    const coap = readCoap(bytes);
    const views =
      coap && coap.payload.length > 0 ? payloadViews(coap.payload, family) : datagramViews({ bytes, from }, family, coap !== null);
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

function datagramViews({ bytes }: Datagram, family: Family | null, isCoap: boolean): View[] {
  if (!family || (isCoap && family.shape === 'publishes'))
    return [{ kind: 'bytes', hex: toHex(bytes), ...(isCoap ? { looksLike: ['coap'] } : {}) }];
  return familyViews(family, bytes, null);
}

export function addListen(program: Command): void {
  program
    .command('listen')
    .description('show what a wire carries, live, and send nothing / 监听线路')
    .requiredOption('--wire <wire>', 'serial:/dev/ttyUSB0@9600,8N1, tcp:host:port or udp:host:port')
    .option('--family <name>', 'read as packets of this device family; without it all families are tried')
    .option('--seconds <n>', 'stop after so long', seconds)
    .option('--json', 'one JSON object a line, the counters last')
    .action(listen);
}
