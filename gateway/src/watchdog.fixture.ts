import { readFileSync } from 'node:fs';

/** After how long without a feed the unit of the package has the gateway killed, milliseconds. */
export function watchdogOfUnit(): number {
  const unit = readFileSync(new URL('../package/debian/fengsui-gateway.service', import.meta.url), 'utf8');
  return Number(/^WatchdogSec=(\d+)$/m.exec(unit)![1]) * 1_000;
}
