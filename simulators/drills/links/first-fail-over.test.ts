import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { CollectorSite, carry, eventOf, openSiteJournal, waiting } from './site.ts';

/** What is promised (decision 0008): real waiting times, nothing shortened. */
const promised = { timeout: 60_000, interval: 50 };

it.each(['half-open', 'cut'] as const)(
  'an alarm that waits at the start goes over the backup within a minute, though the primary (%s) is tried first',
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
      await vi.waitFor(async () => expect(await waiting(journal)).toBe(0), promised);
      expect(numbers).toMatchObject({ path: 'backup', failOvers: 1, attempts: 2 });
      expect(numbers.primaryFailure).toMatch(/uplink-unreachable/);
      expect(await site.entries()).toHaveLength(1);
    } finally {
      await stop();
      await journal.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
