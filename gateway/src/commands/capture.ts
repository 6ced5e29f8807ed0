import { stderr } from 'node:process';
import type { LineSetting } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { CaptureFile, type Gate, pollsOnly, recordedDoor, recordedServer, recordedSocket, recordedWire } from '../commission/capture.ts';
import type { CaptureEnd } from '../commission/capture-text.ts';
import { candidatesOf, Recogniser } from '../commission/recognise.ts';
import { type NamedWire, parseWire, showLine, USUAL_LINE } from '../commission/wire-text.ts';
import type { GatewayConfiguration, LineConfiguration, WireConfiguration } from '../config.ts';
import type { Heard, Wire } from '../line.ts';
import { jsonLine } from '../steering.ts';
import { configurationFrom } from './check.ts';
import { chosen, seconds, untilStopped } from './until.ts';

interface Options {
  readonly wire?: string;
  readonly out: string;
  readonly family?: string;
  readonly seconds?: number;
  readonly config?: string;
  readonly line?: string;
  readonly answer?: boolean;
  readonly events?: boolean;
}

const NOTHING: Gate = () => false;

function say(line: string): void {
  stderr.write(`${line}\n`);
}

async function capture(options: Options): Promise<void> {
  if (options.config !== undefined) return captureLine(options, options.config);
  if (options.wire === undefined) throw new TypeError('--wire or --config with --line is missing / 缺少 --wire,或 --config 与 --line');
  return captureWire(options, parseWire(options.wire));
}

/** The line setting a wire is opened with, for the header. */
function settingOf(wire: WireConfiguration, family: string | undefined): LineSetting {
  const known = family === undefined ? undefined : chosen(FAMILIES, family, 'family');
  const line = known && known.shape !== 'publishes' ? known.line : USUAL_LINE;
  return wire.kind === 'serial' ? { ...line, ...definedOf(wire) } : line;
}

function definedOf({ baudRate, dataBits, parity, stopBits }: Extract<WireConfiguration, { kind: 'serial' }>): Partial<LineSetting> {
  return Object.fromEntries(Object.entries({ baudRate, dataBits, parity, stopBits }).filter(([, value]) => value !== undefined));
}

function fileFor(options: Options, wire: WireConfiguration, family: string | undefined): CaptureFile {
  const line = wire.kind === 'serial' ? { line: showLine(settingOf(wire, family)) } : {};
  try {
    return new CaptureFile(options.out, { wire, ...line, ...(family === undefined ? {} : { family }) }, systemClock);
  } catch (error) {
    throw new TypeError(`--out: ${options.out} cannot be made (${(error as NodeJS.ErrnoException).code}) / 无法创建文件`);
  }
}

/** Listens only: no byte is written to the wire. */
async function captureWire(options: Options, wire: NamedWire): Promise<void> {
  const setting = settingOf(wire, options.family);
  const { openTcpServer, openUdp, openWire } = await import('../wires/open.ts');
  using file = fileFor(options, wire, options.family);
  const stop = untilStopped(options.seconds);
  const signal = AbortSignal.any([stop.signal, whenFull(file)]);
  const recogniser = new Recogniser(candidatesOf(FAMILIES.values()));
  const end = await endOf(signal, async () => {
    if (wire.kind === 'udp') {
      await using socket = recordedSocket(await openUdp(wire, signal), file, NOTHING);
      stop.begin();
      say(`只听不发,记录到 ${options.out} · listening, nothing is sent: ${socket.name}`);
      for await (const { bytes } of socket.datagrams) recogniser.feed(bytes);
      return;
    }
    if (wire.kind === 'tcp-server') {
      await using server = recordedServer(await openTcpServer(wire, signal), file, NOTHING);
      stop.begin();
      say(`只听不发,记录到 ${options.out} · listening, nothing is sent: ${server.name}`);
      await hearAll(server.connections, (bytes) => recogniser.feed(bytes));
      return;
    }
    await using stream = recordedWire(await openWire(wire, setting, signal), file, NOTHING);
    stop.begin();
    say(`只听不发,记录到 ${options.out} · listening, nothing is sent: ${stream.name}`);
    for await (const chunk of stream.bytes) recogniser.feed(chunk);
  });
  const looksLike = recogniser.standings().flatMap(({ verdict, name }) => (verdict === null ? [] : [name]));
  finish(file, end, looksLike, options);
}

/** Every connection is heard beside the others; one that breaks off concerns nobody else. */
async function hearAll(connections: AsyncIterable<Wire>, heard: (bytes: Uint8Array) => void): Promise<void> {
  const hearing: Promise<void>[] = [];
  for await (const wire of connections) {
    const hear = async () => {
      for await (const chunk of wire.bytes) heard(chunk);
    };
    hearing.push(hear().catch((error: Error) => say(error.message)));
  }
  await Promise.all(hearing);
}

/** Lets the driver of a configured line talk to the device, and writes down both sides. */
async function captureLine(options: Options, config: string): Promise<void> {
  const configuration = configurationFrom(config);
  if (!configuration) return;
  const line = lineNamed(configuration, options.line);
  if (line.wire.kind === 'http' && !options.answer)
    throw new TypeError(
      `--line: ${line.name} is pushed to by a cloud, which pauses and drops when it is not answered: add --answer (what it pushes meanwhile is in the file only), or let the centre order a capture of the running gateway / 云推送线路须加 --answer,或由中心对运行中的网关下发抓包`,
    );
  const families = line.devices.flatMap(({ family }) => FAMILIES.get(family) ?? []);
  const { buildLines } = await import('../lines.ts');
  const { SITE_WIRES } = await import('../site-wires.ts');
  const { openHttp } = await import('../wires/http.ts');
  const { openTcpServer, openUdp, openWire } = await import('../wires/open.ts');
  using file = fileFor(options, line.wire, families[0]?.name);
  const stop = untilStopped(options.seconds);
  const signal = AbortSignal.any([stop.signal, whenFull(file)]);
  const gate: Gate = options.answer ? () => true : pollsOnly(families);
  const [built] = buildLines({ ...configuration, lines: [line] }, systemClock, {
    ...SITE_WIRES,
    openStream: async (...order) => recordedWire(await openWire(...order), file, gate),
    openDatagrams: async (...order) => recordedSocket(await openUdp(...order), file, gate),
    openServer: async (...order) => recordedServer(await openTcpServer(...order), file, gate),
    openDoor: async (...order) => recordedDoor(await openHttp(...order), file),
  });
  say(
    options.answer
      ? '会应答设备:此间的报警只在记录文件中,不会上报! The device is answered: what it reports meanwhile is in the file only, not at the collector!'
      : '只查询、不应答 The device is polled and not answered: it keeps what it has to report.',
  );
  const end = await endOf(signal, async () => {
    await using running = await built!.open(signal);
    stop.begin();
    for await (const heard of running.heard) for (const one of heard) process.stdout.write(jsonLine(heardRow(one)));
  });
  finish(
    file,
    end,
    families.map(({ name }) => name),
    options,
  );
}

/** What a driver heard, as a line of JSON. */
export function heardRow({ device, family, observations, packet, heardMs }: Heard) {
  return { heardMs, device, family, observations, packet: packet === null ? null : Buffer.from(packet).toString('hex') };
}

/** The line of a configuration by its name; the only one needs none. */
export function lineNamed(configuration: GatewayConfiguration, name: string | undefined): LineConfiguration {
  const { lines } = configuration;
  const line = name === undefined && lines.length === 1 ? lines[0] : lines.find((one) => one.name === name);
  if (!line) throw new TypeError(`--line: must be one of ${lines.map((one) => one.name).join(', ')} (got ${name ?? 'nothing'})`);
  return line;
}

function whenFull(file: CaptureFile): AbortSignal {
  const full = new AbortController();
  void file.full.then(() => full.abort('full'));
  return full.signal;
}

async function endOf(signal: AbortSignal, run: () => Promise<void>): Promise<CaptureEnd['end']> {
  try {
    await run();
    if (!signal.aborted) return 'closed';
    return signal.reason === 'full' ? 'full' : 'stopped';
  } catch (error) {
    if ((error as { code?: string }).code !== 'wire-lost') throw error;
    say((error as Error).message);
    return 'lost';
  }
}

function finish(file: CaptureFile, end: CaptureEnd['end'], looksLike: readonly string[], { out, config, line }: Options): void {
  file.finish(end, looksLike);
  const guess = looksLike.length > 0 ? ` · 像 looks like ${looksLike.join(', ')}` : '';
  const ofLine = line === undefined ? '' : ` --line ${line}`;
  const how = config === undefined ? `--family ${looksLike[0] ?? '<name>'}` : `--config ${config}${ofLine}`;
  say(`${out}: ${end}${guess}\n回放 replay: gateway replay ${out} ${how}`);
}

export function addCapture(program: Command): void {
  program
    .command('capture')
    .description("write a wire's bytes and their times to a file / 记录线路报文")
    .requiredOption('--out <file>', 'the capture; must not be there yet')
    .option('--wire <wire>', 'listen only: serial:/dev/ttyUSB0@9600,8N1, tcp:host:port, udp:host:port or tcp-server:host:port')
    .option('--family <name>', 'the family that is expected: its line setting is used and named in the file')
    .option('--config <file>', 'let the driver of a configured line poll the device; stop the gateway first, a port has one user')
    .option('--line <name>', 'which line of the configuration')
    .option('--answer', 'with --config: also acknowledge what the device reports. It is then in the capture only')
    .option('--seconds <n>', 'stop after so long', seconds)
    .action(capture);
}
