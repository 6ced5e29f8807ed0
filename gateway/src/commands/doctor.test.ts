import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Authority, needOpenssl } from '../commission/doctor/authority.fixture.ts';
import { certificateFindings } from '../commission/doctor/certificates.ts';
import { clockFindings } from '../commission/doctor/clock-health.ts';
import { dataFindings, syncVerdict } from '../commission/doctor/data-folder.ts';
import type { Finding } from '../commission/doctor/finding.ts';
import { uplinkFindings } from '../commission/doctor/uplink-reach.ts';
import { serialFindings, udpFindings } from '../commission/doctor/wire-health.ts';
import { needSocat, serialPair } from '../commission/serial-pair.fixture.ts';
import { lock, lockOf } from '../journal/lock.ts';
import { runGateway } from './gateway.fixture.ts';

const DAY_MS = 86_400_000;
let folder: string;
let authority: Authority;
let gateway: { certificate: string; key: string };
let collector: Server;
let broker: Aedes;
/** With which return code the collector refuses; null: it does not. */
let refusal: number | null = null;
/** Who came in by MQTT. */
const sessions: string[] = [];
let port: number;

beforeAll(async () => {
  needSocat();
  needOpenssl();
  folder = await mkdtemp(join(tmpdir(), 'fengsui-doctor-'));
  authority = new Authority(folder);
  gateway = authority.issue('gw-1', 365);
  const own = authority.issue('collector', 365);
  collector = createServer({ ...tls(own), ca: readFileSync(authority.ca), requestCert: true, rejectUnauthorized: true });
  collector.on('tlsClientError', () => {});
  broker = await Aedes.createBroker({
    authenticate: (client, instance, _password, done) => {
      sessions.push(`${client.id} ${instance}`);
      done(refusal === null ? null : Object.assign(new Error('refused'), { returnCode: refusal as never }), refusal === null);
    },
  });
  collector.on('secureConnection', (socket) => void broker.handle(socket.on('error', () => {})));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  port = (collector.address() as { port: number }).port;
});
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  collector.close();
  await rm(folder, { recursive: true });
});

function tls({ certificate, key }: { certificate: string; key: string }) {
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

const identity = () => ({ ca: authority.ca, ...gateway });
const sick = (findings: readonly Finding[]) => findings.filter(({ health }) => health !== 'right');
const now = () => Date.now();

describe('the certificates', () => {
  test('of one enrolment, private and fresh, are right', () => {
    const findings = certificateFindings('uplinks[0]', identity(), 'gw-1', now());
    expect(sick(findings)).toEqual([]);
    expect(findings.length).toBe(4);
  });

  test.each([
    [20, 'doubtful', 'this month'],
    [10, 'doubtful', 'this week'],
    [5, 'wrong', 'at once'],
  ])('that end in %i days are %s', (days, health, remedy) => {
    const atMs = now() + (365 - days) * DAY_MS;
    const finding = certificateFindings('uplinks[0]', identity(), 'gw-1', atMs).find(({ about }) => about === 'uplinks[0].certificate');
    expect(finding).toMatchObject({ health, remedy: expect.stringContaining(remedy) });
  });

  test('that ended, or do not count yet, are wrong', () => {
    expect(sick(certificateFindings('uplinks[0]', identity(), 'gw-1', now() + 400 * DAY_MS))).toMatchObject([
      { health: 'wrong', en: expect.stringContaining('expired') },
    ]);
    expect(
      sick(certificateFindings('uplinks[0]', identity(), 'gw-1', now() - DAY_MS)).every(({ en }) => en.startsWith('counts only from')),
    ).toBe(true);
  });

  test('of another gateway, of another authority, with another key or an open one are wrong, each in words', async () => {
    const others = new Authority(folder, 'strangers');
    const second = authority.issue('gw-2', 365);
    expect(sick(certificateFindings('uplinks[0]', { ...identity(), ...second }, 'gw-1', now()))).toMatchObject([
      { en: expect.stringContaining('names gw-2') },
    ]);
    expect(sick(certificateFindings('uplinks[0]', { ...identity(), ca: others.ca }, 'gw-1', now()))).toMatchObject([
      { en: expect.stringContaining('not issued by') },
    ]);
    expect(sick(certificateFindings('uplinks[0]', { ...identity(), key: second.key }, 'gw-1', now()))).toMatchObject([
      { en: expect.stringContaining('not the key') },
    ]);
    await chmod(second.key, 0o644);
    const open = certificateFindings('uplinks[0]', { ...identity(), ...second }, 'gw-2', now());
    expect(sick(open)).toMatchObject([{ remedy: `chmod 600 ${second.key}` }]);
    await writeFile(join(folder, 'rubbish.pem'), 'no certificate');
    expect(sick(certificateFindings('uplinks[0]', { ...identity(), ca: join(folder, 'rubbish.pem') }, 'gw-1', now()))).toMatchObject([
      { about: 'uplinks[0].ca', health: 'wrong' },
    ]);
  });
});

describe('the way to the collector', () => {
  test('is walked with the real certificates', async () => {
    const findings = await uplinkFindings('uplinks[0]', { url: `mqtts://127.0.0.1:${port}`, ...identity() }, now());
    expect(sick(findings)).toEqual([]);
    expect(findings.map(({ en }) => en).join()).toMatch(/accepts connections.*TLSv1\.3 handshake.*good until/);
  });

  test('ends at a name that is not known, at a door that is shut, and at a collector of another name', async () => {
    expect(sick(await uplinkFindings('uplinks[0]', { url: 'mqtts://no-such-host.invalid:8883', ...identity() }, now()))).toMatchObject([
      { health: 'wrong', remedy: expect.stringContaining('DNS') },
    ]);
    const shut = createTcpServer();
    shut.listen(0, '127.0.0.1');
    await once(shut, 'listening');
    const { port: gone } = shut.address() as { port: number };
    shut.close();
    await once(shut, 'close');
    expect(sick(await uplinkFindings('uplinks[0]', { url: `mqtts://127.0.0.1:${gone}`, ...identity() }, now()))).toMatchObject([
      { health: 'wrong', en: expect.stringContaining('ECONNREFUSED') },
    ]);
    const named = { url: `mqtts://127.0.0.1:${port}`, ...identity(), serverName: 'other.example.org' };
    expect(sick(await uplinkFindings('uplinks[0]', named, now()))).toMatchObject([{ remedy: expect.stringContaining('serverName') }]);
  });

  test('ends where the collector turns a strange gateway away, even after the handshake', async () => {
    const strangers = new Authority(folder, 'foreign');
    const stranger = strangers.issue('gw-9', 365);
    const findings = await uplinkFindings('uplinks[0]', { url: `mqtts://127.0.0.1:${port}`, ca: authority.ca, ...stranger }, now());
    expect(sick(findings)).toMatchObject([{ health: 'wrong', remedy: expect.stringContaining('refused the gateway') }]);
  });

  test('ends where its ca is another authority', async () => {
    const others = new Authority(folder, 'elsewhere');
    const findings = await uplinkFindings('uplinks[0]', { url: `mqtts://127.0.0.1:${port}`, ...gateway, ca: others.ca }, now());
    expect(sick(findings)).toMatchObject([{ remedy: expect.stringContaining('not the authority') }]);
  });
});

describe('the machine', () => {
  test('has a clock that is set, not known to be set, or never was', async () => {
    const file = join(folder, 'synchronized');
    expect(clockFindings(now(), file)).toMatchObject([{ health: 'doubtful', remedy: expect.any(String) }]);
    await writeFile(file, '');
    expect(clockFindings(now(), file)).toMatchObject([{ health: 'right' }]);
    expect(clockFindings(0, file)).toMatchObject([{ health: 'wrong' }]);
  });

  test('has a disk that is measured by real writes, and nothing of them stays', async () => {
    const before = await readdir(folder);
    const findings = dataFindings(join(folder, 'not', 'there', 'yet'));
    expect(findings.some(({ en }) => /reaches the disk in \d+\.\d ms|a sync takes \d+ µs/.test(en))).toBe(true);
    expect(await readdir(folder)).toEqual(before);
  });

  test('has a disk that is slow, or faster than any that really writes', () => {
    const all = (ms: number) => syncVerdict(Array.from({ length: 20 }, () => ms));
    expect([600, 60, 2].map((ms) => all(ms).health)).toEqual(['wrong', 'doubtful', 'right']);
    expect(all(0.004)).toMatchObject({ health: 'doubtful', en: expect.stringContaining('4 µs'), remedy: expect.stringContaining('cache') });
  });

  test('loses a journal in memory', () => {
    expect(dataFindings('/dev/shm/fengsui')).toContainEqual(
      expect.objectContaining({ health: 'wrong', en: expect.stringContaining('tmpfs') }),
    );
  });

  test('has serial ports that are there, free, busy or ours to open', async () => {
    await using pair = await serialPair();
    const wire = { kind: 'serial', path: pair.gateway } as const;
    expect(await serialFindings('line a', wire, [], async () => {})).toMatchObject([{ health: 'right' }]);
    const busy = async () => {
      throw new Error('wire-open', { cause: new Error('Error Resource temporarily unavailable Cannot lock port') });
    };
    expect(await serialFindings('line a', wire, [], busy)).toMatchObject([
      { health: 'doubtful', remedy: expect.stringContaining('fuser') },
    ]);
    const gone = { ...wire, path: `${pair.gateway}-x` };
    expect(await serialFindings('line a', gone, ['/dev/ttyUSB7'], async () => {})).toMatchObject([
      { health: 'wrong', remedy: expect.stringContaining('/dev/ttyUSB7') },
    ]);
  });

  test('says which limit of the kernel cuts a receive buffer short', async () => {
    const udp = { kind: 'udp', host: '127.0.0.1', port: 5683 } as const;
    expect(await udpFindings('line nb', udp, async () => ({ receiveBufferBytes: 212_992, wantedBytes: 4_194_304 }))).toMatchObject([
      { health: 'right' },
      { health: 'doubtful', remedy: expect.stringContaining('rmem_max') },
    ]);
  });
});

describe('the command', () => {
  async function examined(lines: unknown[]): Promise<{ code: number | null; findings: Finding[]; text: string }> {
    const site = {
      gateway: { id: 'gw-1', address: 1, centre: 2, clockSynchronisedFile: authority.ca },
      data: folder,
      profile: 'db36-t1297-2020',
      uplinks: [
        {
          name: 'collector',
          kind: 'mqtt',
          url: `mqtts://127.0.0.1:${port}`,
          ca: authority.ca,
          certificate: gateway.certificate,
          key: gateway.key,
        },
      ],
      lines,
      page: {},
    };
    const config = join(folder, 'gateway.yaml');
    await writeFile(config, stringify(site));
    // One after the other: two at once would end each other's session.
    const json = await runGateway('doctor', '--config', config, '--json');
    const text = await runGateway('doctor', '--config', config);
    expect(json.code).toBe(text.code);
    return { code: json.code, findings: json.rows() as unknown as Finding[], text: text.stdout };
  }

  test('finds nothing wrong with a sound site, and says so line by line', async () => {
    await using pair = await serialPair();
    const { code, findings, text } = await examined([
      { name: 'panel-line', wire: { kind: 'serial', path: pair.gateway }, devices: [{ name: 'panel-1', family: 'jbf-193k' }] },
    ]);
    expect(findings.filter(({ health }) => health === 'wrong')).toEqual([]);
    expect(code).toBe(0);
    expect(text).toMatch(/^✓ 2?.*line panel-line: .*可打开/m);
    expect(text).toContain('✓ uplinks[0]: MQTT 连接成功:采集端接受本网关(已断开)');
    expect(text).toContain(`Set one with npm run gateway -- pin --config ${join(folder, 'gateway.yaml')}`);
    expect(
      sessions.every((session) => /^gw-1 doctor-[0-9a-f]{8}$/.test(session)),
      sessions.join(),
    ).toBe(true);
  });

  test('names a refusal of the collector, with its remedy', async () => {
    refusal = 5;
    const { code, findings } = await examined([]).finally(() => (refusal = null));
    expect(code).toBe(1);
    expect(findings.filter(({ health }) => health === 'wrong')).toMatchObject([
      { about: 'uplinks[0]', zh: 'MQTT 连接被拒绝(CONNACK 5):编号已吊销或未登记', remedy: expect.stringContaining('pki/revoked') },
    ]);
  });

  test('ends no session of a gateway that runs, and tells what that says of it', async () => {
    const running = lock(lockOf(folder));
    const lastFailure = 'uplink-unready: it is not ready (CONNACK 3)';
    const uplinks = [{ name: 'collector', state: 'down', lastFailure }];
    const status = createHttpServer((_, response) => response.end(JSON.stringify({ gateway: { id: 'gw-1' }, uplinks })));
    await once(status.listen(0, '127.0.0.1'), 'listening');
    await writeFile(join(folder, 'status.url'), `http://127.0.0.1:${(status.address() as AddressInfo).port}`);
    const before = sessions.length;
    const { findings } = await examined([]);
    expect(findings.filter(({ about, health }) => about === 'uplinks[0]' && health !== 'right')).toMatchObject([
      { health: 'wrong', en: expect.stringContaining(lastFailure), zh: expect.stringContaining('未尝试 MQTT 连接') },
    ]);
    status.close();
    await writeFile(join(folder, 'status.url'), 'http://192.0.2.1:80');
    expect((await examined([])).findings).toContainEqual(
      expect.objectContaining({ about: 'uplinks[0]', health: 'doubtful', en: expect.stringContaining('no address of this machine') }),
    );
    running.close();
    await rm(join(folder, 'status.url'));
    expect(sessions.length).toBe(before);
  });

  test('of check says where the certificate is not of this gateway, with a code of its own, for it starts', async () => {
    await examined([]);
    const file = join(folder, 'gateway.yaml');
    expect(await runGateway('check', '--config', file)).toMatchObject({ code: 0, stdout: 'ok\n' });
    await writeFile(file, readFileSync(file, 'utf8').replace('id: gw-1', 'id: gw-2'));
    const { code, stdout, stderr } = await runGateway('check', '--config', file);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /uplinks\[0\]\.certificate: 证书名 gw-1 与网关标识 gw-2 不符 · names gw-1, the gateway is gw-2: gateway\.id and/,
    );
  });

  test('ends with 1 where something is wrong, with a remedy for each', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const { code, findings, text } = await examined([
      { name: 'panel-line', wire: { kind: 'serial', path: '/dev/no-such-port' }, devices: [{ name: 'panel-1', family: 'jbf-193k' }] },
      {
        name: 'nb',
        wire: { kind: 'udp', host: '127.0.0.1', port: taken.address().port },
        devices: [{ name: 'smoke-1', family: 'nb-huaqiang', device: '860000000000017' }],
      },
    ]);
    taken.close();
    expect(code).toBe(1);
    expect(findings.find(({ about }) => about === 'line panel-line')).toMatchObject({ health: 'wrong' });
    expect(findings.find(({ about }) => about === 'line nb')).toMatchObject({ health: 'doubtful', en: expect.stringContaining('in use') });
    expect(findings.filter(({ health, remedy }) => health !== 'right' && !remedy)).toEqual([]);
    expect(text).toContain('✗ line panel-line: /dev/no-such-port 不存在');
  });

  test('lists the problems of a wrong configuration', async () => {
    await writeFile(join(folder, 'wrong.yaml'), 'gateway: {}');
    const { code, rows } = await runGateway('doctor', '--config', join(folder, 'wrong.yaml'), '--json');
    expect(code).toBe(1);
    expect(rows()).toContainEqual(expect.objectContaining({ about: 'configuration', en: 'gateway.id: is missing' }));
  });

  test('tells a user without the group of a port what to do', async () => {
    await using pair = await serialPair();
    const path = await realpath(pair.gateway);
    const isRoot = process.getuid?.() === 0;
    // Root may open everything: it becomes nobody. Anybody else takes his own port from himself.
    if (!isRoot) await chmod(path, 0);
    const script = `import { serialFindings } from ${JSON.stringify(new URL('../commission/doctor/wire-health.ts', import.meta.url).href)};
      if (${isRoot}) { process.setgid(65534); process.setgroups([65534]); process.setuid(65534); }
      console.log(JSON.stringify(await serialFindings('line a', { kind: 'serial', path: process.argv[1] }, [], async () => {})));`;
    const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script, '--', path], { encoding: 'utf8' });
    expect(JSON.parse(said)).toMatchObject([{ health: 'wrong', remedy: expect.stringMatching(/usermod -aG \S+ \S+/) }]);
  });
});
