import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { pinLine } from '../../../gateway/src/page/pin.ts';
import type { Rig } from './rig.ts';

const PIN = '480736';
const ANSWER_WITHIN_MS = 30_000;

/** What the installer's page knows us by. */
export async function writePin(rig: Rig): Promise<void> {
  writeFileSync(rig.path('data', 'page.pin'), await pinLine(PIN), { mode: 0o600 });
}

/** One request to the installer's page; resolves with the cookie it gave, if any. */
export function askPage(rig: Rig, method: string, path: string, cookie = '', said?: object): Promise<string> {
  const { origin, hostname, port } = new URL(rig.gateway.ready['page']!);
  const headers = { origin, cookie, ...(said ? { 'content-type': 'application/json' } : {}) };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, rejectUnauthorized: false, timeout: ANSWER_WITHIN_MS }, (answer) => {
      resolve(String(answer.headers['set-cookie'] ?? '').split(';')[0]!);
      setTimeout(() => answer.destroy(), 500); // a stream goes on
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer`)));
    asked.end(said && JSON.stringify(said));
  });
}

/** Resolves with the cookie of a session. */
export function logIn(rig: Rig): Promise<string> {
  return askPage(rig, 'POST', '/api/login', '', { pin: PIN });
}
