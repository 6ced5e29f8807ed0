import 'reflect-metadata';
import { X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from '../clock.ts';
import { initialise, openServerIdentity } from './authority.ts';
import { enrol, readRevoked } from './enrolment.ts';
import { pkiFiles } from './files.ts';

let data: string;
let out: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'fengsui-pki-'));
  out = join(data, 'out');
});
afterEach(() => rm(data, { recursive: true, force: true }));

const text = (file: string) => readFile(file, 'utf8');
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;
const enrolled = (gateway: string, more: object = {}) => enrol({ data, gateway, out, ...more }, machineClock);

async function requestFor(name: string, namedCurve: 'P-256' | 'P-384' = 'P-256'): Promise<string> {
  const signingAlgorithm = { name: 'ECDSA', namedCurve, hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [name] }], keys, signingAlgorithm });
  const file = join(data, 'request.pem');
  await writeFile(file, request.toString('pem'));
  return file;
}

/** The name the server sees when a gateway knocks with its own files. */
async function nameSeen(gateway: string, host: string): Promise<string | undefined> {
  const { authority, certificate, key } = await openServerIdentity(data);
  const server = createServer({ ca: authority, cert: certificate, key, requestCert: true, rejectUnauthorized: true });
  const seen = new Promise<PeerCertificate>((resolve) => server.on('secureConnection', (one) => resolve(one.getPeerCertificate())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = { cert: await text(join(out, `${gateway}.pem`)), key: await text(join(out, `${gateway}.key`)) };
  const { port } = server.address() as AddressInfo;
  const client: TLSSocket = connect({ host: '127.0.0.1', port, servername: host, ca: await text(join(out, 'ca.pem')), ...own });
  try {
    await new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject));
    return (await seen).subject.CN as string;
  } finally {
    client.destroy();
    server.close();
  }
}

describe('a private authority', () => {
  it('lets gateway and collector know each other', async () => {
    await initialise(data, ['collector.example'], machineClock);
    await enrolled('gw-1');
    expect(await nameSeen('gw-1', 'collector.example')).toBe('gw-1');
    expect(await nameSeen('gw-1', 'localhost')).toBe('gw-1');
    await expect(nameSeen('gw-1', 'elsewhere.example')).rejects.toThrow('altnames');
  });

  it('names the server after every host and address it was given', async () => {
    await initialise(data, ['10.0.0.7', 'collector.example'], machineClock);
    const certificate = new NodeCertificate(await text(pkiFiles(data).server));
    for (const address of ['127.0.0.1', '::1', '10.0.0.7']) expect(certificate.checkIP(address)).toBeDefined();
    for (const name of ['localhost', 'collector.example']) expect(certificate.checkHost(name)).toBe(name);
  });

  it('keeps its keys to its owner', async () => {
    await initialise(data, [], machineClock);
    const { key } = await enrolled('gw-1');
    const files = pkiFiles(data);
    for (const file of [files.authorityKey, files.serverKey, key!]) expect(await modeOf(file)).toBe(0o600);
    expect(await modeOf(files.folder)).toBe(0o700);
  });

  it('made again renews the server and changes neither keys nor authority', async () => {
    await initialise(data, [], machineClock);
    const files = pkiFiles(data);
    const kept = () => Promise.all([files.authorityKey, files.authority, files.serverKey].map(text));
    const [before, certificate] = [await kept(), await text(files.server)];
    await initialise(data, ['new.example'], machineClock);
    expect(await kept()).toEqual(before);
    expect(await text(files.server)).not.toBe(certificate);
    await enrolled('gw-1');
    expect(await nameSeen('gw-1', 'new.example')).toBe('gw-1');
  });

  it('that was stopped between key and certificate is finished by making it again', async () => {
    await initialise(data, [], machineClock);
    await rm(pkiFiles(data).authority);
    await initialise(data, [], machineClock);
    await enrolled('gw-1');
    expect(await nameSeen('gw-1', 'localhost')).toBe('gw-1');
  });

  it('that is not there is asked for by name', async () => {
    await expect(enrolled('gw-1')).rejects.toThrow('collector init --data');
    await expect(openServerIdentity(data)).rejects.toMatchObject({ code: 'authority-missing' });
  });

  it('whose files are no PEM says which', async () => {
    await initialise(data, [], machineClock);
    await writeFile(pkiFiles(data).authorityKey, 'nonsense');
    await expect(enrolled('gw-1')).rejects.toMatchObject({ code: 'authority-unreadable', message: expect.stringContaining('ca.key') });
  });
});

describe('enrolment', () => {
  beforeEach(() => initialise(data, [], machineClock));

  it('gives a certificate for 90 days, for clients only, and notes it', async () => {
    const { certificate, serial } = await enrolled('gw-1');
    const made = new NodeCertificate(await text(certificate));
    expect((made.validToDate.getTime() - Date.now()) / 86_400_000).toBeCloseTo(90, 1);
    expect(made.validFromDate.getTime()).toBeLessThan(Date.now() - 86_400_000);
    expect(made.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(made.ca).toBe(false);
    expect(JSON.parse(await text(pkiFiles(data).issued))).toMatchObject({ gateway: 'gw-1', serial });
  });

  it('never overwrites a key', async () => {
    const { key } = await enrolled('gw-1');
    const before = await text(key!);
    await expect(enrolled('gw-1')).rejects.toMatchObject({ code: 'key-exists', message: expect.stringContaining('--request') });
    expect(await text(key!)).toBe(before);
  });

  it('signs for a key that never leaves the box', async () => {
    const given = await enrolled('gw-2', { request: await requestFor('gw-2') });
    expect(given.key).toBeUndefined();
    expect((await readdir(out)).sort()).toEqual(['ca.pem', 'gw-2.pem']);
    expect(new NodeCertificate(await text(given.certificate)).subject).toBe('CN=gw-2');
  });

  it.each([
    ['of another name', () => requestFor('gw-3')],
    ['of another curve', () => requestFor('gw-2', 'P-384')],
    ['that is nonsense', async () => pkiFiles(data).authority],
    ['that is not there', async () => join(data, 'missing.pem')],
  ])('refuses a request %s', async (_, request) => {
    await expect(enrolled('gw-2', { request: await request() })).rejects.toMatchObject({ code: 'request-refused' });
  });

  it.each(['', 'a/b', '+', '#', '__proto__', 'constructor', '网关', '-a', 'a'.repeat(65), '../x'])('refuses %j as a name', async (name) => {
    await expect(enrolled(name)).rejects.toMatchObject({ code: 'gateway-name-refused' });
  });

  it('refuses a gateway that was revoked', async () => {
    await writeFile(pkiFiles(data).revoked, '# lost boxes\ngw-9 # stolen\n\n');
    await expect(enrolled('gw-9')).rejects.toMatchObject({ code: 'gateway-revoked' });
    expect(await readRevoked(pkiFiles(data).revoked)).toEqual(new Set(['gw-9']));
    expect((await enrolled('gw-8')).gateway).toBe('gw-8');
  });
});
