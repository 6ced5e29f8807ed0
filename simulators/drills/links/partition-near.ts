import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import * as limits from '@fengsui/gateway/src/limits.ts';
import { carry, eventOf, openSiteJournal, waiting } from './site.ts';

// The uplink of a gateway in a process of its own. Its first line says where to; then `say` makes it hear a fire and a reading, `left` asks how it stands.
const lines = createInterface({ input: stdin })[Symbol.asyncIterator]();
const { url, keys } = JSON.parse((await lines.next()).value as string);
const folder = mkdtempSync(join(tmpdir(), 'fengsui-partition-'));
const journal = await openSiteJournal(folder);
let lostMs: number | null = null;
const uplink = carry(journal, url, keys, {
  // The collector's certificate is for the loopback address, which is not where it is here.
  settings: { serverName: 'localhost', reconnectMinMs: limits.RECONNECT_MIN_MS, reconnectMaxMs: limits.RECONNECT_MAX_MS },
  outage: { lost: () => (lostMs ??= Date.now()), returned: () => (lostMs = null) },
});
stdout.write('{}\n');
for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  const said = line === 'say' ? [eventOf('fire'), eventOf('reading', { edge: 'momentary' })] : [];
  await journal.append(said);
  const { attempts, connections } = uplink.numbers;
  stdout.write(`${JSON.stringify({ ids: said.map(({ id }) => id), left: await waiting(journal), lostMs, attempts, connections })}\n`);
}
await uplink.stop();
await journal.close();
rmSync(folder, { recursive: true, force: true });
