import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from './folder.fixture.ts';
import type { MunicipalLine } from './municipal-platform.ts';
import { MunicipalPlatform } from './municipal-platform.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

const ID = '0123456789abcdef0123456789abcdef';
const EVENT = {
  ...{ eventId: ID, operatorCode: 'JDZ-DEMO', sourceType: 'fire-alarm', sourceCode: 'gw-1/panel-1' },
  ...{ eventTime: '2026-10-07T12:00:00+08:00', kind: 'fire', edge: 'began', place: '1号楼3层' },
};

async function started(log = join(temporaryFolder(), 'municipal.jsonl')) {
  const platform = new MunicipalPlatform({ host: '127.0.0.1', port: 0, log, token: 'secret' });
  open.push(platform);
  const root = await platform.start();
  return {
    log,
    push: (event: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      fetch(`${root}/events`, {
        method: 'POST',
        headers: { authorization: 'Bearer secret', 'idempotency-key': ID, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(event),
        redirect: 'manual',
        ...(signal ? { signal } : {}),
      }),
    become: (order: object) => fetch(`${root}/control`, { method: 'POST', body: JSON.stringify(order) }),
    lines: () =>
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as MunicipalLine),
  };
}

describe('the municipal platform', () => {
  test('takes an event once, however often it comes, and writes every request down as it came', async () => {
    const { push, lines } = await started();
    for (let turn = 0; turn < 2; turn++) expect((await push(EVENT)).status).toBe(200);
    expect(lines()).toMatchObject([
      { id: ID, answer: 200, mode: 'normal', effect: true, body: JSON.stringify(EVENT) },
      { id: ID, answer: 200, mode: 'normal', effect: false },
    ]);
  });

  test('refuses a stranger, a body that misses something, a foreign key, and the same id with another body', async () => {
    const { push, lines } = await started();
    expect((await push(EVENT, { authorization: 'Bearer wrong' })).status).toBe(401);
    const { place: _, eventTime: __, ...bare } = EVENT;
    const refused = await push(bare);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ problems: ['eventTime: is missing'] });
    expect((await push(EVENT, { 'idempotency-key': 'f'.repeat(32) })).status).toBe(400);
    expect((await push(EVENT)).status).toBe(200);
    expect((await push({ ...EVENT, place: '别处' })).status).toBe(409);
    expect(lines().map(({ effect }) => effect)).toEqual([false, false, false, true, false]);
  });

  test('survives its own restart: what it took stays taken', async () => {
    const first = await started();
    await first.push(EVENT);
    await open.pop()![Symbol.asyncDispose]();
    const second = await started(first.log);
    await second.push(EVENT);
    expect(second.lines().map(({ effect }) => effect)).toEqual([true, false]);
  });

  test('has bad days on request, and says which of them took the event', async () => {
    const { push, become, lines } = await started();
    const status = async (mode: string) => {
      expect((await become({ mode, delayMs: 50 })).status).toBe(200);
      return push(EVENT, {}, AbortSignal.timeout(mode === 'hang' ? 300 : 60_000)).then(
        (response) => response.status,
        () => 'no answer',
      );
    };
    expect(await status('fail')).toBe(500);
    expect(await status('busy')).toBe(429);
    expect(await status('refuse')).toBe(200);
    expect(await status('redirect')).toBe(307);
    expect(lines().some(({ effect }) => effect)).toBe(false);
    expect(await status('reset')).toBe('no answer');
    expect(lines().at(-1)).toMatchObject({ answer: null, effect: true });
    expect(await status('hang')).toBe('no answer');
    expect(await status('slow')).toBe(200);
    expect(lines().filter(({ effect }) => effect)).toHaveLength(1);
  });

  test('refuses an order it does not know, with the reason', async () => {
    const { become } = await started();
    const refused = await become({ mode: 'sulk' });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(await refused.json())).toContain('mode: must be one of normal, slow');
  });
});
