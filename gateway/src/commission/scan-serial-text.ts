import type { Family } from '@fengsui/protocol';
import { PROGRAM } from '../program.ts';
import { type Ink, padded } from './explain.ts';
import { MODBUS, type Standing, VERDICTS, type Verdict } from './recognise.ts';
import { type Hearing, isOwn, type PortTrouble } from './scan-serial.ts';
import { showLine } from './wire-text.ts';

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  certain: '确定 certain',
  likely: '很可能 likely,再听久一些 listen longer',
  possible: '可能 possible,仅有短报文 short packets only',
};

/** One line about a port at a setting, and one for each family that may be on it. */
export function showHearing(heard: Hearing | PortTrouble, ink: Ink): string[] {
  const where = padded(`${heard.path} @ ${showLine(heard.line)}`, 34);
  if ('trouble' in heard) return [`${where}${ink.bad(`✗ ${heard.trouble}`)}`];
  const asked = heard.asked === undefined ? '' : ` · 已查询 asked as ${heard.asked}`;
  if (heard.bytes === 0) return [`${where}${ink.faint(`无字节 silent${asked}`)}`];
  if (heard.standings.length === 0) return [`${where}${heard.bytes} B, ${ink.bad('均为噪声 noise to every family')}${asked}`];
  return [`${where}${heard.bytes} B${asked}`, ...heard.standings.map((standing) => `  ${showStanding(standing, ink)}`)];
}

function showStanding({ name, verdict, packets, noiseBytes, said }: Standing, ink: Ink): string {
  const words = Object.entries(said).map(([what, times]) => `${what} ×${times}`);
  const counted = `报文 packets ${packets}, 噪声 noise ${noiseBytes} B${words.length > 0 ? `, ${words.join(' ')}` : ''}`;
  return `${ink.good(padded(name, 22))}${VERDICT_WORDS[verdict!]}: ${counted}`;
}

/** A family heard at a setting. */
export interface Fit {
  readonly hearing: Hearing;
  readonly standing: Standing;
}

/** Shares of packets that differ by less are the same: a start amid a packet is noise at the best setting, too. */
const NEARLY = 0.1;

/** Nearly the same evidence: how many packets came while it was listened is chance, how much of the bytes they were is not. */
function isAsGood({ standing: one }: Fit, { standing: other }: Fit): boolean {
  return (one.verdict === 'possible') === (other.verdict === 'possible') && one.coverage >= other.coverage - NEARLY;
}

/**
 * The surest family of a port, and the settings at which it was heard as well as anywhere, the one to take first: its own before
 * others, which a line that knows no speed (a pseudo-terminal, the virtual port of a serial server) lets through as well. Empty: nobody was recognised.
 */
export function settingsThatFit(hearings: readonly Hearing[]): Fit[] {
  const all = hearings.flatMap((hearing) => hearing.standings.map((standing) => ({ hearing, standing })));
  const foreign = ({ hearing, standing }: Fit) => (isOwn(standing.lines, hearing.line) ? 0 : 1);
  const surest = (a: Fit, b: Fit) => VERDICTS.indexOf(a.standing.verdict!) - VERDICTS.indexOf(b.standing.verdict!);
  const [best] = [...all].sort((a, b) => surest(a, b) || foreign(a) - foreign(b));
  if (!best) return [];
  const fits = all.filter((fit) => fit.standing.name === best.standing.name && isAsGood(fit, best));
  const ordered = fits.sort((a, b) => foreign(a) - foreign(b) || surest(a, b) || b.standing.coverage - a.standing.coverage);
  return ordered.filter(({ hearing }, at) => ordered.findIndex((other) => showLine(other.hearing.line) === showLine(hearing.line)) === at);
}

/** Advice for a port nobody was recognised on. */
function silentAdvice(hearings: readonly Hearing[]): string[] {
  if (hearings.some(({ bytes }) => bytes > 0)) {
    return [
      '有字节但无法识别:检查波特率、A/B 是否接反、是否为登记之外的设备;用 gateway capture 记录后发给我们',
      'Bytes, but nobody is recognised: check the speed, whether A and B are swapped, or a device we do not know; send a gateway capture',
    ];
  }
  return [
    `没有收到字节:检查接线与供电;有的控制器要被查询才说话(加 --ask),Modbus 设备用 ${PROGRAM} scan modbus`,
    `Silent: check wiring and power; some panels speak only when polled (add --ask), Modbus devices need ${PROGRAM} scan modbus`,
  ];
}

/** What a person does next with a port: lines for the configuration, or advice. */
export function showOutcome(path: string, hearings: readonly Hearing[], families: ReadonlyMap<string, Family>, index: number): string[] {
  const fits = settingsThatFit(hearings);
  const [best] = fits;
  if (!best) return hearings.length === 0 ? [] : silentAdvice(hearings);
  const { hearing, standing } = best;
  const equals = hearing.standings.filter(
    ({ verdict, coverage, name }) => verdict === standing.verdict && coverage === standing.coverage && name !== standing.name,
  );
  const others =
    equals.length > 0 ? [`# 报文相同,无法区分 the same packets, cannot be told apart: ${equals.map(({ name }) => name).join(', ')}`] : [];
  if (standing.name === MODBUS) {
    return [
      '线路上已有 Modbus 主机在查询:同一总线只能有一个主机 A Modbus master polls this line already: a bus has one master',
      `${PROGRAM} scan modbus --wire serial:${path}@${showLine(hearing.line)} --units 1-32   # 主机断开后 after it is gone`,
    ];
  }
  return [...others, ...severalSettings(fits), ...linesFor(path, hearing, families.get(standing.name)!, index)];
}

/** Where a line lets more than one setting through, only the device itself can say which is its own. */
function severalSettings(fits: readonly Fit[]): string[] {
  if (fits.length < 2) return [];
  const shown = fits.map(
    ({ hearing, standing }) => `${showLine(hearing.line)}${isOwn(standing.lines, hearing.line) ? ' (该族自身 its own)' : ''}`,
  );
  return [
    `# 多种参数均可 several settings fit: ${shown.join(', ')}`,
    '# 取第一项,请与设备设置核对 the first is taken: compare it with what the device is set to',
  ];
}

/** YAML to paste under `lines:` of gateway.yaml. The setting is named only where it is not the family's own. */
function linesFor(path: string, { line }: Hearing, family: Family, index: number): string[] {
  const own = 'line' in family && showLine(family.line) === showLine(line);
  const setting = own ? '' : `, baudRate: ${line.baudRate}, dataBits: ${line.dataBits}, parity: ${line.parity}, stopBits: ${line.stopBits}`;
  return [
    `  - name: line-${index}`,
    `    wire: { kind: serial, path: ${JSON.stringify(path)}${setting} }`,
    '    devices:',
    `      - { name: panel-${index}, family: ${family.name} }`,
  ];
}
