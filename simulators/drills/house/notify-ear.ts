import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Takes what comes with a notice too, and lets go of it: systemd-notify waits for that (sd_notify_barrier(3)), and socat keeps it. */
const EAR = `$| = 1; my $ear = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "$ARGV[0]: $!"; chmod 0666, $ARGV[0];
while (defined $ear->recv(my $notice, 4096)) { print "$notice\\n" }`;

/** Listens where systemd would (a Unix socket at `path`); every notice is a line of its output. */
export function startEar(path: string): ChildProcessByStdio<null, Readable, null> {
  return spawn('perl', ['-MSocket', '-MIO::Socket::UNIX', '-e', EAR, path], { stdio: ['ignore', 'pipe', 'inherit'] });
}
