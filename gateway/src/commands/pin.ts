import { dirname } from 'node:path';
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { becomeOwner } from '../ownership.ts';
import { pinProblem } from '../page/pin.ts';
import { writePinFile } from '../page/pin-file.ts';
import { configurationFrom } from './check.ts';

interface Place {
  readonly file: string;
  readonly data: string;
  /** The configuration that says so; null: whoever gave the command. */
  readonly namedBy: string | null;
}

/** Which file the PIN goes to, and the folder whose owner is to own it; null after what is wrong was said. */
function placeOf({ file, config }: { readonly file?: string; readonly config?: string }): Place | null {
  if (file !== undefined) return { file, data: dirname(file), namedBy: null };
  if (config === undefined) throw new TypeError('say --config <file> or --file <file> / 请指定 --config 或 --file');
  const configuration = configurationFrom(config);
  if (!configuration) return null;
  if (configuration.page?.pinFile === undefined)
    throw new TypeError(`${config}: has no page, add "page: {}" first / 配置中没有 page,请先加入 "page: {}"`);
  return { file: configuration.page.pinFile, data: configuration.data, namedBy: config };
}

/** Asks at the terminal without showing what is typed. */
function ask(question: string): Promise<string> {
  stdout.write(question);
  stdin.setRawMode(true).resume();
  let typed = '';
  return new Promise<string>((resolve, reject) => {
    const hear = (bytes: Buffer) => {
      for (const character of bytes.toString('utf8')) {
        const isEnd = character === '\r' || character === '\n' || character === '\u0004';
        if (!isEnd && character !== '\u0003') typed = character === '\u007f' || character === '\b' ? typed.slice(0, -1) : typed + character;
        else {
          stdin.off('data', hear).setRawMode(false).pause();
          stdout.write('\n');
          return isEnd ? resolve(typed) : reject(new TypeError('stopped / 已取消'));
        }
      }
    };
    stdin.on('data', hear);
  });
}

/** Twice at a terminal; else the first line of standard input. */
async function pinFromPerson(): Promise<string> {
  if (!stdin.isTTY) {
    for await (const line of createInterface({ input: stdin })) return line.trim();
    return '';
  }
  const pin = await ask('PIN (6–16 digits / 6 至 16 位数字): ');
  const problem = pinProblem(pin);
  if (problem !== null) throw new TypeError(problem);
  if ((await ask('once more / 再输入一次: ')) !== pin) throw new TypeError('the two differ, nothing was written / 两次输入不一致,未写入');
  return pin;
}

async function setPin(options: { readonly file?: string; readonly config?: string }): Promise<void> {
  const place = placeOf(options);
  if (place === null) return;
  const { file, data, namedBy } = place;
  const pin = await pinFromPerson();
  const problem = pinProblem(pin);
  if (problem !== null) throw new TypeError(problem);
  becomeOwner(data, namedBy);
  await writePinFile(file, pin).catch((error: Error) => {
    const remedy =
      "the gateway's user must be able to write there: run this as that user or as root, and look at the folder 网关用户须能写入该目录:请以网关用户或 root 运行,并检查目录权限";
    throw new TypeError(`${file}: could not be written: ${error.message}; ${remedy}`);
  });
  stdout.write(`${file}: the PIN of the installer's page is set / 维护页面 PIN 已设置\n`);
}

export function addPin(program: Command): void {
  program
    .command('pin')
    .description("set the PIN of the installer's page: asks twice, or reads a line from standard input / 设置维护页面 PIN")
    .option('--config <file>', 'YAML file that says where the PIN is kept')
    .option('--file <file>', 'where to keep it, instead')
    .action(setPin);
}
