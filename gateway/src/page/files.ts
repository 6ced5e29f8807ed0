import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../page/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** What the page is made of, by path: no data, so anybody may have it, also to log in. */
export function pageFiles(): ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }> {
  const names = readdirSync(FOLDER).filter((name) => Object.hasOwn(TYPES, extensionOf(name)));
  const files = new Map(names.map((name) => [`/${name}`, { type: TYPES[extensionOf(name)]!, bytes: readFileSync(`${FOLDER}${name}`) }]));
  const index = files.get('/index.html');
  if (index) files.set('/', index);
  return files;
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
