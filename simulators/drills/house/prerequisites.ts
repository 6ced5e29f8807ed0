import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { runTool } from './tool.ts';

/** A program from outside npm that tests want as an independent peer, and the Debian package that has it. */
export interface Prerequisite {
  /** Its name on the path, or the absolute path of a file that a package without a program brings. */
  readonly program: string;
  readonly debianPackage: string;
  readonly purpose: string;
}

export const PREREQUISITES: readonly Prerequisite[] = [
  { program: 'socat', debianPackage: 'socat', purpose: 'serial wires that are not ours' },
  { program: 'gcc', debianPackage: 'gcc', purpose: 'the shim that fails, tears and stalls calls of the disk' },
  { program: 'gencat', debianPackage: 'libc6-dev', purpose: 'the headers that shim is built with; they come together' },
  { program: '/usr/include/modbus/modbus.h', debianPackage: 'libmodbus-dev', purpose: 'a Modbus slave that is not ours' },
  { program: 'systemd-analyze', debianPackage: 'systemd', purpose: 'how tight the unit of the installed gateway is' },
  { program: 'mbpoll', debianPackage: 'mbpoll', purpose: 'a Modbus master that is not ours' },
  { program: 'coap-client-notls', debianPackage: 'libcoap3-bin', purpose: 'CoAP devices that are not ours' },
  { program: '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1', debianPackage: 'libfaketime', purpose: 'clocks that jump' },
  { program: 'systemd-notify', debianPackage: 'systemd', purpose: 'how a service manager hears of a gateway' },
  { program: 'perl', debianPackage: 'perl', purpose: 'a service manager that hears notices' },
  { program: 'script', debianPackage: 'bsdutils', purpose: 'a terminal at which a box is installed' },
  { program: 'chromium', debianPackage: 'chromium', purpose: 'the live page in a real browser' },
];

export function isOnPath(program: string, path = process.env['PATH'] ?? ''): boolean {
  if (isAbsolute(program)) return existsSync(program);
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** Installs packages; returns what went wrong, or null. */
export type Install = (packages: readonly string[]) => Promise<string | null>;

const aptInstall: Install = async (packages) => {
  const quiet = { environment: { DEBIAN_FRONTEND: 'noninteractive' } };
  const update = await runTool('apt-get', ['update', '-q'], quiet);
  const install = await runTool('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], quiet);
  return install.code === 0 ? null : `${update.output}\n${install.output}`.trim();
};

interface Machine {
  readonly has: (program: string) => boolean;
  /** null where packages cannot be installed: not root, or not Debian. */
  readonly install: Install | null;
}

function thisMachine(): Machine {
  const root = process.getuid?.() === 0;
  return { has: isOnPath, install: root && existsSync('/usr/bin/apt-get') ? aptInstall : null };
}

/** Sees to it that every program is there. Returns one line saying what is missing and what to do, or null when all are there. */
export async function missingPrerequisites(
  wanted: readonly Prerequisite[],
  say: (line: string) => void,
  machine: Machine = thisMachine(),
): Promise<string | null> {
  const missing = () => wanted.filter(({ program }) => !machine.has(program)).map((row) => row.debianPackage);
  const packages = missing();
  if (packages.length === 0) return null;
  if (!machine.install) return `the tests need these Debian packages, install them and run the same command again: ${packages.join(' ')}`;
  say(`installing from Debian: ${packages.join(' ')} (up to a few minutes) …`);
  const trouble = await machine.install(packages);
  if (trouble !== null) say(trouble);
  const left = missing();
  return left.length === 0 ? null : `Debian's package tool could not install what the tests need: ${left.join(' ')}`;
}
