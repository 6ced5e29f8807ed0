import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './tool.ts';

/** What needs no import and yet reaches for the clock, chance or the world. (`new Date(ms)` and `Date.UTC` are arithmetic.) */
const REACHING =
  /\b(?:Date\.now|Math\.random|new Date\(\s*\)|(?<!\.)performance\.|(?<!\.)process\.|(?<!\.)console\.|(?<!\.)crypto\.|(?<!\.)fetch\(|set(?:Timeout|Interval|Immediate)\b|new (?:WebSocket|Worker|EventSource)\b)/g;

/** Code without its comments, so that a comment may speak of what the code must not do. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

function impurities(text: string): readonly string[] {
  return withoutComments(text).match(REACHING) ?? [];
}

describe('the protocol package knows no clock, no chance and no world', () => {
  it.each([
    ['const t = Date.now();', 1],
    ['const t = new Date();', 1],
    ['const n = Math.random();', 1],
    ['setTimeout(retry, 5);', 1],
    ['console.log(x); process.exit(1);', 2],
    ['await fetch(url);', 1],
    ['// Date.now() is not ours\n/* nor Math.random() */ const d = new Date(ms);', 0],
    ['unit.process.push(1); packet.fetch();', 0],
  ])('%j reaches out %i times', (text, times) => {
    expect(impurities(text)).toHaveLength(times);
  });

  const files = globSync('protocol/src/**/*.ts', { cwd: ROOT }).filter((path) => !/\.(test|arbitrary|fixture)\.ts$|\.d\.ts$/.test(path));

  it('there is code to look at', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files)('%s', (path) => {
    expect(impurities(readFileSync(join(ROOT, path), 'utf8'))).toEqual([]);
  });
});

describe('the journal and the uplinks never ask what the machine is called or where it is', () => {
  const files = globSync('gateway/src/{journal,uplink}/**/*.ts', { cwd: ROOT }).filter((path) => !/\.(test|fixture)\.ts$/.test(path));

  it('so that another name or address changes neither store nor identity', () => {
    expect(files.length).toBeGreaterThan(50);
    const asking = files.filter((path) =>
      /\b(?:hostname|networkInterfaces)\(/.test(withoutComments(readFileSync(join(ROOT, path), 'utf8'))),
    );
    expect(asking).toEqual([]);
  });
});
