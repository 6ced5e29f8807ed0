import { once } from 'node:events';
import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SiteState } from './downlink/site-state.ts';
import { Site, soon } from './page/gateway-with-page.fixture.ts';
import type { PointPage } from './page/points.ts';
import { recall } from './recall.ts';

const PANEL = FAMILIES.get('jbf-193k') as TalkingFamily;
let site: Site;
let orders = 0;

beforeEach(() => {
  site = new Site();
});
afterEach(() => site.stop());

async function points(): Promise<PointPage> {
  const { body } = await site.ask('GET', '/api/points', { headers: { cookie: await site.cookie() } });
  return body as unknown as PointPage;
}
const standing = async () => (await points()).points.filter(({ states }) => states.length > 0);

/** What the gateway answers to a read order. */
async function read(parameters: object): Promise<Record<string, unknown>> {
  const id = String((orders += 1)).padStart(32, '0');
  await vi.waitFor(() => expect(site.peer.instances.size).toBeGreaterThan(0), soon);
  return vi.waitFor(() => {
    site.peer.order('read', parameters, id);
    const receipt = site.peer.orderReceipts.find((one) => one.id === id && one.state === 'done');
    expect(receipt).toBeDefined();
    return receipt!.result as Record<string, unknown>;
  }, soon);
}

async function restart(): Promise<void> {
  site.child.kill('SIGKILL');
  await once(site.child, 'exit');
  await site.run();
}

describe('how the site stands', () => {
  it('is told in time also where the journal does not answer, and what is measured meanwhile takes no more than its points do', async () => {
    const state = new SiteState();
    const waits = Promise.withResolvers<void>();
    const clock = { wallMs: () => 0, monotonicMs: () => 0, sleep: () => waits.promise };
    const journal = { newest: () => 5, earlier: () => new Promise<never>(() => {}) };
    const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const recalled = recall({ journal, site: state, own: new Set(), clock, log });
    const part = { systemType: 1, systemAddress: 1 };
    for (let value = 0; value < 3; value++) state.measure('panel-1', part, { quantity: 'pressure-kpa', value, quality: 'good' }, value);
    expect(state.points()).toEqual([]);
    waits.resolve();
    await recalled;
    expect(state.points()).toMatchObject([{ measured: { value: 2 }, heardMs: 2 }]);
    expect(log.info).toHaveBeenCalled();
  });

  it('outlives a kill of the gateway: a fire burns on page and in read orders until the panel is reset, a test stays a test', async () => {
    await site.start({
      points: '          - { address: { controller: 1, loop: 1, point: 5 }, place: 试验点, componentType: 42, inService: false }\n',
    });
    await site.panelIsThere();
    site.fire(2);
    site.fire(5);
    await vi.waitFor(async () => expect(await standing()).toHaveLength(2), soon);

    await restart();
    const { abnormal, silent, points: shown } = await points();
    expect([abnormal, silent]).toEqual([2, 1]);
    expect(shown.find(({ place }) => place === '1号楼3层东走道')).toMatchObject({
      states: ['fire', 'first-fire'],
      said: { isTest: false },
    });
    expect(shown.find(({ place }) => place === '试验点')).toMatchObject({ states: ['fire', 'first-fire'], said: { isTest: true } });
    const unit = await read({ what: 'unit', unit: 62 });
    expect(unit).toMatchObject({ inAll: 2, unheard: { points: 1, text: expect.stringContaining('以来未收到') } });
    const words = (unit['objects'] as Array<{ text: string; status: number }>).map(({ text, status }) => [text, status]);
    expect(Object.fromEntries(words)).toEqual({ '1号楼3层东走道': 0b11, 试验点: 1 });
    expect(await read({ what: 'state', source: 'panel-1' })).toMatchObject({ unheard: { points: 1 } });

    await site.panelIsThere();
    site.say(PANEL.play.say({ what: 'reset', address: { controller: 1 }, deviceTime: '2026-11-23T11:00:00' })!);
    await vi.waitFor(async () => expect(await standing()).toEqual([]), soon);
    await restart();
    expect(await standing()).toEqual([]);
    expect((await points()).silent).toBe(1);
  });
});
