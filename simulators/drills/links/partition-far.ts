import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import type { Entry } from '@fengsui/collector/src/ledger/ledger.ts';
import { CollectorSite } from './site.ts';

// A collector in a process of its own, so that it can stand in a network of its own: says where it listens, then for every line all it has.
const site = await new CollectorSite({ host: '0.0.0.0' }).open();
stdout.write(`${JSON.stringify({ port: site.port, keys: await site.enrol() })}\n`);
for await (const _asked of createInterface({ input: stdin })) {
  const all: Entry[] = [];
  for (let more = await site.ledger.after(0, 2_000); more.length > 0; more = await site.ledger.after(all.at(-1)!.position, 2_000))
    all.push(...more);
  const rows = all.map(({ event, lane, number, committedMs }) => ({ id: event.id, lane, number, committedMs }));
  stdout.write(`${JSON.stringify(rows)}\n`);
}
await site[Symbol.asyncDispose]();
