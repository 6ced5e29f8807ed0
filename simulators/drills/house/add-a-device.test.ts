import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fromHex, type PolledFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fences } from './markdown.ts';
import { ROOT, runTool } from './tool.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly checksumOk: boolean;
  readonly meaning: { readonly what?: string; readonly request?: string; readonly value?: number };
}

const page = await readFile(join(ROOT, 'docs/add-a-device.md'), 'utf8');
const written = (language: string) => fences(page).filter((fence) => fence.language === language);
const vectors = JSON.parse(written('json')[0]?.text ?? '') as Vector[];
let folder = '';
let family: PolledFamily;

/** The page's family as a file outside the tree: its imports lead back into the tree. */
async function familyFile(): Promise<string> {
  const code = written('ts')[0]?.text ?? '';
  const file = join(folder, 'residual-current-asj.ts');
  await writeFile(
    file,
    code.replaceAll(/from '(\.\.?\/[^']+)'/g, (_, path) => `from '${join(ROOT, 'protocol/src/families', path)}'`),
  );
  return file;
}

function requestOf({ meaning }: Vector) {
  const [register = '', count = ''] = meaning.request?.split('/') ?? [];
  return meaning.request ? { register: Number.parseInt(register, 16), count: Number(count) } : null;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fengsui-add-a-device-'));
  const loaded = (await import(pathToFileURL(await familyFile()).href)) as { RESIDUAL_CURRENT_ASJ: PolledFamily };
  family = loaded.RESIDUAL_CURRENT_ASJ;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the page that shows how to add a device', () => {
  it('has a family that passes the strictest type check', async () => {
    const types = { typeRoots: [join(ROOT, 'node_modules/@types')] };
    const settings = { extends: join(ROOT, 'tsconfig.json'), include: [join(folder, '*.ts')], compilerOptions: types };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    expect(await runTool('tsc', ['-p', folder])).toEqual({ code: 0, output: '' });
  });

  it.each(vectors.filter(({ checksumOk }) => checksumOk))('its packet $name says what the page says', (vector) => {
    const { observations } = family.decode(fromHex(vector.hex)!, requestOf(vector));
    expect(observations.map(({ what }) => what)).toEqual([vector.meaning.what]);
    if (vector.meaning.value !== undefined) expect(observations[0]?.value).toBe(vector.meaning.value);
    expect(observations[0]?.componentType ?? 17).toBe(17);
  });

  it.each(vectors.filter(({ checksumOk }) => !checksumOk))('its packet $name, which is broken, says nothing', (vector) => {
    expect(family.decode(fromHex(vector.hex)!, requestOf(vector)).observations).toEqual([]);
  });

  it('configures points that the family has', () => {
    const [device] = parse(written('yaml')[0]?.text ?? '') as [{ family: string; points: { register: string }[] }];
    expect(device.family).toBe(family.name);
    expect(device.points.map(({ register }) => register)).toEqual(family.points.map(({ name }) => name));
  });

  it('points to one real family of each shape', () => {
    const shown = [...page.matchAll(/\| `protocol\/src\/families\/([\w-]+)\.ts` \|/g)].map(([, name]) => FAMILIES.get(name ?? '')?.shape);
    expect(shown).toEqual(['talks', 'polled', 'publishes']);
  });
});
