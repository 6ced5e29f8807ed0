import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMapping } from '@fengsui/protocol/settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfiguration, loadConfiguration } from './config.ts';
import { COLLECTOR_SCHEMA } from './config-schema.ts';

const EXAMPLE = new URL('../example.yaml', import.meta.url);
const SMALLEST = 'collector: { operator: JDZ-DEMO }\ndata: ./data\n';
const SECRETS = ['page.pem', 'page.key', 'page.token', 'municipal.token', 'ctwing.secret', 'onenet.secret', 'onenet.token', 'onenet.key'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-config-'));
  for (const name of SECRETS) await writeFile(join(folder, name), 'a-secret-of-our-own\n', { mode: 0o600 });
  await writeFile(join(folder, 'open.token'), 'secret\n');
  await chmod(join(folder, 'open.token'), 0o644);
  await writeFile(join(folder, 'empty.token'), '\n', { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function problems(source: string): readonly string[] {
  const read = checkConfiguration(source, folder);
  return 'problems' in read ? read.problems : [];
}

/** Paths of every key a schema has. */
function keysOf(schema: unknown, path = ''): string[] {
  const properties = isMapping(schema) && isMapping(schema['properties']) ? Object.entries(schema['properties']) : [];
  return properties.flatMap(([key, inner]) => {
    const deeper = keysOf(inner, `${path}${key}.`);
    return deeper.length > 0 ? deeper : [`${path}${key}`];
  });
}

const at = (value: unknown, path: string) =>
  path.split('.').reduce<unknown>((inner, key) => (isMapping(inner) ? inner[key] : undefined), value);

describe('the example', () => {
  it('is right as it stands', async () => {
    expect(problems(await readFile(EXAMPLE, 'utf8'))).toEqual([]);
  });

  it('is right with every optional line, and then leaves nothing out', async () => {
    const whole = (await readFile(EXAMPLE, 'utf8')).replace(/^( *)#: /gm, '$1');
    expect(problems(whole)).toEqual([]);
    expect(keysOf(COLLECTOR_SCHEMA).filter((path) => at(parse(whole), path) === undefined)).toEqual([]);
  });
});

describe('a configuration', () => {
  it('needs little: the rest has defaults, and paths count from its folder', () => {
    expect(checkConfiguration(SMALLEST, '/srv/fengsui')).toEqual({
      collector: { operator: 'JDZ-DEMO', zoneMinutes: 480 },
      data: '/srv/fengsui/data',
      intake: { host: '127.0.0.1', port: 8883, socketsMax: 10_000, socketsPerAddressMax: 1_000 },
      http: { host: '127.0.0.1', port: 8080 },
      pushes: [],
      log: { level: 'info' },
    });
  });

  it('is frozen', () => {
    const read = checkConfiguration(SMALLEST, folder);
    expect(() => Object.assign('http' in read ? read.http : {}, { host: '0.0.0.0' })).toThrow(TypeError);
  });

  it('says everything that is wrong with it at once', () => {
    const wrong = `
      collector: { operator: "", zoneMinutes: 4800 }
      intake: { host: "a b", ports: 1, port: 70000 }
      http: { host: 0.0.0.0 }
      municipal: { url: "http://10.0.0.1/events", tokenFile: missing.token }
      log: { level: loud }`;
    expect([...problems(wrong)].sort()).toEqual([
      'collector.operator: must be 1 to 64 printable characters (got )',
      'collector.zoneMinutes: must be at most 840 (got 4800)',
      'data: is missing',
      'http.tls: is missing, plain HTTP never leaves the machine (http.host is 0.0.0.0)',
      'http.tokenFile: is missing, nobody else may read without it (http.host is 0.0.0.0)',
      'intake.host: must be a host name or an IP address (got a b)',
      'intake.port: must be at most 65535 (got 70000)',
      'intake.ports: is no key here, did you mean "port"?',
      'log.level: must be one of error, warn, info, debug (got loud)',
      `municipal.tokenFile: cannot be read, ENOENT (${join(folder, 'missing.token')})`,
      'municipal.url: must be https://, plain http:// is only for a private network (allowPrivateAddress: true)',
    ]);
  });

  it.each([
    ['http: { tokenFile: open.token }', /^http\.tokenFile: must be for its owner only, chmod 600 \(got 644/],
    ['http: { tokenFile: empty.token }', /^http\.tokenFile: is empty/],
    ['http: { tokenFile: . }', /^http\.tokenFile: is no file/],
    ['http: { tls: { certificate: page.pem } }', /^http\.tls\.key: is missing/],
    ['municipal: { url: "https://a:b@c/" }', /^municipal\.url: must be an address like/],
    ['municipal: { url: "https://[/" }', /^municipal\.url: is no address/],
    ['nonsense', /^line 3, column \d+: /],
  ])('with %j is refused', (line, problem) => {
    const [first, ...rest] = problems(`${SMALLEST}${line}\n`);
    expect(first).toMatch(problem);
    expect(rest).toEqual([]);
  });

  it('allows plain HTTP to a platform in a private network where that is said', () => {
    expect(problems(`${SMALLEST}municipal: { url: "http://127.0.0.1:9000/events", allowPrivateAddress: true }\n`)).toEqual([]);
  });

  it('that cannot be read is one problem', () => {
    expect(loadConfiguration(join(folder, 'missing.yaml'))).toEqual({
      problems: [`${join(folder, 'missing.yaml')}: cannot be read (ENOENT)`],
    });
  });
});
