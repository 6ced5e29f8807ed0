import { readFileSync } from 'node:fs';
import { CLOUDS } from '@fengsui/protocol/clouds';
import { FAMILIES } from '@fengsui/protocol/families';
import { DIALECTS } from '@fengsui/protocol/gb26875';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CENTRE_MODES, type CentreMode, CityCentre } from './city-centre.ts';
import { machineClock } from './clock.ts';
import type { CoapMode } from './coap-device.ts';
import type { Device } from './device.ts';
import { failure } from './failures.ts';
import { makeDevice } from './make-device.ts';
import { MODES } from './municipal-modes.ts';
import { MunicipalPlatform } from './municipal-platform.ts';
import { WrongInput } from './problems.ts';
import { complain, direct, exitWith, sayReady, stayUntilStopped } from './process.ts';
import { runProxy } from './proxy.ts';
import { PushCloud } from './push-cloud.ts';
import { seeded } from './random.ts';
import { loadScenario, readLiveStep } from './scenario.ts';
import { TruthLog } from './truth.ts';

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}.`);
    return value;
  };
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('a share from 0 to 1.');
  return value;
}

interface DeviceFlags {
  readonly family: string;
  readonly wire: string;
  readonly name: string;
  readonly scenario?: string;
  readonly truth?: string;
  readonly seed: string;
  readonly baud?: number;
  readonly unit: number;
  readonly endpoint?: string;
  readonly mode: CoapMode;
  readonly ackTimeout: number;
  readonly zone: number;
  readonly noise: number;
  readonly flip: number;
  readonly cut: number;
  readonly live?: true;
  readonly withParent?: true;
}

async function runDevice(flags: DeviceFlags): Promise<void> {
  const family = FAMILIES.get(flags.family);
  if (!family) throw new WrongInput([`--family: must be one of ${[...FAMILIES.keys()].join(', ')} (got "${flags.family}")`]);
  const device = makeDevice({
    family,
    wire: flags.wire,
    baudRate: flags.baud ?? null,
    unit: flags.unit,
    endpoint: flags.endpoint ?? null,
    mode: flags.mode,
    ackTimeoutMs: flags.ackTimeout,
    zoneMinutes: flags.zone,
    quality: { noise: flags.noise, flip: flags.flip, cut: flags.cut },
    clock: machineClock,
    random: seeded(`${flags.seed}/${flags.name}`),
    truth: new TruthLog(flags.truth ?? null, flags.name, family.name),
    narrate: (line) => complain(`${flags.name}: ${line}`),
  });
  await play(device, 'device', () => ({ name: flags.name, family: family.name, wire: device.address }), flags);
}

interface PlayFlags {
  readonly scenario?: string;
  readonly live?: true;
  readonly withParent?: true;
}

/** Starts a device, says that it is ready, and lets the scenario and whoever stands at standard input tell it what to do. */
async function play(device: Device, role: string, facts: () => Readonly<Record<string, unknown>>, flags: PlayFlags): Promise<void> {
  const steps = flags.scenario ? loadScenario(flags.scenario, device.able) : [];
  await device.start();
  const stopped = new AbortController();
  sayReady(role, facts());
  void direct(steps, (action) => device.perform(action), machineClock, stopped.signal);
  const live = flags.live ? async (value: unknown) => device.perform(readLiveStep(value, device.able)) : null;
  await stayUntilStopped(device, { withParent: flags.withParent ?? false, live });
}

interface PushFlags {
  readonly cloud: string;
  readonly url: string;
  readonly secretFile: string;
  readonly tokenFile?: string;
  readonly keyFile?: string;
  readonly endpoint: string;
  readonly name: string;
  readonly scenario?: string;
  readonly truth?: string;
  readonly seed: string;
  readonly retries?: number;
  readonly retryEvery: number;
  readonly live?: true;
  readonly withParent?: true;
}

async function runPush(flags: PushFlags): Promise<void> {
  const { cloud, url, endpoint, name } = flags;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new WrongInput([`--url: must be http:// or https:// (got "${url}")`]);
  const device = new PushCloud({
    ...{ cloud, url, endpoint },
    secret: secretIn(flags.secretFile),
    share: { token: flags.tokenFile ? secretIn(flags.tokenFile) : null, key: flags.keyFile ? secretIn(flags.keyFile) : null },
    retries: flags.retries ?? null,
    retryEveryMs: flags.retryEvery,
    clock: machineClock,
    random: seeded(`${flags.seed}/${name}`),
    truth: new TruthLog(flags.truth ?? null, name, `push-${cloud}`),
    narrate: (line) => complain(`${name}: ${line}`),
  });
  await play(device, 'cloud', () => ({ name, cloud, url }), flags);
}

interface MunicipalFlags {
  readonly host: string;
  readonly port: number;
  readonly log?: string;
  readonly tokenFile?: string;
  readonly withParent?: true;
}

function secretIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw failure('SIM_FILE_UNUSABLE', `secret ${path}`, error);
  }
}

async function runMunicipal(flags: MunicipalFlags): Promise<void> {
  const token = flags.tokenFile ? secretIn(flags.tokenFile) : null;
  const platform = new MunicipalPlatform({ host: flags.host, port: flags.port, log: flags.log ?? null, token });
  const root = await platform.start();
  sayReady('municipal', { url: `${root}/events`, control: `${root}/control` });
  await stayUntilStopped(platform, { withParent: flags.withParent ?? false, live: null });
}

interface CentreFlags {
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly mode: CentreMode;
  readonly delay: number;
  readonly dialect: string;
  readonly address: number;
  readonly zone: number;
  readonly log?: string;
  readonly withParent?: true;
}

async function runCentre({ delay, dialect, zone, log, withParent, ...flags }: CentreFlags): Promise<void> {
  const centre = new CityCentre({
    ...{ ...flags, delayMs: delay, dialect: DIALECTS.get(dialect)!, zoneMinutes: zone, log: log ?? null, clock: machineClock },
  });
  const port = await centre.start();
  sayReady('centre', { transport: flags.transport, host: flags.host, port: String(port) });
  await stayUntilStopped(centre, { withParent: withParent ?? false, live: (step) => centre.perform(step) });
}

function listFamilies({ json }: { readonly json?: true }): void {
  const rows = [...FAMILIES.values()].map(({ name, shape, tier, title }) => ({ name, shape, tier, ...title }));
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else
    for (const row of rows) process.stdout.write(`${row.name.padEnd(24)} ${row.shape.padEnd(10)} tier ${row.tier}  ${row.en}  ${row.zh}\n`);
}

const withParent = new Option('--with-parent', 'stop when standard input closes, so that no simulator outlives its parent');
const program = new Command('sim')
  .description('The world outside: devices, the municipal platform and the links between, seeded and repeatable 外部世界模拟器')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('device')
  .description('play one device of any family on a real wire 模拟一台设备')
  .requiredOption('--family <name>', 'device family, see `sim list`')
  .requiredOption('--wire <wire>', 'pty | pty:/path/of/link | tcp:host:port (listens) | tcp-connect:host:port | udp:host:port')
  .requiredOption('--name <name>', 'name of the device in the truth log')
  .option('--scenario <file>', 'YAML or JSON: what the device does and when')
  .option('--truth <file>', 'JSON lines: what the device really said, on disk before the bytes go out')
  .option('--seed <seed>', 'chance starts here: one seed, one run', '1')
  .addOption(new Option('--baud <baud>', 'line speed; default: the one of the family').argParser(whole(50, 4_000_000)))
  .addOption(new Option('--unit <unit>', 'Modbus unit of a polled device').argParser(whole(1, 247)).default(1))
  .option('--endpoint <imei>', 'IMEI or endpoint name of a device that publishes')
  .addOption(new Option('--mode <mode>', 'CoAP: be observed after registering, or post').choices(['observe', 'direct']).default('observe'))
  .addOption(new Option('--ack-timeout <ms>', 'CoAP: time to the first repeat').argParser(whole(50, 600_000)).default(2000))
  .addOption(new Option('--zone <minutes>', "the device's zone, minutes east of UTC").argParser(whole(-720, 840)).default(480))
  .addOption(new Option('--noise <share>', 'share of packets that noise precedes').argParser(share).default(0))
  .addOption(new Option('--flip <share>', 'share of packets in which a bit flips').argParser(share).default(0))
  .addOption(new Option('--cut <share>', 'share of packets that lose their end').argParser(share).default(0))
  .option('--live', 'take further steps from standard input, one JSON object a line: {"say":{"what":"fire",…}}')
  .addOption(withParent)
  .action(runDevice);

program
  .command('push')
  .description("play an operator's cloud that pushes what its devices say 模拟运营商云推送")
  .requiredOption('--cloud <name>', `one of ${[...CLOUDS.keys()].join(', ')}`)
  .requiredOption('--url <url>', 'where it pushes to, without the secret: http://127.0.0.1:8443/push/')
  .requiredOption('--secret-file <file>', 'the last part of the path')
  .requiredOption('--name <name>', 'name of the cloud in the truth log')
  .option('--token-file <file>', 'by which it signs (OneNET)')
  .option('--key-file <file>', 'by which it encrypts (OneNET)')
  .option('--endpoint <imei>', 'device of the steps that name none', '860000000000017')
  .option('--scenario <file>', 'YAML or JSON: what the devices say and when')
  .option('--truth <file>', 'JSON lines: what the devices really said, on disk before the push goes out')
  .option('--seed <seed>', 'chance starts here: one seed, one run', '1')
  .addOption(new Option('--retries <times>', 'repeats of a push without a 200; default: as that cloud does').argParser(whole(0, 1_000_000)))
  .addOption(new Option('--retry-every <ms>', 'pause before the first repeat; doubles').argParser(whole(1, 600_000)).default(1000))
  .option('--live', 'take further steps from standard input, one JSON object a line')
  .addOption(withParent)
  .action(runPush);

program
  .command('municipal')
  .description('play the municipal fire platform 模拟市消防平台')
  .option('--host <host>', 'address to listen on', '127.0.0.1')
  .addOption(new Option('--port <port>', 'port to listen on; 0: a free one').argParser(whole(0, 65535)).default(0))
  .option('--log <file>', 'JSON lines: every request as it came and as it was answered')
  .option('--token-file <file>', 'bearer token that senders must show')
  .addOption(withParent)
  .addHelpText(
    'after',
    `\nPOST /control {"mode":…,"delayMs"?}:\n${Object.entries(MODES)
      .map(([name, { en }]) => `  ${name.padEnd(10)} ${en}`)
      .join('\n')}`,
  )
  .action(runMunicipal);

program
  .command('centre')
  .description('play a city centre that speaks GB/T 26875.3 模拟城市消防远程监控中心')
  .addOption(new Option('--transport <transport>', 'how devices reach it').choices(['tcp', 'udp']).default('tcp'))
  .option('--host <host>', 'address to listen on', '127.0.0.1')
  .addOption(new Option('--port <port>', 'port to listen on; 0: a free one').argParser(whole(0, 65535)).default(0))
  .addOption(new Option('--mode <mode>', 'how it treats uploads').choices(Object.keys(CENTRE_MODES)).default('normal'))
  .addOption(new Option('--delay <ms>', 'how late it confirms in mode slow').argParser(whole(0, 600_000)).default(2000))
  .addOption(new Option('--dialect <name>', 'what its devices do differently').choices([...DIALECTS.keys()]).default('standard'))
  .addOption(new Option('--address <number>', 'its own address').argParser(whole(0, 2 ** 48 - 1)).default(20))
  .addOption(new Option('--zone <minutes>', 'zone of the times it writes, minutes east of UTC').argParser(whole(-720, 840)).default(480))
  .option('--log <file>', 'JSON lines: every packet as it came and what was said to it')
  .addOption(withParent)
  .addHelpText(
    'after',
    `\nModes:\n${Object.entries(CENTRE_MODES)
      .map(([name, en]) => `  ${name.padEnd(11)} ${en}`)
      .join(
        '\n',
      )}\n\nStandard input, one JSON object a line: {"mode":"silent"} {"ask":"5b010a","command":1} {"ask":"510100"} {"drop":true}`,
  )
  .action(runCentre);

program
  .command('proxy')
  .description('a link that can be cut, delayed or starved 可切断、可延迟的链路')
  .requiredOption('--to <host:port>', 'where the link leads')
  .option('--listen <host:port>', 'where it begins; port 0: a free one', '127.0.0.1:0')
  .option('--udp', 'carry datagrams instead of connections')
  .option('--log <file>', 'JSON lines: every change of the link')
  .option('--seed <seed>', 'chance starts here', '1')
  .addOption(new Option('--delay <ms>', 'delay, one way').argParser(whole(0, 600_000)).default(0))
  .addOption(new Option('--jitter <ms>', 'up to so much more, by chance').argParser(whole(0, 600_000)).default(0))
  .addOption(new Option('--loss <share>', 'share of packets that are lost; TCP sends them again').argParser(share).default(0))
  .addOption(new Option('--duplicate <share>', 'share of datagrams that come twice').argParser(share).default(0))
  .addOption(new Option('--rate <bytes>', 'bytes a second, each way of a connection').argParser(whole(1, 1_000_000_000)))
  .option('--live', 'take changes from standard input, one JSON object a line: {"mode":"cut"} {"delayMs":300}')
  .addOption(withParent)
  .action(runProxy);

program.command('list').description('the device families 设备族列表').option('--json', 'as JSON').action(listFamilies);

// Whoever reads our output may have read enough (`… | head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
await program.parseAsync().catch(exitWith);
