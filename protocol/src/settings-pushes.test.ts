import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cloudFamilyProblems, doorProblems, isSource, type PushSettings, withAbsoluteFiles } from './settings-pushes.ts';

it.each(['10.1.2.3', '10.0.0.0/8', '::1', 'fd00::/8', '::ffff:10.0.0.1', '0.0.0.0/0'])('%s is where a cloud may come from', (source) =>
  expect(isSource(source)).toBe(true),
);
it.each(['10.1.2', '10.1.2.3.', '256.1.1.1', 'host.example', '10.0.0.0/', '10.0.0.0/33', '::/129', '/8', '', '1:2'])(
  '%j is no source',
  (source) => expect(isSource(source)).toBe(false),
);

it('tells addresses as the runtime does', () => {
  const nearly = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/));
  fc.assert(
    fc.property(nearly, (text) => isSource(text) === (isIP(text) !== 0)),
    { numRuns: 2_000 },
  );
});

it('makes the paths of all files of a door absolute and leaves the rest', () => {
  const door = { cloud: 'onenet', secretFile: 'a', tokenFile: 'b', keyFile: 'c', tls: { certificate: 'd', key: 'e' }, from: ['f'] };
  expect(withAbsoluteFiles(door, (file) => `/srv/${file}`)).toEqual({
    ...{ cloud: 'onenet', secretFile: '/srv/a', tokenFile: '/srv/b', keyFile: '/srv/c', from: ['f'] },
    tls: { certificate: '/srv/d', key: '/srv/e' },
  });
  expect(withAbsoluteFiles({ secretFile: 3, tls: 'no' }, (file) => `/srv/${file}`)).toEqual({ secretFile: 3, tls: 'no' });
  expect(withAbsoluteFiles('no door', (file) => file)).toBe('no door');
  expect(door.tls.key).toBe('e');
});

function problems(over: object, texts: Readonly<Record<string, string>> = {}): string[] {
  const door = { cloud: 'onenet', host: '127.0.0.1', port: 8443, secretFile: 'secret', tokenFile: 'token', from: [], ...over };
  const files = {
    fileProblems: (path: string, file: string) => (file === 'gone' ? [`${path}: is not there`] : []),
    secretProblems: (path: string, file: string) => (file === 'gone' ? [`${path}: is not there`] : []),
    textIn: (file: string) => texts[file] ?? 'a-secret-of-the-path\n',
  };
  return doorProblems(door as unknown as PushSettings, 'wire', files, () => true);
}

it('finds nothing wrong with a door that is whole', () => {
  expect(problems({})).toEqual([]);
  expect(problems({ host: '0.0.0.0', tls: { certificate: 'c', key: 'k' }, from: ['10.0.0.0/8'] })).toEqual([]);
});

it('says what a door lacks or has too much, each with its remedy', () => {
  expect(problems({ host: '0.0.0.0' })).toEqual(['wire.tls: is missing, plain HTTP never leaves the machine (wire.host is 0.0.0.0)']);
  expect(problems({ tokenFile: undefined })).toEqual(['wire.tokenFile: is missing, onenet signs with a token']);
  expect(problems({ cloud: 'ctwing', keyFile: 'key' })).toEqual([
    'wire.tokenFile: must be absent, ctwing signs nothing that we can check',
    'wire.keyFile: must be absent, ctwing does not encrypt',
  ]);
  expect(problems({ secretFile: 'gone', tls: { certificate: 'gone', key: 'k' } })).toEqual([
    'wire.secretFile: is not there',
    'wire.tls.certificate: is not there',
  ]);
  expect(problems({}, { secret: 'short' })).toEqual([expect.stringMatching(/^wire\.secretFile: must hold 16 to 128 letters/)]);
  expect(problems({ from: ['10.0.0.0/8', 'nobody'] })).toEqual([
    'wire.from[1]: must be an address or a network like 10.0.0.0/24 (got nobody)',
  ]);
  expect(problems({ from: 'no list' })).toEqual([]);
});

it('says which family reads what a cloud pushes', () => {
  expect(cloudFamilyProblems('ctwing', 'push-ctwing', 'device')).toEqual([]);
  expect(cloudFamilyProblems('nowhere', 'push-ctwing', 'device')).toEqual([]);
  expect(cloudFamilyProblems('ctwing', 'push-iotda', 'device')).toEqual([
    'device.family: must be push-ctwing, what ctwing pushes (got push-iotda)',
  ]);
});
