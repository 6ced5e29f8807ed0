import { once } from 'node:events';
import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Site, soon } from './page/gateway-with-page.fixture.ts';
import type { PointPage } from './page/points.ts';

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
