import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  checkConfiguration,
  GATEWAY_SCHEMA,
  type GatewayConfiguration,
  loadConfiguration,
  type MqttConfiguration,
  type StoredConfiguration,
} from './config.ts';

const EXAMPLE = fileURLToPath(new URL('../example.yaml', import.meta.url));
const KEY_FILES = ['ca.pem', 'gw-jdz-0001.pem', 'gw-jdz-0001.key'];
const PAGE_FILES = ['page.pem', 'page.key'];
const CENTRE_FILES = ['centre-ca.pem'];
const DOOR_FILES = ['door.pem', 'door.key', 'onenet.secret', 'onenet.token', 'onenet.key', 'short.secret'];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-config-'));
  for (const file of [...KEY_FILES, ...CENTRE_FILES, 'configuration.pem']) writeFileSync(join(folder, file), 'a key');
  for (const file of [...PAGE_FILES, ...DOOR_FILES])
    writeFileSync(join(folder, file), file === 'short.secret' ? 'short' : 'a-secret-of-our-own', { mode: 0o600 });
  copyFileSync(EXAMPLE, join(folder, 'gateway.yaml'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = `
gateway: { id: gw-1, address: 3000001, centre: 20 }
data: ./data
profile: db36-t1297-2020
uplinks: [{ name: collector, kind: mqtt, url: "mqtt://127.0.0.1:1883" }]
`;

function problemsOf(source: string): readonly string[] {
  const checked = checkConfiguration(source, folder);
  return 'problems' in checked ? checked.problems : [];
}

function accepted(source: string): GatewayConfiguration {
  const checked = checkConfiguration(source, folder);
  if ('problems' in checked) throw new Error(checked.problems.join('\n'));
  return checked;
}

/** The line of a device: family, wire and what else it says. */
function line(family: string, wire: string, device: string): string {
  return `${HEAD}lines: [ { name: l, wire: { ${wire} }, devices: [ { name: d, family: ${family}, ${device} } ] } ]`;
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Paths of every key a schema knows. The words of `means` are those of the observation model, not keys of their own. */
function schemaKeys(schema: Schema, path = ''): string[] {
  if (path.endsWith('.means')) return [];
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [`${path}.${key}`, ...schemaKeys(inner, `${path}.${key}`)]);
  const inner = [...(schema.items ? [schema.items] : []), ...(schema.anyOf ?? [])].flatMap((one) => schemaKeys(one, path));
  return [...own, ...inner];
}

function valueKeys(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || path.endsWith('.means')) return [];
  if (Array.isArray(value)) return value.flatMap((item) => valueKeys(item, path));
  return Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...valueKeys(inner, `${path}.${key}`)]);
}

describe('the example', () => {
  it('is a configuration without a problem', () => {
    expect(loadConfiguration(join(folder, 'gateway.yaml'))).not.toHaveProperty('problems');
  });

  it('shows every key there is', () => {
    const shown = new Set(valueKeys(parse(readFileSync(EXAMPLE, 'utf8'))));
    const keys = new Set(schemaKeys(GATEWAY_SCHEMA as Schema));
    expect(keys.size).toBeGreaterThan(60);
    expect([...keys].filter((key) => !shown.has(key))).toEqual([]);
  });
});

describe('a good configuration', () => {
  it('has its defaults filled in, its paths made absolute, and cannot be changed', () => {
    const configuration = accepted(
      `${HEAD}lines: [ { name: l, wire: { kind: tcp, host: a, port: 1 }, devices: [ { name: d, family: jbf-193k } ] } ]`,
    );
    expect(configuration).toMatchObject({
      gateway: { zoneMinutes: 480 },
      data: resolve(folder, 'data'),
      uplinks: [{ reconnectMinMs: 1_000, reconnectMaxMs: 30_000, receiptTimeoutMs: 10_000, keepaliveS: 20 }],
      status: { host: '127.0.0.1', port: 0 },
      lines: [{ wire: { serialServer: false }, devices: [{ part: { systemType: 1, systemAddress: 1 }, points: [], inService: true }] }],
    });
    expect(Object.isFrozen(configuration.lines[0]?.devices[0]?.part)).toBe(true);
  });

  it('opens a page only where one is wanted, to the machine itself, with its PIN in the data folder', () => {
    expect(accepted(HEAD)).not.toHaveProperty('page');
    expect(accepted(`${HEAD}page: {}`)).toMatchObject({ page: { host: '127.0.0.1', port: 9443, pinFile: join(folder, 'data/page.pin') } });
    expect(problemsOf(`${HEAD}page: { host: nowhere.example, certificate: page.pem }`)).toEqual([
      'page.host: must be an address of this machine (got nowhere.example)',
      'page.key: is missing, page.certificate needs it',
    ]);
  });

  it('finds its key files beside itself', () => {
    const { uplinks, orders, page } = (loadConfiguration(join(folder, 'gateway.yaml')) as StoredConfiguration).configuration;
    expect(orders.configurationKey).toBe(join(folder, 'configuration.pem'));
    expect([page?.pinFile, page?.certificate, page?.key]).toEqual(
      ['data/page.pin', 'page.pem', 'page.key'].map((file) => join(folder, file)),
    );
    const uplink = uplinks[0] as MqttConfiguration;
    expect([uplink.ca, uplink.certificate, uplink.key]).toEqual(KEY_FILES.map((file) => join(folder, file)));
  });
});

describe('a wrong configuration', () => {
  it('is told why it may not leave the ordinary lane so little room that what is always kept fills it', () => {
    expect(problemsOf(`${HEAD}journal: { ordinaryMiB: 287 }`)).toEqual([
      expect.stringMatching(
        /^journal\.ordinaryMiB: must be a whole number, 288 to 1048576: the newest 10,000 rows of each kind .* \(got 287\)$/,
      ),
    ]);
    expect(accepted(`${HEAD}journal: { ordinaryMiB: 288 }`)).toMatchObject({ journal: { ordinaryMiB: 288 } });
  });

  it('is told why it may not let a dead link go unnoticed for longer than 60 s', () => {
    const uplink =
      'uplinks: [{ name: c, kind: mqtt, url: "mqtt://127.0.0.1:1", keepaliveS: 21, receiptTimeoutMs: 10001, reconnectMinMs: 30001, reconnectMaxMs: 60000 }]';
    expect(problemsOf(HEAD.replace(/^uplinks: .*$/m, uplink))).toEqual([
      expect.stringMatching(
        /^uplinks\[0\]\.keepaliveS: must be a whole number, 1 to 20: a dead gateway is told .* within 60 s \(got 21\)$/,
      ),
      expect.stringMatching(/^uplinks\[0\]\.reconnectMinMs: .* 50 to 30000: .* backup must take over within 60 s \(got 30001\)$/),
      expect.stringMatching(/^uplinks\[0\]\.receiptTimeoutMs: .* 100 to 10000: .* within 60 s \(got 10001\)$/),
    ]);
  });

  it('is told that nothing may be looked at more seldom than GB 50440 permits', () => {
    const line = (ms: number) => `${HEAD}lines:
  - name: bus
    wire: { kind: tcp, host: 127.0.0.1, port: 502 }
    devices: [ { name: unit-1, family: modbus-basic, unit: 1, pollEveryMs: ${ms}, points: [ { register: contact-1 } ] } ]
`;
    expect(problemsOf(line(7_200_001))).toEqual([
      expect.stringMatching(/^lines\[0\]\.devices\[0\]\.pollEveryMs: .* 50 to 7200000: GB 50440 .* \(got 7200001\)$/),
    ]);
    expect(problemsOf(line(7_200_000))).toEqual([]);
  });

  it('is told with all its problems at once, each with its path', () => {
    expect(
      problemsOf(`
gateway: { id: "gw/1", address: 281474976710656 }
data: ./data
profil: x
profile: db36-t1297-2021
uplinks: [{ name: collector, kind: mqtt, url: "mqtts://c.example.org:8883", ca: missing.pem, reconnectMinMs: 5000, reconnectMaxMs: 100 }]
status: { host: 0.0.0.0 }
lines:
  - name: a
    wire: { kind: serial, path: /dev/x, baudRate: 9601 }
    devices: [ { name: p, family: jbf-193 } ]
  - name: a
    wire: { kind: usb }
    devices: [ { name: p, family: pressure-transmitter, points: [ { register: presure, low: { limit: 9, histeresis: 1 } } ] } ]
`),
    ).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^gateway\.id: must begin with a letter or digit/),
        'gateway.address: must be at most 281474976710655 (got 281474976710656)',
        'gateway.centre: is missing',
        'profil: is no key here, did you mean "profile"?',
        'profile: must be one of db36-t1297-2020 (got db36-t1297-2021, did you mean "db36-t1297-2020"?)',
        'uplinks[0].certificate: is missing, mqtts needs it',
        'uplinks[0].key: is missing, mqtts needs it',
        `uplinks[0].ca: cannot be read, ENOENT (${join(folder, 'missing.pem')})`,
        'uplinks[0].reconnectMaxMs: must not be below reconnectMinMs',
        'status.host: must be the machine itself, 127.0.0.1 or ::1 (got 0.0.0.0)',
        'lines[0].wire.baudRate: must be one of 300, 600, 1200, 2400, 4800, 9600, 19200, 28800, 38400, 57600, 115200 (got 9601)',
        expect.stringMatching(/^lines\[0\]\.devices\[0\]\.family: must be one of .*did you mean "jbf-193k"\?\)$/),
        'lines[1].name: must be unique, lines[0].name has it too (got a)',
        'lines[1].wire.kind: must be one of serial, tcp, udp, tcp-server, http (got usb)',
        'lines[1].devices[0].name: must be unique, lines[0].devices[0].name has it too (got p)',
        'lines[1].devices[0].unit: is missing, pressure-transmitter is polled by it',
        expect.stringMatching(/^lines\[1\]\.devices\[0\]\.points\[0\]\.register: must be one of .*did you mean "pressure"\?\)$/),
        'lines[1].devices[0].points[0].low.histeresis: is no key here, did you mean "hysteresis"?',
      ]),
    );
  });

  it.each([
    [
      'jbf-193k',
      'kind: udp, host: 127.0.0.1, port: 0',
      '',
      'lines[0].devices[0].family: jbf-193k needs a wire of kind serial or tcp (got udp)',
    ],
    [
      'nb-huaqiang',
      'kind: serial, path: /dev/x',
      'device: "1"',
      'lines[0].devices[0].family: nb-huaqiang needs a wire of kind udp (got serial)',
    ],
    [
      'push-ctwing',
      'kind: http, cloud: ctwing, host: 127.0.0.1, port: 0, secretFile: short.secret',
      'device: "1"',
      expect.stringContaining('lines[0].wire.secretFile: must hold 16 to 128 letters'),
    ],
    [
      'push-ctwing',
      'kind: http, cloud: ctwing, host: 0.0.0.0, port: 0, secretFile: onenet.secret',
      'device: "1"',
      'lines[0].wire.tls: is missing, plain HTTP never leaves the machine (lines[0].wire.host is 0.0.0.0)',
    ],
    [
      'push-onenet',
      'kind: http, cloud: ctwing, host: 127.0.0.1, port: 0, secretFile: onenet.secret',
      'device: "1"',
      'lines[0].devices[0].family: must be push-ctwing, what ctwing pushes (got push-onenet)',
    ],
    [
      'push-ctwing',
      'kind: udp, host: 127.0.0.1, port: 0',
      'device: "1"',
      'lines[0].devices[0].family: push-ctwing needs a wire of kind http (got udp)',
    ],
    ['nb-huaqiang', 'kind: udp, host: 127.0.0.1, port: 0', '', 'lines[0].devices[0].device: is missing, nb-huaqiang is told apart by it'],
    [
      'nb-huaqiang',
      'kind: udp, host: some.name, port: 0',
      'device: "1"',
      'lines[0].wire.host: must be an address of this machine (got some.name)',
    ],
    [
      'pressure-transmitter',
      'kind: serial, path: /dev/x',
      'unit: 3',
      expect.stringContaining('lines[0].devices[0].points: must name at least one register'),
    ],
    ['jbf-193k', 'kind: serial, path: /dev/x', 'points: [ { place: x } ]', 'lines[0].devices[0].points[0].address: is missing'],
    [
      'jbf-193k',
      'kind: serial, path: /dev/x',
      'points: [ { address: { loop: 1, point: 2 } }, { address: { point: 2, loop: 1 } } ]',
      expect.stringContaining('lines[0].devices[0].points[1].address: must be there once'),
    ],
    [
      'pressure-transmitter',
      'kind: serial, path: /dev/x',
      'unit: 3, points: [ { register: pressure, low: { limit: 100, hysteresis: 60 }, high: { limit: 200, hysteresis: 50 } } ]',
      'lines[0].devices[0].points[0]: low.limit + low.hysteresis must be below high.limit - high.hysteresis',
    ],
    [
      'modbus-basic',
      'kind: serial, path: /dev/x',
      'unit: 1, points: [ { register: contact-1, reads: { function: 3, register: 4 } } ]',
      "lines[0].devices[0].points[0].register: must be a name of the site's own, the family has contact-1",
    ],
    [
      'modbus-basic',
      'kind: serial, path: /dev/x',
      'unit: 1, points: [ { register: gas, reads: { function: 6, register: 4 } } ]',
      'lines[0].devices[0].points[0].reads.function: must be one of 1, 2, 3, 4 (got 6)',
    ],
    [
      'gb26875',
      'kind: tcp-server, host: 127.0.0.1, port: 0',
      '',
      'lines[0].devices[0].device: is missing, gb26875 is told apart by its source address',
    ],
    [
      'gb26875',
      'kind: udp, host: 127.0.0.1, port: 0',
      'device: "3000001"',
      'lines[0].devices[0].device: must be the source address as it is on the wire, 12 hex digits (got 3000001)',
    ],
    [
      'gb26875',
      'kind: serial, path: /dev/x',
      'dialect: forfaith',
      expect.stringContaining('lines[0].devices[0].dialect: must be one of standard, four-faith'),
    ],
    [
      'jbf-193k',
      'kind: serial, path: /dev/x',
      'dialect: standard',
      'lines[0].devices[0].dialect: must be absent, jbf-193k has no dialects',
    ],
  ])('says what does not fit: %s on %s with %s', (family, wire, device, problem) => {
    expect(problemsOf(line(family, wire, device))).toEqual([problem]);
  });

  it('keeps conversations apart: one panel or one kind of device on a wire, one wire once', () => {
    const problems = problemsOf(`${HEAD}
lines:
  - name: a
    wire: { kind: serial, path: /dev/x }
    devices: [ { name: p, family: jbf-193k }, { name: q, family: jbf-193k } ]
  - name: b
    wire: { kind: serial, path: /dev/x }
    devices:
      - { name: r, family: pressure-transmitter, unit: 3, points: [ { register: pressure } ] }
      - { name: s, family: pressure-transmitter, unit: 3, points: [ { register: pressure } ] }
`);
    expect(problems).toEqual([
      'lines[1].wire: is opened twice, lines[0].wire has it too (/dev/x)',
      'lines[0].devices: must hold one panel, a panel has its line to itself (got 2)',
      'lines[1].devices[1]: must differ from the others on its line in unit or device (got 3)',
    ]);
  });

  it('puts no GST CRT on a line that cannot carry its ninth bit', () => {
    const line = (more: string) =>
      `${HEAD}lines:\n  - { name: a, wire: { kind: serial, path: /dev/x${more} }, devices: [ { name: p, family: gst-crt500 } ] }\n`;
    expect(problemsOf(line(''))).toEqual([
      expect.stringMatching(/^lines\[0\]\.devices\[0\]\.family: gst-crt500 needs a ninth bit, .*gst-modbus/),
    ]);
    expect(problemsOf(line(', ninthBitBridge: true'))).toEqual([]);
  });

  it('never sends plainly over a network', () => {
    const problems = problemsOf(HEAD.replace('127.0.0.1', '192.168.1.2'));
    expect(problems).toEqual(['uplinks[0].url: must be mqtts://, plain mqtt:// never leaves the machine']);
  });

  it('says how uplinks are written where only one is given', () => {
    expect(problemsOf(HEAD.replace(/^uplinks.*$/m, 'uplink: { url: "mqtt://127.0.0.1:1883" }'))).toEqual([
      'uplinks: is missing',
      'uplink: is no key here, did you mean "uplinks"?',
      'uplinks: is a list, each with a name: uplinks: [{ name: collector, kind: mqtt, url: … }]',
    ]);
    expect(
      problemsOf(`${HEAD.replace('collector', 'l')}lines: [ { name: l, wire: { kind: udp, host: 0.0.0.0, port: 1 }, devices: [] } ]`),
    ).toContain('lines[0].name: must be unique, uplinks[0].name has it too (got l)');
  });

  it('has no backup path that is the first again, that goes plainly, or that goes out by no address', () => {
    const backup = (text: string) => problemsOf(HEAD.replace('1883"', `1883", backup: { ${text} }`));
    expect(backup('url: "mqtt://127.0.0.1:1884"')).toEqual([]);
    expect(backup('url: "mqtt://127.0.0.1:1883"')).toEqual(['uplinks[0].backup: must differ from the first path in url or localAddress']);
    expect(backup('url: "mqtts://c.example.org:8883", ca: missing.pem, localAddress: eth0')).toEqual([
      'uplinks[0].backup.certificate: is missing, mqtts needs it',
      'uplinks[0].backup.key: is missing, mqtts needs it',
      `uplinks[0].backup.ca: cannot be read, ENOENT (${join(folder, 'missing.pem')})`,
      'uplinks[0].backup.localAddress: must be an IP address of this machine (got eth0)',
    ]);
    expect(backup('url: "mqtt://10.0.0.1:1884"')).toEqual([
      'uplinks[0].backup.url: must be mqtts://, plain mqtt:// never leaves the machine',
    ]);
  });

  it('has no two uplinks that end each other at one collector; a backup path to it, and another collector at its address, may be', () => {
    writeFileSync(join(folder, 'own.pem'), 'who this gateway is');
    copyFileSync(join(folder, 'own.pem'), join(folder, 'copy.pem'));
    const own = 'ca: ca.pem, certificate: own.pem, key: gw-jdz-0001.key';
    const two = (first: string, second: string) =>
      problemsOf(HEAD.replace(/^uplinks.*$/m, `uplinks: [ { name: a, kind: mqtt, ${first} }, { name: b, kind: mqtt, ${second} } ]`));
    const twins = [
      'uplinks[1].url: must lead to another collector than uplinks[0].url, a and b have the same address and certificate, so each would end ' +
        'the session of the other; a second way to one collector is a backup',
    ];
    const first = `url: "mqtts://c.example.org", ${own}`;
    expect(two('url: "mqtt://127.0.0.1"', 'url: "mqtt://127.0.0.1:1883"')).toEqual(twins);
    expect(two(first, `url: "mqtts://C.example.org:8883", localAddress: 10.0.0.2, ${own}`)).toEqual(twins);
    expect(two(first, `url: "mqtts://c.example.org", serverName: c.example.org, ${own.replace('own.pem', 'copy.pem')}`)).toEqual(twins);
    const others = [
      `url: "mqtts://c.example.org:8884", ${own}`,
      `url: "mqtts://c.example.org", ${own.replace('own.pem', 'gw-jdz-0001.pem')}`,
      `url: "mqtts://c.example.org", serverName: d.example.org, ${own}`,
    ];
    for (const other of others) expect(two(first, other)).toEqual([]);
    const backup = 'backup: { url: "mqtts://c.example.org", localAddress: 10.0.0.2 }';
    expect(two(`${first}, ${backup}`, `url: "mqtts://d.example.org", ${own}`)).toEqual([]);
    expect(two(first, 'url: [1], certificate: 5')).not.toContainEqual(expect.stringContaining('another collector'));
  });

  it('may be no YAML at all, or empty, or not there', () => {
    expect(problemsOf('a: [')[0]).toMatch(/^line 1, column \d+: /);
    expect(problemsOf('')).toContain('gateway: is missing');
    expect(problemsOf('- 1')).toEqual(['the file: must be object (got [1])']);
    expect(loadConfiguration(join(folder, 'nowhere.yaml'))).toEqual({
      problems: [`${join(folder, 'nowhere.yaml')}: cannot be read (ENOENT)`],
    });
  });
});
