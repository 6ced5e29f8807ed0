import { appendFileSync, chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { PROCESSORS, type Processor } from '../../../gateway/package/box.ts';
import type { Device } from '../../src/device.ts';
import { isOnPath } from '../house/prerequisites.ts';
import { runTool } from '../house/tool.ts';
import { builtForArm64, runsOnArm64 } from './arm64-step.ts';
import { DebianRoot } from './debian-root.ts';
import { alarmRows, fires } from './journal-rows.ts';
import { handOver, makePackages, type Packages } from './packages.ts';
import { fireAt, settings, startPanel } from './panel-site.ts';
import { hold, Steps, until } from './steps.ts';
import { startedBySystemd } from './systemd-step.ts';
import { feedsAfterRoundTripsOnly } from './watchdog-step.ts';

const DATA = 'var/lib/fengsui-gateway';
const CONFIG = 'etc/fengsui/gateway.yaml';
const NEEDED = ['debootstrap', 'dpkg-deb', 'unshare', 'ip', 'socat', 'perl', 'mkfs.ext4', 'fsfreeze'];

class Drill {
  readonly #root: DebianRoot;
  readonly #packages: Packages;
  readonly #panel: Device;
  readonly #steps = new Steps();
  readonly #folder: string;

  constructor(root: DebianRoot, packages: Packages, panel: Device, folder: string) {
    this.#root = root;
    this.#packages = packages;
    this.#panel = panel;
    this.#folder = folder;
  }

  async run(): Promise<number> {
    const { first, second, third } = this.#packages;
    const root = this.#root;
    const steps = this.#steps;
    await steps.step('it installs without network on a clean Debian 12', () => this.#install(first));
    await steps.step('what belongs to whom', () => this.#owners());
    this.#configure();
    await steps.step('it hears a panel without network and keeps its fire', () => this.#hears(1));
    await steps.step('an upgrade asks nothing and changes no settings', () => this.#upgrade(second, []));
    await steps.step('an upgrade that brings other settings keeps the site’s', () => this.#upgrade(third, ['--force-confold']));
    await steps.step('the journal goes on after the upgrades', () => this.#hears(2));
    await steps.step('removed, it leaves settings and journal', () => this.#remove());
    await steps.step('purged with nobody to ask, it keeps the journal', () => this.#purge(true));
    await steps.step('installed again, it goes on with the journal it finds', async () => {
      await this.#install(first);
      this.#configure();
      await this.#hears(3);
    });
    await steps.step('the watchdog is fed after round trips through the disk only', () => feedsAfterRoundTripsOnly(root, this.#folder));
    if (isOnPath('systemd-nspawn')) await steps.step('systemd starts it, and again after a kill and a hang', () => startedBySystemd(root));
    else stdout.write('  - not started by systemd: install Debian’s systemd-container\n');
    await steps.step('purged with the answer yes, it leaves nothing', () => this.#purge(false));
    await this.#arm64();
    return steps.failed;
  }

  async #install(deb: string, flags: readonly string[] = []): Promise<void> {
    const { code, output } = await this.#root.run('dpkg', ...flags, '-i', handOver(deb, this.#root.path));
    hold(code === 0, `dpkg: ${output.slice(-600)}`);
  }

  async #owners(): Promise<void> {
    const places = [`/${CONFIG}`, '/etc/fengsui', `/${DATA}`, '/usr/lib/fengsui-gateway/node'];
    const { output } = await this.#root.run('stat', '-c', '%U:%G %a', ...places);
    const wanted = ['root:fengsui 640', 'root:fengsui 770', 'fengsui:fengsui 750', 'root:root 755'];
    hold(output.trim() === wanted.join('\n'), `is ${output.trim().replaceAll('\n', ', ')}, must be ${wanted.join(', ')}`);
    hold((await this.#root.run('id', '-nG', 'fengsui')).output.includes('dialout'), 'the gateway may not use serial ports');
    const login = (await this.#root.run('getent', 'passwd', 'fengsui')).output;
    hold(login.trim().endsWith('/usr/sbin/nologin'), `somebody may log in as the gateway: ${login}`);
  }

  /** As udev and an installer do on a box. */
  #configure(): void {
    const group = /^dialout:x:(\d+):/m.exec(this.#root.read('etc/group'))![1]!;
    chownSync(this.#panel.address, 0, Number(group));
    chmodSync(this.#panel.address, 0o660);
    writeFileSync(this.#root.at(CONFIG), settings(this.#panel.address, `/${DATA}`));
  }

  async #hears(wanted: number): Promise<void> {
    const data = this.#root.at(DATA);
    const service = this.#root.start({});
    await until(`ready (${service.said})`, () => service.isReady || service.hasEnded);
    await until(`the line is open (${service.said})`, () => service.said.includes('line open') || service.hasEnded);
    await fireAt(this.#panel, 2);
    await until('the fire is in the journal', () => fires(data) >= wanted || service.hasEnded).catch(() => {});
    const code = await service.stop();
    hold(code === 0, `it ended with ${code}: ${service.said.slice(-600)}`);
    hold(fires(data) === wanted, `${fires(data)} fires in the journal, must be ${wanted}: ${service.said.slice(-600)}`);
    hold(new Set(alarmRows(data).map(({ epoch }) => epoch)).size === 1, 'the journal began anew');
  }

  async #upgrade(deb: string, flags: readonly string[]): Promise<void> {
    const mine = `# ${deb} came\n`;
    appendFileSync(this.#root.at(CONFIG), mine);
    await this.#install(deb, flags);
    hold(this.#root.read(CONFIG).endsWith(mine), 'the settings of the site are gone');
    hold(this.#root.has(`${CONFIG}.dpkg-dist`) === flags.length > 0, 'what the package brings does not stand beside');
  }

  async #remove(): Promise<void> {
    const { code, output } = await this.#root.run('dpkg', '--remove', 'fengsui-gateway');
    hold(code === 0, output);
    hold(!this.#root.has('usr/bin/fengsui-gateway') && !this.#root.has('usr/lib/fengsui-gateway'), 'programs are left');
    hold(this.#root.has(CONFIG) && fires(this.#root.at(DATA)) === 2, 'settings or journal are gone');
  }

  async #purge(isKept: boolean): Promise<void> {
    if (!isKept) {
      writeFileSync(this.#root.at('root/answers'), 'fengsui-gateway fengsui-gateway/purge-data boolean true\n');
      hold((await this.#root.run('debconf-set-selections', '/root/answers')).code === 0, 'no answer could be given');
    }
    const { code, output } = await this.#root.run('dpkg', '--purge', 'fengsui-gateway');
    hold(code === 0, output);
    hold(this.#root.has(DATA) === isKept, `the journal is ${isKept ? 'gone' : 'left'}: ${output}`);
    hold(!this.#root.has(CONFIG), 'the settings are left');
  }

  async #arm64(): Promise<void> {
    let tree = '';
    await this.#steps.step('built here for arm64, every program in it is for arm64', async () => {
      tree = await builtForArm64(this.#folder);
    });
    if (isOnPath('qemu-aarch64-static'))
      await this.#steps.step('it checks settings on an emulated arm64', () => runsOnArm64(tree, this.#folder));
    else stdout.write('  - not run on arm64: install Debian’s qemu-user-static\n');
  }
}

/** `npm run drill -- package`: installs, upgrades, removes and runs the package on a clean Debian 12. Needs root and the Debian mirror. */
export async function run(): Promise<number> {
  const missing = NEEDED.filter((program) => !isOnPath(program));
  if (process.getuid?.() !== 0 || missing.length > 0) {
    stdout.write(`this machine cannot: ${missing.length > 0 ? `needs ${missing.join(', ')}` : 'needs root'}\n`);
    return 3;
  }
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-package-drill-'));
  const panel = await startPanel(folder);
  try {
    const processor = Object.entries(PROCESSORS).find(([, arch]) => arch === process.arch)![0] as Processor;
    const packages = await makePackages(folder, processor);
    const root = await DebianRoot.make(join(folder, 'root'));
    const failed = await new Drill(root, packages, panel, folder).run();
    stdout.write(failed === 0 ? 'well\n' : `${failed} failed\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    await panel[Symbol.asyncDispose]();
    if (existsSync(join(folder, 'root', DATA))) await runTool('umount', ['-l', join(folder, 'root', DATA)]);
    rmSync(folder, { recursive: true, force: true });
  }
}
