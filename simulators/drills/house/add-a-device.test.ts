import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAMILIES } from '@fengsui/protocol/families';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fences } from './markdown.ts';
import { ROOT } from './tool.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/add-a-device.md');
const shown = (language: string) => fences(page).flatMap((fence) => (fence.language === language ? [fence.text] : []));

describe('the page that shows how to add a device', () => {
  it('shows the family, its packets and its register line as they stand in the tree', () => {
    const [family, line] = shown('ts');
    expect(family).toBe(read('protocol/src/families/asj-residual.ts'));
    expect(read('protocol/src/families/register.ts')).toContain(line);
    expect(JSON.parse(shown('json')[0]!)).toEqual(JSON.parse(read('protocol/vectors/asj-residual.json')));
  });

  it('configures points that the family has', () => {
    const { lines } = parse(shown('yaml')[0]!) as { lines: { devices: { family: string; points: { register: string }[] }[] }[] };
    const device = lines[0]!.devices[0]!;
    const family = FAMILIES.get(device.family);
    const names = family?.shape === 'polled' ? family.points.map(({ name }) => name) : [];
    expect(names).toEqual(expect.arrayContaining(device.points.map(({ register }) => register)));
  });

  it('points to one real family of each shape', () => {
    const named = [...page.matchAll(/\| `protocol\/src\/families\/([\w-]+)\.ts` \|/g)].map(([, name]) => FAMILIES.get(name ?? '')?.shape);
    expect(named).toEqual(['talks', 'polled', 'publishes']);
  });
});
