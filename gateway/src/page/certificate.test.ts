import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, namesFor, newKey, selfSigned, serves } from './certificate.ts';
import { time } from './der.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const KEY = newKey();

describe('a certificate that vouches for itself', () => {
  const names = ['gw-jdz-1', 'localhost', '127.0.0.1', '::1', '192.168.1.7', '2001:db8::a:1'];
  const read = new X509Certificate(selfSigned(KEY, names, NOW_MS));

  it('is good for its names and addresses, for no other, and for 397 days', () => {
    for (const name of names) expect(read.checkHost(name) ?? read.checkIP(name), name).toBeDefined();
    expect(read.checkHost('elsewhere')).toBeUndefined();
    expect(read.checkIP('192.168.1.8')).toBeUndefined();
    expect((Date.parse(read.validTo) - Date.parse(read.validFrom)) / DAY_MS).toBe(397);
    expect(Date.parse(read.validFrom)).toBeLessThan(NOW_MS);
    expect([read.ca, read.verify(read.publicKey), read.subject]).toEqual([false, true, 'CN=gw-jdz-1']);
    expect(read.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(fingerprintOf(read.toString())).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  it('is taken in a real handshake by whoever trusts it, and by nobody else', async () => {
    const certificate = selfSigned(KEY, ['gw-1', '127.0.0.1'], NOW_MS);
    const server = createServer({ cert: certificate, key: KEY, minVersion: 'TLSv1.3' }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trusting = connect({ host: '127.0.0.1', port, ca: certificate });
    await once(trusting, 'secureConnect');
    expect(trusting.authorized).toBe(true);
    trusting.destroy();
    const [error] = (await once(connect({ host: '127.0.0.1', port }), 'error')) as [Error & { code: string }];
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    server.close();
  });

  it('serves until 30 days before its end, with its own key, for all that are asked', () => {
    const certificate = selfSigned(KEY, names, NOW_MS);
    expect(serves({ certificate, key: KEY }, names, NOW_MS)).toBe(true);
    expect(serves({ certificate, key: KEY }, names, NOW_MS + 365 * DAY_MS)).toBe(true);
    expect(serves({ certificate, key: KEY }, names, NOW_MS + 367 * DAY_MS)).toBe(false);
    expect(serves({ certificate, key: KEY }, names, NOW_MS - 3 * DAY_MS)).toBe(false);
    expect(serves({ certificate, key: newKey() }, names, NOW_MS)).toBe(false);
    expect(serves({ certificate, key: KEY }, [...names, '10.0.0.1'], NOW_MS)).toBe(false);
    expect(serves({ certificate: 'half a cert', key: KEY }, [], NOW_MS)).toBe(false);
  });

  it('writes years up to 2049 with two digits and later ones with four (RFC 5280 4.1.2.5)', () => {
    expect(time(Date.parse('2049-12-31T23:59:59Z')).toString('latin1')).toBe('\x17\x0d491231235959Z');
    expect(time(Date.parse('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\x18\x0f20500101000000Z');
  });

  it('holds any set of addresses', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(fc.uniqueArray(address, { minLength: 1, maxLength: 40 }), (addresses) => {
        const made = new X509Certificate(selfSigned(KEY, ['gw', ...addresses], NOW_MS));
        for (const each of addresses) expect(made.checkIP(each), each).toBeDefined();
      }),
      { numRuns: 25 },
    );
  });

  it('names the one address it listens on, or all that are there, but no address of a mere link', () => {
    expect(namesFor('192.168.1.7', 'box', ['10.0.0.1'])).toEqual(['box', 'localhost', '127.0.0.1', '::1', '192.168.1.7']);
    expect(namesFor('0.0.0.0', 'my_box', ['127.0.0.1', '10.0.0.1', 'fe80::1%eth0'])).toEqual(['localhost', '127.0.0.1', '::1', '10.0.0.1']);
  });
});
