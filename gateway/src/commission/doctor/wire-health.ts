import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { SerialConfiguration, TcpConfiguration, TcpServerConfiguration, UdpConfiguration } from '../../config.ts';
import { codeOf, doubtful, type Finding, right, wrong } from './finding.ts';

/** Opens a wire for a moment and lets it go; throws where it cannot. Nothing is written. */
export type TryWire = () => Promise<void>;

const IN_USE = 'right where the gateway itself runs; otherwise stop the other user';

/** The group that owns a device, by name where this machine knows it. */
function groupOf(path: string): string {
  const { gid } = statSync(path);
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => Number(id) === gid);
  return row?.[0] ?? String(gid);
}

/** Whether a serial port is there, ours to open, and free. */
export async function serialFindings(
  about: string,
  { path }: SerialConfiguration,
  ports: readonly string[],
  tryWire: TryWire,
): Promise<Finding[]> {
  if (!existsSync(path)) {
    const there =
      ports.length > 0 ? `there are: ${ports.join(', ')}` : 'no serial port is on this machine: is the converter plugged in (dmesg)?';
    return [wrong(about, `${path} is not there`, `${path} 不存在`, `${there}; /dev/serial/by-id/ names survive another order of plugging`)];
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    const { username } = userInfo();
    const group = groupOf(path);
    return [
      wrong(
        about,
        `${username} may not open ${path}`,
        `用户 ${username} 无权打开 ${path}`,
        `sudo usermod -aG ${group} ${username}, then log in again`,
      ),
    ];
  }
  try {
    await tryWire();
    return [right(about, `${path} opens`, `${path} 可打开`)];
  } catch (error) {
    const why = causeOf(error);
    const busy = /lock|busy|EBUSY|temporarily unavailable/i.test(why);
    if (busy) return [doubtful(about, `${path} is in use`, `${path} 已被占用`, `${IN_USE}: fuser -v ${path}`)];
    return [
      wrong(
        about,
        `${path} does not open (${why})`,
        `${path} 无法打开`,
        'check that it is a serial port and that its driver is loaded (dmesg)',
      ),
    ];
  }
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { message?: string } };
  return cause?.message ?? (error as Error).message;
}

/** Whether a device or serial server accepts a connection. */
export async function tcpFindings(about: string, { host, port }: TcpConfiguration, tryWire: TryWire): Promise<Finding[]> {
  try {
    await tryWire();
    return [right(about, `${host}:${port} accepts connections`, `${host}:${port} 可连接`)];
  } catch (error) {
    const code = codeOf((error as { cause?: unknown }).cause ?? error);
    const remedy = 'check power, cable and address of the device; some take one connection only and refuse while the gateway runs';
    return [wrong(about, `${host}:${port} does not answer (${code})`, `${host}:${port} 无应答`, remedy)];
  }
}

export interface UdpTrial {
  /** What the kernel granted, bytes. */
  readonly receiveBufferBytes: number;
  readonly wantedBytes: number;
}

const RMEM_MAX = '/proc/sys/net/core/rmem_max';

/** Whether a UDP port is free, and whether a burst finds room in its buffer. */
export async function udpFindings(about: string, { host, port }: UdpConfiguration, tryWire: () => Promise<UdpTrial>): Promise<Finding[]> {
  try {
    const { receiveBufferBytes, wantedBytes } = await tryWire();
    const free = right(about, `UDP ${host}:${port} is free`, `UDP ${host}:${port} 空闲`);
    if (receiveBufferBytes >= wantedBytes) return [free, right(about, `receive buffer ${receiveBufferBytes} bytes`, '接收缓冲区足够')];
    const limit = existsSync(RMEM_MAX) ? readFileSync(RMEM_MAX, 'utf8').trim() : 'unknown';
    const en = `receive buffer ${receiveBufferBytes} of ${wantedBytes} bytes (net.core.rmem_max is ${limit}): a burst of alarms may be dropped, devices send again`;
    const remedy = `sysctl -w net.core.rmem_max=${wantedBytes}, and the same line in /etc/sysctl.d/fengsui.conf`;
    return [free, doubtful(about, en, `接收缓冲区仅 ${receiveBufferBytes} 字节,突发报警可能丢包`, remedy)];
  } catch (error) {
    return [portTrouble(about, `UDP ${host}:${port}`, error, 'ss -ulpn')];
  }
}

/** Whether the door to which devices come can be opened. */
export async function doorFindings(
  about: string,
  { host, port }: Pick<TcpServerConfiguration, 'host' | 'port'>,
  tryWire: TryWire,
): Promise<Finding[]> {
  try {
    await tryWire();
    return [right(about, `TCP ${host}:${port} is free to listen on`, `TCP ${host}:${port} 可监听`)];
  } catch (error) {
    return [portTrouble(about, `TCP ${host}:${port}`, error, 'ss -tlpn')];
  }
}

function portTrouble(about: string, port: string, error: unknown, show: string): Finding {
  const code = codeOf((error as { cause?: unknown }).cause ?? error);
  if (code === 'EADDRINUSE') return doubtful(about, `${port} is in use`, `${port} 已被占用`, `${IN_USE}: ${show}`);
  const remedy =
    code === 'EACCES' ? 'ports below 1024 need a privilege: choose another' : 'the address must be one of this machine (ip address)';
  return wrong(about, `${port}: ${code}`, `${port} 无法监听`, remedy);
}
