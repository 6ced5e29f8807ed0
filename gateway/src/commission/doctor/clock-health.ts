import { existsSync } from 'node:fs';
import { doubtful, type Finding, right, wrong } from './finding.ts';

/** A clock before this was never set: Fengsui is younger. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** Files by which other time services show that they run. That they run does not say that the clock is set. */
const SERVICES = ['/run/chrony/chronyd.pid', '/run/ntpd.pid', '/run/ntpsec/ntpd.pid'] as const;

/** Whether the clock can be trusted. Only the file of systemd-timesyncd (or of a hook) tells it: nothing is concluded from elsewhere. */
export function clockFindings(wallMs: number, synchronisedFile: string): Finding[] {
  if (wallMs < EARLIEST_MS) {
    const now = new Date(wallMs).toISOString();
    return [
      wrong(
        'clock',
        `the clock says ${now}: it was never set`,
        `时钟为 ${now},从未校准`,
        'timedatectl set-ntp true, or set it by hand: date -s',
      ),
    ];
  }
  if (existsSync(synchronisedFile)) return [right('clock', 'set from the network', '已与网络时间同步')];
  const service = SERVICES.find((file) => existsSync(file));
  const remedy = service
    ? `another time service runs (${service}): let a hook of it make ${synchronisedFile}, or name its own file in gateway.clockSynchronisedFile`
    : 'timedatectl set-ntp true; check that a time server can be reached (UDP 123)';
  return [
    doubtful(
      'clock',
      `nothing says that it is synchronised (${synchronisedFile} is missing)`,
      '无法确认已同步,事件时间将标记为不可信',
      remedy,
    ),
  ];
}
