import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfiguration } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-config-'));
  for (const name of ['path', 'token', 'key']) await writeFile(join(folder, name), 'a-secret-of-our-own\n', { mode: 0o600 });
  await writeFile(join(folder, 'short'), 'short\n', { mode: 0o600 });
  await writeFile(join(folder, 'open'), 'a-secret-of-our-own\n');
  await chmod(join(folder, 'open'), 0o644);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PUSH = { cloud: 'ctwing', gateway: 'cloud-ctwing', host: '127.0.0.1', port: 0, secretFile: 'path' };
const DEVICE = { name: 'smoke-302', family: 'push-ctwing', device: '860000000000017', points: [{ address: {}, place: '2栋302室' }] };

/** What is wrong with pushes written like this. JSON is YAML. */
function problems(...pushes: object[]): readonly string[] {
  const source = `collector: { operator: JDZ-DEMO }\ndata: ./data\npushes: ${JSON.stringify(pushes)}\n`;
  const read = checkConfiguration(source, folder);
  return 'problems' in read ? read.problems : [];
}

describe('the clouds that push to a collector', () => {
  it('need little, and their files count from the folder of the configuration', () => {
    const source = `collector: { operator: JDZ-DEMO }\ndata: ./data\npushes: ${JSON.stringify([{ ...PUSH, devices: [DEVICE] }])}\n`;
    expect(checkConfiguration(source, folder)).toMatchObject({
      pushes: [
        {
          secretFile: join(folder, 'path'),
          from: [],
          profile: 'db36-t1297-2020',
          address: 0,
          devices: [{ name: 'smoke-302', inService: true }],
        },
      ],
    });
  });

  it.each([
    [[{ ...PUSH, host: '0.0.0.0' }], 'pushes[0].tls: is missing, plain HTTP never leaves the machine (pushes[0].host is 0.0.0.0)'],
    [
      [{ ...PUSH, gateway: 'gw-1' }],
      'pushes[0].gateway: must begin with cloud-, hold at most 64 letters, digits, dots and hyphens, and not be cloud-collector (got gw-1)',
    ],
    [[{ ...PUSH, cloud: 'onenet' }], 'pushes[0].tokenFile: is missing, onenet signs with a token'],
    [[{ ...PUSH, tokenFile: 'token' }], 'pushes[0].tokenFile: must be absent, ctwing signs nothing that we can check'],
    [[{ ...PUSH, keyFile: 'key' }], 'pushes[0].keyFile: must be absent, ctwing does not encrypt'],
    [[{ ...PUSH, from: ['10.0.0.0/33'] }], 'pushes[0].from[0]: must be an address or a network like 10.0.0.0/24 (got 10.0.0.0/33)'],
    [[PUSH, PUSH], 'pushes[1].gateway: must be unique, pushes[0].gateway has it too (got cloud-ctwing)'],
    [
      [{ ...PUSH, devices: [{ ...DEVICE, family: 'nb-huaqiang' }] }],
      'pushes[0].devices[0].family: must be push-ctwing, what ctwing pushes (got nb-huaqiang)',
    ],
    [
      [{ ...PUSH, devices: [{ ...DEVICE, device: undefined }] }],
      'pushes[0].devices[0].device: is missing, push-ctwing is told apart by it',
    ],
    [
      [{ ...PUSH, devices: [DEVICE, { ...DEVICE, name: 'other' }] }],
      'pushes[0].devices[1].device: must be unique, pushes[0].devices[0].device has it too (got 860000000000017)',
    ],
    [[{ ...PUSH, devices: [{ ...DEVICE, points: [{ place: 'x' }] }] }], 'pushes[0].devices[0].points[0].address: is missing'],
  ])('%j: %s', (pushes, problem) => {
    expect(problems(...pushes)).toEqual([problem]);
  });

  it.each([
    ['missing', /^pushes\[0\]\.secretFile: cannot be read, ENOENT/],
    ['open', /^pushes\[0\]\.secretFile: must be for its owner only, chmod 600/],
    ['short', /^pushes\[0\]\.secretFile: must hold 16 to 128 letters/],
  ])('keep their secret in a file of their own, long enough: %s', (secretFile, problem) => {
    const [first, ...rest] = problems({ ...PUSH, secretFile });
    expect(first).toMatch(problem);
    expect(rest).toEqual([]);
  });
});
