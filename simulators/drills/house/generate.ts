// `npm run generate`: writes every file that is made from another.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from './generated.ts';
import { ROOT } from './tool.ts';

for (const [path, text] of await generate()) {
  await writeFile(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
