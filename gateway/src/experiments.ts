import { FAMILIES, isExperimental } from '@fengsui/protocol/families';
import type { GatewayConfiguration } from './config.ts';
import type { Log } from './supervision.ts';

/** Says in the log, at every start, which devices are read by a description that no real sample stands behind. */
export function warnOfExperiments({ lines }: Pick<GatewayConfiguration, 'lines'>, log: Pick<Log, 'warn'>): void {
  for (const line of lines)
    for (const { name: device, family } of line.devices) {
      const known = FAMILIES.get(family);
      if (!known || !isExperimental(known)) continue;
      const { tier, basis } = known;
      log.warn(
        { line: line.name, device, family, tier },
        `${family} is experimental 实验性支持 (tier ${tier}: ${basis}): test every kind of alarm`,
      );
    }
}
