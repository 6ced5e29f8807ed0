import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle } from '../../package/bundle.ts';
import { Site } from './gateway-with-page.fixture.ts';

const GATEWAY = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let site: Site;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fengsui-bundle-'));
  site = new Site();
});
afterEach(async () => {
  await site.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the installer's page of a bundle", () => {
  it('is served whole, as a box has it', async () => {
    mkdirSync(join(folder, 'library'));
    await bundle(join(folder, 'library'));
    symlinkSync(join(GATEWAY, 'node_modules'), join(folder, 'library/node_modules'));
    site.main = join(folder, 'library/gateway.cjs');
    await site.start();
    const files = readdirSync(join(GATEWAY, 'page')).filter((name) => name !== 'tsconfig.json');
    expect(files.length).toBeGreaterThan(10);
    for (const file of ['', ...files]) expect((await site.ask('GET', `/${file}`)).code, file).toBe(200);
    const cookie = await site.cookie();
    expect((await site.ask('GET', '/api/hello', { headers: { cookie } })).body).toMatchObject({ id: 'gw-1' });
    expect(readdirSync(join(folder, 'library/page'))).not.toContain('tsconfig.json');
  });
});
