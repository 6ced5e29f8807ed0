import { stdout } from 'node:process';
import Database from 'better-sqlite3';
import { connectAsync } from 'mqtt';

/**
 * A program, the yardstick of the drain: reads the frames of waiting rows and publishes them, as fast as SQLite reads and
 * mqtt.js sends. It numbers, seals, encodes, settles and remembers nothing.
 * Words: file, address, seconds, rows a message, messages on their way at once.
 */
const [file, url, seconds, rowsMax, inFlight] = process.argv.slice(2) as [string, string, string, string, string];

const database = new Database(file, { readonly: true });
const read = database.prepare('SELECT position, frame FROM rows WHERE state = 0 AND position > ? ORDER BY position LIMIT ?');
const client = await connectAsync(url, { clientId: 'raw', reconnectPeriod: 0 });
const until = performance.now() + Number(seconds) * 1_000;
let [after, sent] = [0, 0];

async function send(): Promise<void> {
  while (performance.now() < until) {
    const rows = read.all(after, Number(rowsMax)) as Array<{ readonly position: number; readonly frame: Buffer }>;
    if (rows.length === 0) return;
    after = rows.at(-1)!.position;
    await client.publishAsync('up/raw/frames', Buffer.concat(rows.map(({ frame }) => frame)), { qos: 1 });
    sent += rows.length;
  }
}

const startedMs = performance.now();
await Promise.all(Array.from({ length: Number(inFlight) }, send));
const perSecond = sent / ((performance.now() - startedMs) / 1_000);
await client.endAsync();
stdout.write(`${JSON.stringify({ ready: 'raw-drain', perSecond: String(perSecond) })}\n`);
process.exit(0);
