import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { exit, stderr, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { configurationBytes, isOrderKind, ORDER_KINDS, ORDER_STATES, type OrderState } from '@fengsui/protocol';
import { type Command, InvalidArgumentError } from 'commander';

interface Flags {
  readonly url: string;
  readonly tokenFile?: string;
  readonly parameters: object;
  readonly expiresMinutes: number;
  readonly waitMinutes: number;
  readonly configuration?: string;
  readonly configurationVersion?: number;
  readonly signingKey?: string;
}

interface Shown {
  readonly id: string;
  readonly state: OrderState | 'issued';
  readonly result: unknown;
}

/** What would steer a terminal, or break the line. */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const LOOK_EVERY_MS = 500;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** The mistakes of whoever gives the order: exit code 2, as for a wrong configuration. */
class Mistake extends Error {}

/** Gives an order through the interface of a running collector and waits for what becomes of it. */
async function order(gateway: string, kind: string, flags: Flags): Promise<void> {
  try {
    if (!isOrderKind(kind)) throw new Mistake(`no such order: ${kind}; orders: ${Object.keys(ORDER_KINDS).join(', ')}`);
    const parameters = kind === 'configuration' ? signed(gateway, flags) : flags.parameters;
    const call = caller(flags);
    const given = (await call('POST', '/api/orders', { gateway, kind, parameters, expiresMs: flags.expiresMinutes * 60_000 })) as Shown;
    stderr.write(`${given.id} ${kind} → ${gateway}\n`);
    const ended = await awaited(given, () => look(call, gateway, given.id), flags.waitMinutes);
    stderr.write(`${endOf(ended)}\n`);
    stdout.write(`${JSON.stringify(ended)}\n`);
    exit(ended.state === 'done' ? 0 : 1);
  } catch (error) {
    stderr.write(`${(error as Error).message}\n`);
    exit(error instanceof Mistake ? 2 : 1);
  }
}

type Call = (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>;

/** The token opens the whole interface: it crosses no network in clear. */
function tokenOf({ url, tokenFile }: Flags, page: URL): Record<string, string> {
  if (tokenFile === undefined) return {};
  if (page.protocol !== 'https:' && !LOOPBACK.has(page.hostname))
    throw new Mistake(`--url ${url}: would send the token of --token-file in clear to another machine; give the page's https:// address`);
  try {
    return { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
  } catch (error) {
    throw new Mistake(`--token-file ${tokenFile}: cannot be read (${(error as Error).message}); give the file that holds the token`);
  }
}

function pageAt(url: string): URL {
  const page = URL.parse(url);
  if (page && (page.protocol === 'http:' || page.protocol === 'https:')) return page;
  throw new Mistake(`--url ${url}: must be the address of the collector's page, such as http://127.0.0.1:8080`);
}

function caller(flags: Flags): Call {
  const page = pageAt(flags.url);
  const headers = { 'content-type': 'application/json', ...tokenOf(flags, page) };
  return async (method, path, body) => {
    const json = body ? { body: JSON.stringify(body) } : {};
    const answer = await fetch(new URL(path, page), { method, headers, redirect: 'error', ...json }).catch((error: Error) => {
      throw new Error(`--url ${flags.url}: cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`);
    });
    const said = (await answer.json().catch(() => {
      throw new Error(
        `--url ${flags.url}: ${answer.status}, and no JSON: no collector answers there; give the address of its page (http in its collector.yaml)`,
      );
    })) as { message?: string; error?: string };
    if (!answer.ok) throw new Error(`${answer.status}: ${said.message ?? said.error ?? 'refused'}`);
    return said;
  };
}

async function look(call: Call, gateway: string, id: string): Promise<Shown | undefined> {
  const { orders } = (await call('GET', `/api/orders?gateway=${encodeURIComponent(gateway)}`)) as { orders: Shown[] };
  return orders.find((one) => one.id === id);
}

/** Until the order is over, or the time is: a gateway that is away gets it when it is back, until it expires. */
async function awaited(given: Shown, current: () => Promise<Shown | undefined>, minutes: number): Promise<Shown> {
  const untilMs = performance.now() + minutes * 60_000;
  let shown = given;
  while ((shown.state === 'issued' || shown.state === 'delivered') && performance.now() < untilMs) {
    await sleep(LOOK_EVERY_MS);
    shown = (await current()) ?? shown;
  }
  return shown;
}

/** What became of it in words, and why where the gateway says so: on one line, whatever the gateway wrote. */
function endOf({ state, result }: Shown): string {
  const zh = state === 'issued' ? '已下发' : ORDER_STATES[state].zh;
  const { why } = (result ?? {}) as { readonly why?: unknown };
  return typeof why === 'string' ? `${state} ${zh}: ${why.replaceAll(STEERING, '\ufffd')}` : `${state} ${zh}`;
}

/** A configuration travels signed: for this gateway, this version and this text. */
function signed(gateway: string, { configuration, configurationVersion, signingKey }: Flags): object {
  if (configuration === undefined || configurationVersion === undefined || signingKey === undefined)
    throw new Mistake('a configuration needs --configuration, --configuration-version and --signing-key');
  const text = readFileSync(configuration, 'utf8');
  const key: KeyObject = createPrivateKey(readFileSync(signingKey));
  if (key.asymmetricKeyType !== 'ed25519') throw new Mistake(`${signingKey}: must be an Ed25519 key`);
  const signature = sign(null, configurationBytes(gateway, configurationVersion, text), key).toString('base64');
  return { version: configurationVersion, text, signature };
}

function mapping(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('must be a JSON object');
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('must be a whole number');
  return number;
}

export function addOrder(program: Command): void {
  program
    .command('order')
    .description('give an order to a gateway and wait for what becomes of it / 向网关下发命令并等待结果')
    .argument('<gateway>', 'id of the gateway')
    .argument('<kind>', Object.keys(ORDER_KINDS).join(', '))
    .option('--url <address>', 'page of the running collector', 'http://127.0.0.1:8080')
    .option('--token-file <file>', 'token of the interface, where it asks for one')
    .option('--parameters <json>', 'what the kind takes, see docs/operate.md', mapping, {})
    .option('--expires-minutes <minutes>', 'a gateway that gets it later refuses it', whole, 10)
    .option('--wait-minutes <minutes>', 'how long to wait for its end; 0: give it and go', whole, 15)
    .option('--configuration <file>', 'with `configuration`: the new gateway.yaml')
    .option('--configuration-version <number>', 'with `configuration`: rises with every one', whole)
    .option('--signing-key <file>', 'with `configuration`: private Ed25519 key (PEM) whose public half the gateway has')
    .action(order);
}
