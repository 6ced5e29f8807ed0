import { describe, expect, it } from 'vitest';
import { AddressRefused, checkLiteral, guardedLookup, isRefusedAddress } from './address-guard.ts';

describe('the address guard', () => {
  it.each([
    ['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    [
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:192.168.0.1',
      'fe80::1',
      'fd00::1',
      'ff02::1',
    ],
    ['64:ff9b::7f00:1', '2002:7f00:1::', '::7f00:1', '::ffff:0:7f00:1', '2001:0:7f00:1::', '192.88.99.1', 'not an address', ''],
  ])('refuses %s and its like', (...addresses) => {
    expect(addresses.filter((address) => !isRefusedAddress(address))).toEqual([]);
  });

  it('lets public addresses pass', () => {
    const addresses = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '223.5.5.5', '2001:4860:4860::8888', '::ffff:8.8.8.8'];
    expect(addresses.filter(isRefusedAddress)).toEqual([]);
  });

  it.each(['http://127.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://0/'])(
    'sees through %s',
    (url) => {
      expect(() => checkLiteral(new URL(url))).toThrow(AddressRefused);
    },
  );

  it('refuses a name by the address it resolves to', async () => {
    const error = await new Promise((resolve) => guardedLookup('localhost', { all: true }, resolve));
    expect(error).toBeInstanceOf(AddressRefused);
  });
});
