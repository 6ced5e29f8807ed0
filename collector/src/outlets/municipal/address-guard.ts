import { lookup as resolveName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Networks no push may reach unless the configuration says so (IANA special-purpose registries, RFC 6890), and forms of IPv6 that carry an IPv4 address past
 * the list of IPv4: compatible, translated (SIIT, NAT64), Teredo, 6to4 and its relays. v4-mapped addresses are judged as IPv4.
 */
const REFUSED_V4: ReadonlyArray<readonly [string, number]> = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];
const REFUSED_V6: ReadonlyArray<readonly [string, number]> = [
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const refused = new BlockList();
for (const [network, bits] of REFUSED_V4) refused.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of REFUSED_V6) refused.addSubnet(network, bits, 'ipv6');

/** Whether an address is private, loopback, link-local or otherwise not of the public network. */
export function isRefusedAddress(address: string): boolean {
  const version = isIP(address);
  return version === 0 || refused.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** Why a connection was not even tried. */
export class AddressRefused extends Error {
  constructor(host: string, address: string) {
    super(`${host} is ${address}, which is no public address; set municipal.allowPrivateAddress if that is meant`);
    this.name = 'AddressRefused';
  }
}

/** Host of a URL, without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Throws `AddressRefused` where the URL names a refused address itself: for those no name is ever resolved. */
export function checkLiteral(url: URL): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && isRefusedAddress(host)) throw new AddressRefused(url.hostname, host);
}

/**
 * Resolves a name once and hands out what it checked, so that the address connected to is the address that was looked at:
 * a name that resolves anew in between (DNS rebinding) gains nothing.
 */
export const guardedLookup: LookupFunction = (host, options, callback) => {
  resolveName(host, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const bad = addresses.find(({ address }) => isRefusedAddress(address));
    if (bad) return callback(new AddressRefused(host, bad.address), '', 0);
    const [first] = addresses;
    if (!first) return callback(new Error(`${host} has no address`), '', 0);
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};
