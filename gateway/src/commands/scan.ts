import { stderr, stdout } from 'node:process';
import type { LineSetting } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../clock.ts';
import { inkOf } from '../commission/explain.ts';
import { fitsOf, type ReadModbus, scanModbus } from '../commission/scan-modbus.ts';
import { showUnit } from '../commission/scan-modbus-text.ts';
import { hostsOf, KNOWN_PORTS, scanNetwork } from '../commission/scan-network.ts';
import { type Hearing, type OpenPort, scanSerial, secondsAtMost, settingsOf } from '../commission/scan-serial.ts';
import { showHearing, showOutcome } from '../commission/scan-serial-text.ts';
import { serialPorts } from '../commission/serial-ports.ts';
import { parseWire, USUAL_LINE } from '../commission/wire-text.ts';
import type { SerialConfiguration, TcpConfiguration } from '../config.ts';
import { PROGRAM } from '../program.ts';
import { seconds, untilStopped } from './until.ts';

const ink = () => inkOf(stdout);

/** Lines for people go to standard output; progress to standard error, and only on a terminal. */
function print(lines: readonly string[]): void {
  if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
}

function progress(text: string): void {
  if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`);
}

interface SerialOptions {
  readonly path?: readonly string[];
  readonly seconds: number;
  readonly ask?: boolean;
  readonly json?: boolean;
}

async function serial({ path, seconds, ask = false, json }: SerialOptions): Promise<void> {
  const paths = path ?? serialPorts();
  if (paths.length === 0) throw new TypeError('no serial port found; name it with --path / 未发现串口,请用 --path 指定');
  const { signal } = untilStopped();
  const families = [...FAMILIES.values()];
  const [{ openWire }, { Inbox }] = await Promise.all([import('../wires/open.ts'), import('../drivers/inbox.ts')]);
  const open = async (path: string, line: LineSetting): Promise<OpenPort> => {
    const wire = await openWire({ kind: 'serial', path }, line, signal);
    const inbox = new Inbox(wire.bytes, systemClock, signal);
    return {
      take: (withinMs) => inbox.take(withinMs),
      write: (bytes) => wire.write(bytes),
      async [Symbol.asyncDispose]() {
        await inbox[Symbol.asyncDispose]();
        await wire[Symbol.asyncDispose]();
      },
    };
  };
  stderr.write(ask ? '无人说话时发送查询报文 a silent line is polled\n' : '只听不发 listening, nothing is sent\n');
  const most = secondsAtMost(families, seconds, ask);
  const [settings, total] = [settingsOf(families).length, duration(most * paths.length)];
  stderr.write(`${settings} 种参数,每种 ${seconds} 秒,${paths.length} 个串口:最多约 ${total}(确定后提前结束)\n`);
  stderr.write(
    `${settings} settings, ${seconds} s each, ${paths.length} port(s): about ${total} at most; a port ends early once it is certain\n`,
  );
  for (const [index, path] of paths.entries()) {
    const hearings: Hearing[] = [];
    for await (const heard of scanSerial({ path, families, secondsEach: seconds, ask, clock: systemClock, signal, open })) {
      print(json ? [JSON.stringify(heard)] : showHearing(heard, ink()));
      if ('bytes' in heard) hearings.push(heard);
    }
    if (!json) print(['', ...showOutcome(path, hearings, FAMILIES, index + 1), '']);
  }
}

/** `48 s`, `8 min`. */
function duration(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

interface ModbusOptions {
  readonly wire: string;
  readonly units: Span;
  readonly registers: Span;
  readonly timeout: number;
  readonly rtu?: boolean;
  readonly json?: boolean;
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** Rest after a silence, in answer times: a late answer is thrown away and never taken for the next. */
const REST_TIMEOUTS = 2;
/** Transceivers of a two-wire bus turn round between question and question. */
const TURNAROUND_MS = 20;

async function modbus({ wire: text, units, registers, timeout, rtu, json }: ModbusOptions): Promise<void> {
  const setting = parseWire(text);
  if (setting.kind === 'udp' || setting.kind === 'tcp-server')
    throw new TypeError('--wire: Modbus needs serial: or tcp: / Modbus 需要串口或 TCP');
  const { signal } = untilStopped();
  const list = Array.from({ length: units.last - units.first + 1 }, (_, index) => units.first + index);
  const { read, close } = await modbusReader(setting, setting.kind === 'tcp' && !rtu ? 'tcp' : 'rtu', timeout, signal);
  let found = 0;
  try {
    for await (const news of scanModbus({ units: list, registers, read })) {
      if (news === 'end') break;
      if ('asked' in news) {
        progress(`单元 unit ${news.asked}/${units.last} …`);
        continue;
      }
      found += 1;
      progress('');
      const fits = fitsOf(news.found, FAMILIES.values());
      const values = Object.fromEntries([...news.found.values].map(([fn, table]) => [fn, Object.fromEntries(table)]));
      const row = { unit: news.found.unit, values, looksLike: fits.map(({ family }) => family.name) };
      print(json ? [JSON.stringify(row)] : [...showUnit(news.found, fits, ink()), '']);
    }
  } finally {
    await close();
  }
  progress('');
  stderr.write(`${found} 个单元 units of ${list.length} asked\n`);
}

async function modbusReader(
  setting: SerialConfiguration | TcpConfiguration,
  form: 'rtu' | 'tcp',
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ read: ReadModbus; close: () => Promise<void> }> {
  const [{ openWire }, { ModbusLine }, { LineCounters }] = await Promise.all([
    import('../wires/open.ts'),
    import('../drivers/modbus.ts'),
    import('../drivers/driver.ts'),
  ]);
  const wire = await openWire(setting, USUAL_LINE, signal);
  const line = new ModbusLine(wire, form, systemClock, signal, new LineCounters());
  return {
    async read(unit, block) {
      if (form === 'rtu') await line.rest(TURNAROUND_MS);
      const answer = await line.read(unit, block, timeoutMs);
      if (answer.kind === 'silent' && form === 'rtu') await line.rest(REST_TIMEOUTS * timeoutMs);
      return answer;
    },
    async close() {
      await line[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    },
  };
}

interface NetworkOptions {
  readonly subnet: string;
  readonly ports: readonly number[];
  readonly timeout: number;
  readonly json?: boolean;
}

/** At once; a small site switch and a firewall bear it. */
const CONNECTIONS = 64;

async function network({ subnet, ports, timeout, json }: NetworkOptions): Promise<void> {
  const hosts = hostsOf(subnet);
  const { signal } = untilStopped();
  const show = (done: number, all: number) => progress(`${done}/${all}`);
  stderr.write(
    '有的串口服务器只容一个连接:扫描会挤掉在用的主机 Some serial servers take one connection only: scanning may push their host off\n',
  );
  const open = await scanNetwork({ hosts, ports, timeoutMs: timeout, concurrency: CONNECTIONS, signal, progress: show });
  progress('');
  print(open.map((door) => (json ? JSON.stringify(door) : `${door.host}:${door.port}  ${KNOWN_PORTS[door.port] ?? ''}`.trimEnd())));
  stderr.write(`${open.length} 个端口开放 open of ${hosts.length * ports.length}\n`);
  if (json || !open[0]) return;
  const door = `tcp:${open[0].host}:${open[0].port}`;
  stderr.write(`接着 next: ${PROGRAM} listen --wire ${door}\n`);
  stderr.write(`不主动上报 silent until it is asked (Modbus): ${PROGRAM} scan modbus --wire ${door} --units 1-16 [--rtu]\n`);
}

function span(least: number, most: number): (text: string) => Span {
  return (text) => {
    const parts = /^(\d+)(?:-(\d+))?$/.exec(text.trim());
    const [first, last] = [Number(parts?.[1]), Number(parts?.[2] ?? parts?.[1])];
    if (!parts || first < least || last > most || last < first) throw new InvalidArgumentError(`${least}-${most}, e.g. 1-32.`);
    return { first, last };
  };
}

function portList(text: string): number[] {
  const ports = text.split(',').map(Number);
  if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new InvalidArgumentError('ports 1-65535, e.g. 502,4001.');
  return ports;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!(value >= 20 && value <= 60_000)) throw new InvalidArgumentError('20 to 60000 milliseconds.');
  return value;
}

/** Longest a panel we know stays silent between two signs of life at its own setting, with some grace; slower ones need --seconds. */
const SECONDS_EACH = 6;

export function addScan(program: Command): void {
  const scan = program.command('scan').description('find devices on serial lines, Modbus buses and the network / 查找设备');
  scan
    .command('serial')
    .description('listen to serial ports at every line setting of the register, and say which family speaks')
    .option('--path <path...>', 'only these ports; default: all of this machine')
    .option(
      '--seconds <n>',
      'how long at each setting; the whole, said before it begins, is that many times the settings',
      seconds,
      SECONDS_EACH,
    )
    .option('--ask', "poll silent lines with the families' own polls; without it nothing is sent")
    .option('--json', 'one JSON object a line')
    .action(serial);
  scan
    .command('modbus')
    .description('find Modbus units and show their registers; only reads (functions 1 to 4) are sent')
    .requiredOption('--wire <wire>', 'serial:/dev/ttyUSB0@9600,8N1 or tcp:host:port')
    .option('--units <span>', 'units to ask', span(1, 247), { first: 1, last: 32 })
    .option('--registers <span>', 'wire addresses to show, 0 based', span(0, 65_535), { first: 0, last: 31 })
    .option('--timeout <ms>', 'how long a unit may take to answer', milliseconds, 300)
    .option('--rtu', 'with tcp: the far end is a serial server, Modbus stays RTU')
    .option('--json', 'one JSON object a line')
    .action(modbus);
  scan
    .command('network')
    .description('find serial servers and Modbus TCP by connecting; nothing is sent')
    .requiredOption('--subnet <network>', '192.168.1.0/24')
    .option('--ports <list>', 'ports to try', portList, Object.keys(KNOWN_PORTS).map(Number))
    .option('--timeout <ms>', 'how long a connection may take', milliseconds, 1000)
    .option('--json', 'one JSON object a line')
    .action(network);
  scan.addHelpText('after', () => scan.commands.map((one) => `\n${one.helpInformation()}`).join(''));
}
