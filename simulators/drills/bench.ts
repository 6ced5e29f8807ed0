import { stderr, stdout } from 'node:process';

/** `npm run bench -- <name>`: measures beside a yardstick of the same run, because machines are shared and noisy. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<void> }>>> = {
  codec: () => import('./bench/codec.ts'),
  field: () => import('./bench/field.ts'),
  gateway: () => import('./bench/gateway.ts'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  stderr.write(`no such bench: ${unknown.join(', ')}. Benches: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  stdout.write(`bench ${name}\n`);
  await (await BENCHES[name]!()).run();
}
