import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { CollectorSite, carry, eventOf, openSiteJournal, waiting } from './site.ts';

/** Real waiting times, nothing shortened: a try of the primary, then one of the backup (decision 0008); the rest is for a busy machine. */
const patient = { timeout: 240_000, interval: 50 };

it.each(['half-open', 'cut'] as const)(
  'an alarm that waits at the start goes over the backup at the second try, though the primary (%s) is tried first',
  async (mode) => {
    await using site = await new CollectorSite().open();
    const keys = await site.enrol();
    const to = { host: '127.0.0.1', port: site.port };
    await using primary = new TcpLink({ listen: { host: '127.0.0.1', port: 0 }, to, random: seeded(1) });
    const { port } = await primary.start();
    primary.setMode(mode);
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-first-'));
    const journal = await openSiteJournal(folder);
    await journal.append([eventOf('fire')]);
    const settings = { reconnectMinMs: 1_000, reconnectMaxMs: 30_000, backup: { url: site.url, lookEveryS: 40 } };
    const { numbers, stop } = carry(journal, `mqtts://127.0.0.1:${port}`, keys, { settings });
    try {
      await vi.waitFor(async () => expect(await waiting(journal)).toBe(0), patient);
      expect(numbers).toMatchObject({ path: 'backup', failOvers: 1, attempts: 2 });
      expect(numbers.primaryFailure).toMatch(/uplink-unreachable/);
      expect(await site.entries()).toHaveLength(1);
    } finally {
      await stop();
      await journal.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
