import { existsSync } from 'node:fs';
import { stderr, stdout } from 'node:process';
import { QUANTITIES } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { standardLimitOf, standardLow } from '@fengsui/protocol/normalizer';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { certificateFindings } from '../commission/doctor/certificates.ts';
import type { Finding } from '../commission/doctor/finding.ts';
import { type GatewayConfiguration, loadConfiguration, type StoredConfiguration } from '../config.ts';
import { pathsOf } from '../config-uplinks.ts';
import { isOutOfReach, reachRemedy } from '../ownership.ts';
import { PROGRAM } from '../program.ts';

/** A wrong configuration never starts half: this is the exit code that says so. */
const WRONG_CONFIGURATION = 2;

/**
 * The gateway starts and hears its site; the collector will not know it, or others may read its key. Not 1, which a program ends with that
 * cannot even be loaded: an upgrade takes this word for a yes.
 */
const NO_UPLINK = 3;

/** The configuration of a file, or null after every problem of it was written to standard error and the exit code set. */
export function configurationFrom(file: string): GatewayConfiguration | null {
  return storedConfigurationFrom(file)?.configuration ?? null;
}

/** As `configurationFrom`, with what an earlier version permitted. */
export function storedConfigurationFrom(file: string): StoredConfiguration | null {
  const stored = loadConfiguration(file);
  if (!('problems' in stored)) return stored;
  for (const problem of stored.problems) stderr.write(`${problem}\n`);
  process.exitCode = WRONG_CONFIGURATION;
  return null;
}

/** Limits nobody wrote into the file and that hold all the same: who reads this can still write others, or decline them. */
function standardLimitsIn({ lines }: GatewayConfiguration): string[] {
  const devices = lines.flatMap((line) => line.devices);
  return devices.flatMap(({ name, family, part, points }) =>
    points.flatMap((point): string[] => {
      const known = FAMILIES.get(family);
      const own = known?.shape === 'polled' ? known.points.find((each) => each.name === point.register) : undefined;
      const quantity = point.quantity ?? own?.quantity;
      if (known?.shape !== 'polled' || quantity === undefined || point.low) return [];
      const where = { systemType: point.systemType ?? part.systemType, componentType: point.componentType ?? own?.componentType };
      const low = standardLow(quantity, point, where);
      const clause = standardLimitOf(quantity, where.systemType, where.componentType)?.clause;
      return low
        ? [`${name} ${point.register}: low ${low.limit} ${QUANTITIES[quantity].unit}, ${clause}; standardLimits: false 则不采用`]
        : [];
    }),
  );
}

/** What is wrong with the certificates by which the collector knows this gateway, as far as their files tell. */
function identityFindings({ gateway, uplinks }: GatewayConfiguration): Finding[] {
  const findings = uplinks.flatMap((uplink, index) => {
    if (uplink.kind !== 'mqtt') return [];
    const { primary, backup } = pathsOf(uplink);
    const ways = [
      [`uplinks[${index}]`, primary] as const,
      ...(uplink.backup?.certificate ? [[`uplinks[${index}].backup`, backup!] as const] : []),
    ];
    return ways.flatMap(([about, files]) => certificateFindings(about, files, gateway.id, systemClock.wallMs()));
  });
  return findings.filter(({ health }) => health === 'wrong');
}

function check({ config }: { readonly config: string }): void {
  const stored = storedConfigurationFrom(config);
  if (!stored) return;
  const { configuration, narrowed } = stored;
  const { page } = configuration;
  // The gateway starts with it, so the exit code stays 0.
  for (const { line } of narrowed) stderr.write(`${line}\n`);
  if (page?.pinFile !== undefined && !existsSync(page.pinFile))
    stderr.write(`page: has no PIN and will not open, set one with: ${PROGRAM} pin --config ${config} / 维护页面未设置 PIN,不会开启\n`);
  if (isOutOfReach(configuration.data))
    stderr.write(`data: ${configuration.data} does not belong to the gateway's user, who cannot write there: ${reachRemedy(configuration.data)} / 数据目录不属于网关用户
`);
  const wrong = identityFindings(configuration);
  for (const { about, zh, en, remedy } of wrong) stderr.write(`${about}: ${zh} · ${en}: ${remedy}\n`);
  if (wrong.length > 0) {
    stderr.write(`it starts all the same and hears its site (exit code ${NO_UPLINK}) / 仍可启动并接收现场报警(退出码 ${NO_UPLINK})\n`);
    process.exitCode = NO_UPLINK;
  } else stdout.write('ok\n');
  for (const limit of standardLimitsIn(configuration)) stdout.write(`${limit}\n`);
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check a configuration file and list every problem / 检查配置文件')
    .requiredOption('--config <file>', 'YAML file, see gateway/example.yaml')
    .action(check);
}
