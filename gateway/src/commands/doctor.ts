import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { Failure } from '@fengsui/protocol';
import { FAMILIES, isExperimental } from '@fengsui/protocol/families';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { clockFindings } from '../commission/doctor/clock-health.ts';
import { dataFindings } from '../commission/doctor/data-folder.ts';
import { codeOf, doubtful, type Finding, type Health, right, wrong } from '../commission/doctor/finding.ts';
import { doorFindings, serialFindings, tcpFindings, udpFindings } from '../commission/doctor/wire-health.ts';
import { type Ink, inkOf } from '../commission/explain.ts';
import { serialPorts } from '../commission/serial-ports.ts';
import { USUAL_LINE } from '../commission/wire-text.ts';
import { type GatewayConfiguration, type LineConfiguration, loadConfiguration } from '../config.ts';
import { fingerprintOf } from '../page/certificate.ts';
import { ownFiles } from '../page/identity.ts';
import { readPinFile } from '../page/pin-file.ts';
import { PROGRAM } from '../program.ts';
import { uplinkFindings } from './doctor-uplinks.ts';

const SIGNS: Readonly<Record<Health, string>> = { right: '✓', doubtful: '!', wrong: '✗' };

function show({ about, health, en, zh, remedy }: Finding, ink: Ink): string {
  const mark = health === 'right' ? ink.good : ink.bad;
  const line = `${mark(SIGNS[health])} ${about}: ${zh} · ${en}`;
  return remedy === undefined ? line : `${line}\n    → ${remedy}`;
}

/** Everything the doctor looks at, in the order a person would: from the wire to the collector. Yields as it finds. */
async function* examine(configuration: GatewayConfiguration, config: string): AsyncGenerator<Finding> {
  const { gateway, data, lines } = configuration;
  const nowMs = systemClock.wallMs();
  for (const line of lines) yield* await lineFindings(line);
  if (lines.length === 0)
    yield doubtful('lines', 'the configuration has no line', '配置中没有线路', `${PROGRAM} scan serial prints lines to paste`);
  yield* clockFindings(nowMs, gateway.clockSynchronisedFile);
  yield* dataFindings(data);
  yield* await pageFindings(configuration, config);
  yield* uplinkFindings(configuration, nowMs);
}

/** Whether the installer's page can open, and by which fingerprint it is known. */
async function pageFindings({ page, data }: GatewayConfiguration, config: string): Promise<Finding[]> {
  if (page?.pinFile === undefined) return [];
  try {
    await readPinFile(page.pinFile);
    const file = page.certificate ?? ownFiles(join(data, 'page')).certificate;
    const known = existsSync(file) ? `SHA-256 ${fingerprintOf(readFileSync(file, 'utf8'))}` : 'its certificate is made at the first start';
    return [right('page', `https://${page.host}:${page.port}, ${known}`, '维护页面')];
  } catch (error) {
    if (error instanceof Failure)
      return [doubtful('page', error.message.replace(`. ${error.remedy}`, ''), '维护页面不会开启', error.remedy.replace('<file>', config))];
    return [doubtful('page', codeOf(error), '维护页面证书有误', 'check page.certificate, or remove the folder page in the data folder')];
  }
}

function tierFindings({ name, devices }: LineConfiguration): Finding[] {
  return devices.flatMap(({ family }) => {
    const known = FAMILIES.get(family);
    if (!known || !isExperimental(known)) return [];
    return [
      doubtful(
        `line ${name}`,
        `${family} is experimental`,
        `${family} 为实验性支持`,
        'let the panel make a test alarm, a fault and a reset, and compare (docs/install.md)',
      ),
    ];
  });
}

async function lineFindings(line: LineConfiguration): Promise<Finding[]> {
  const about = `line ${line.name}`;
  return [...(await wireFindings(about, line)), ...tierFindings(line)];
}

/** Opens the wire of a line for a moment and lets it go. */
async function wireFindings(about: string, { wire, devices }: LineConfiguration): Promise<Finding[]> {
  const { openTcpServer, openUdp, openWire } = await import('../wires/open.ts');
  const { openHttp } = await import('../wires/http.ts');
  const { signal } = new AbortController();
  if (wire.kind === 'udp')
    return udpFindings(about, wire, async () => {
      await using socket = await openUdp(wire, signal);
      return { receiveBufferBytes: socket.receiveBufferBytes, wantedBytes: socket.wantedBufferBytes };
    });
  if (wire.kind === 'tcp-server')
    return doorFindings(about, wire, async () => {
      await using _door = await openTcpServer(wire, signal);
    });
  if (wire.kind === 'http')
    return doorFindings(about, wire, async () => {
      await using _door = await openHttp(wire, { refuses: () => null, count: () => {} }, signal);
    });
  const [setting = USUAL_LINE] = devices.flatMap(({ family }) => {
    const known = FAMILIES.get(family);
    return known && known.shape !== 'publishes' ? [known.line] : [];
  });
  const tryWire = async () => {
    await using _wire = await openWire(wire, setting, signal);
  };
  return wire.kind === 'serial' ? serialFindings(about, wire, serialPorts(), tryWire) : tcpFindings(about, wire, tryWire);
}

async function doctor({ config, json }: { readonly config: string; readonly json?: boolean }): Promise<void> {
  const ink = inkOf(stdout);
  const counts: Record<Health, number> = { right: 0, doubtful: 0, wrong: 0 };
  const report = (finding: Finding) => {
    counts[finding.health] += 1;
    stdout.write(`${json ? JSON.stringify(finding) : show(finding, ink)}\n`);
  };
  const stored = loadConfiguration(config);
  if ('problems' in stored) {
    const remedy = 'mend it, then ask the doctor again; docs/reference.md lists every setting';
    for (const problem of stored.problems) report(wrong('configuration', problem, '配置有误', remedy));
  } else {
    const { configuration, narrowed } = stored;
    report(right('configuration', `${config} is sound`, '配置正确'));
    for (const { path, inForce, line } of narrowed)
      report(doubtful('configuration', line, '旧版本允许的值,现按边界值运行', `write ${path}: ${inForce}`));
    for await (const finding of examine(configuration, config)) report(finding);
  }
  if (!json) stdout.write(`\n✓ ${counts.right}  ! ${counts.doubtful}  ✗ ${counts.wrong}\n`);
  if (counts.wrong > 0) process.exitCode = 1;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('examine ports, clock, disk, certificates and the way to the collector, each with a remedy / 体检')
    .requiredOption('--config <file>', 'YAML file, see gateway/example.yaml')
    .option('--json', 'one JSON object a line')
    .action(doctor);
}
