import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Install, isOnPath, missingPrerequisites, PREREQUISITES } from './prerequisites.ts';
import { ROOT } from './tool.ts';

const wanted = [
  { program: 'socat', debianPackage: 'socat', purpose: 'wires' },
  { program: 'coap-client-notls', debianPackage: 'libcoap3-bin', purpose: 'devices' },
];

function machine(present: string[], install: Install | null) {
  return { has: (program: string) => present.includes(program), install };
}

describe('programs that tests need from outside npm', () => {
  it('installs nothing when all are there', async () => {
    const said: string[] = [];
    const line = await missingPrerequisites(wanted, (text) => said.push(text), machine(['socat', 'coap-client-notls'], null));
    expect([line, said]).toEqual([null, []]);
  });

  it('installs only what is missing and says so in one line', async () => {
    const present = ['socat'];
    const said: string[] = [];
    const install: Install = async (packages) => {
      present.push(...packages.map((name) => (name === 'libcoap3-bin' ? 'coap-client-notls' : name)));
      return null;
    };
    expect(await missingPrerequisites(wanted, (text) => said.push(text), machine(present, install))).toBeNull();
    expect(said).toEqual(['installing from Debian: libcoap3-bin (up to a few minutes) …']);
  });

  it('names the packages in one line where it cannot install', async () => {
    expect(await missingPrerequisites(wanted, () => {}, machine([], null))).toBe(
      'the tests need these Debian packages, install them and run the same command again: socat libcoap3-bin',
    );
  });

  it('says what is still missing when installing failed, and shows the reason', async () => {
    const said: string[] = [];
    const line = await missingPrerequisites(
      wanted,
      (text) => said.push(text),
      machine(['socat'], async () => 'no route to the mirror'),
    );
    expect(line).toContain('libcoap3-bin');
    expect(said).toContain('no route to the mirror');
  });

  it.each(PREREQUISITES)('$program is used by a test, else it would be installed for nothing', ({ program }) => {
    const tests = globSync('{protocol,gateway,collector,simulators}/{src,drills}/**/*.test.ts', { cwd: ROOT });
    const outside = tests.filter((path) => !path.startsWith('simulators/drills/house/'));
    expect(outside.filter((path) => readFileSync(join(ROOT, path), 'utf8').includes(program))).not.toEqual([]);
  });

  it('finds a program on the path only when it may be executed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fengsui-path-'));
    try {
      await writeFile(join(folder, 'peer'), '#!/bin/sh\n');
      await chmod(join(folder, 'peer'), 0o755);
      expect(isOnPath('peer', `/nowhere:${folder}`)).toBe(true);
      expect(isOnPath('peer', '/nowhere')).toBe(false);
      expect(isOnPath('absent', folder)).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
