import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSource, withAbsoluteFiles } from './settings-pushes.ts';

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
