import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from '../house/tool.ts';
import type { DebianRoot } from './debian-root.ts';
import { hold, until } from './steps.ts';

const WANTS = 'etc/systemd/system/multi-user.target.wants';
/** Not in /root: the unit hides homes from the gateway, and we look with its eyes. */
const MARK = 'etc/drill';
/** It is ready, its lines open, within 5 s of a crash (P9), `RestartSec` of the unit included; killed within 30 s of a hang (E14). */
const BACK_WITHIN_MS = 5_000;
const RESTART_AFTER_MS = 1_000;
const KILLED_WITHIN_MS = 30_000;
/** A machine that is busy with others starts everything later: what is said above holds there for this many times the start after an orderly stop. */
const SLOWER_MAX = 3;
/** What never comes is not waited for. */
const AWAITED_MS = 180_000;

/** Settings without a serial line: a container has none. */
const SETTINGS = `gateway: { id: gw-box, address: 1, centre: 2 }
data: /var/lib/fengsui-gateway
profile: db36-t1297-2020
uplinks: [ { name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1" } ]
lines: [ { name: nb, wire: { kind: udp, host: 127.0.0.1, port: 5683 }, devices: [ { name: s-1, family: nb-huaqiang, device: "860000000000017" } ] } ]
`;

/** A Debian booted in a container by its own systemd: the unit starts the gateway as it stands, and again when it dies or hangs. */
export async function startedBySystemd(root: DebianRoot): Promise<void> {
  writeFileSync(root.at(MARK), root.path);
  writeFileSync(root.at('etc/fengsui/gateway.yaml'), SETTINGS);
  mkdirSync(root.at(WANTS), { recursive: true });
  symlinkSync('/usr/lib/systemd/system/fengsui-gateway.service', root.at(`${WANTS}/fengsui-gateway.service`));
  const container = spawn('systemd-nspawn', ['--quiet', '--private-network', '--keep-unit', '--register=no', '--boot', '-D', root.path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(container, 'exit');
  try {
    await until('systemd counts it as started', async () => (await shown(root, 'ActiveState')) === 'active');
    const first = pidIn(root)!;
    hold(/^Seccomp:\s+2$/m.test(readFileSync(`/proc/${first}/status`, 'utf8')), 'the filter of system calls is not on');
    hold(/^CapEff:\s+0+$/m.test(readFileSync(`/proc/${first}/status`, 'utf8')), 'it has capabilities');
    await backAfterMs(root, 'SIGTERM', 1);
    const startMs = (await atMs(root, 'ActiveEnterTimestampMonotonic')) - (await atMs(root, 'ExecMainStartTimestampMonotonic'));
    const backWithinMs = Math.max(BACK_WITHIN_MS, RESTART_AFTER_MS + SLOWER_MAX * startMs);
    const said = (ms: number, within: number) => `${Math.round(ms)} ms, ${within} at most, and it starts in ${Math.round(startMs)}`;
    const backMs = await backAfterMs(root, 'SIGKILL', 2);
    hold(backMs <= backWithinMs, `killed to ready again: ${said(backMs, backWithinMs)}`);
    const overMs = await backAfterMs(root, 'SIGSTOP', 3);
    hold(overMs <= KILLED_WITHIN_MS + backWithinMs, `hung to ready again: ${said(overMs, KILLED_WITHIN_MS + backWithinMs)}`);
  } finally {
    container.kill('SIGTERM');
    await Promise.race([ended, sleep(10_000)]);
    container.kill('SIGKILL');
  }
}

/** How long after a signal the gateway was ready again, as systemd says, which has started it anew so many times by then. */
async function backAfterMs(root: DebianRoot, signal: NodeJS.Signals, times: number): Promise<number> {
  const sentMs = Number(process.hrtime.bigint() / 1_000_000n); // the clock that systemd's own times are of
  process.kill(pidIn(root)!, signal);
  const isBack = async () => (await restarts(root)) === times && (await shown(root, 'ActiveState')) === 'active';
  await until(`it is back after ${signal}`, isBack, AWAITED_MS);
  return (await atMs(root, 'ActiveEnterTimestampMonotonic')) - sentMs;
}

const atMs = async (root: DebianRoot, property: string) => Number(await shown(root, property)) / 1_000;

/** The process of the gateway in this container; null while there is none. */
function pidIn(root: DebianRoot): number | null {
  const found = readdirSync('/proc').find((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/usr/lib/fengsui-gateway/node\0')) return false;
      return readFileSync(`/proc/${pid}/root/${MARK}`, 'utf8') === root.path;
    } catch {
      return false; // no process, or one that is gone
    }
  });
  return found === undefined ? null : Number(found);
}

async function shown(root: DebianRoot, property: string): Promise<string | null> {
  const pid = pidIn(root);
  if (pid === null) return null;
  const { code, output } = await runTool('nsenter', [
    '-t',
    String(pid),
    '-m',
    '-p',
    'systemctl',
    'show',
    '--value',
    '-p',
    property,
    'fengsui-gateway',
  ]);
  return code === 0 ? output.trim() : null;
}

const restarts = async (root: DebianRoot) => Number(await shown(root, 'NRestarts'));
