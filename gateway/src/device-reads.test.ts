import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LineConfiguration } from './config.ts';
import { DeviceReads } from './device-reads.ts';
import { type Outcome, STOPPING } from './downlink/downlink.ts';
import type { KeptOrder } from './downlink/record.ts';
import { ManualClock } from './drivers/rehearsal.ts';
import { WaitingReads } from './drivers/waiting-reads.ts';

const IMEI = '860000000000017';
const MINUTE_MS = 60_000;
const asked = { device: 'smoke-1', path: '/3/0/9', waitMinutes: 60 };
const text = (word: string) => Uint8Array.from(Buffer.from(word));

let clock: ManualClock;
let reads: WaitingReads;
let stopping: AbortController;
let desk: DeviceReads;

beforeEach(() => {
  clock = new ManualClock();
  reads = new WaitingReads(clock);
  stopping = new AbortController();
  const line = (name: string, kind: string, devices: object[]) => ({
    name,
    configuration: { wire: { kind }, devices } as unknown as LineConfiguration,
    reads,
  });
  const lines = [
    line('nb', 'udp', [{ name: 'smoke-1', family: 'lwm2m', device: IMEI }]),
    line('panel', 'tcp', [{ name: 'panel-1', family: 'jbf-193k' }]),
  ];
  desk = new DeviceReads(lines, clock, stopping.signal);
});
afterEach(() => stopping.abort());

const order = (): KeptOrder => {
  const nowMs = clock.wallMs();
  const times = { issuedMs: nowMs, takenMs: nowMs, aheadMs: 0, atMs: nowMs };
  return { id: 'a'.repeat(32), kind: 'device-read', parameters: asked, origin: 'collector', state: 'delivered', result: null, ...times };
};
const answer = (code: string, payload = text(''), format: number | null = 0) => {
  const { id } = reads.next(IMEI)!;
  reads.settle(IMEI, id, { code, format, payload, isCut: false });
};

describe('a read of a device that sleeps', () => {
  it('waits until the device speaks, and ends with its answer, taken apart', async () => {
    const given = order();
    const ended = desk.begin(given, asked);
    expect(desk.standing(given)).toEqual({ waiting: { path: '/3/0/9', tries: 0, expiresAtMs: given.takenMs + 60 * MINUTE_MS } });
    reads.next(IMEI)!.tries = 1;
    expect(desk.standing(given)).toMatchObject({ sent: { tries: 1 } });
    answer('2.05', text('87'));
    expect(await ended).toEqual({
      state: 'done',
      result: {
        ...{ device: 'smoke-1', path: '/3/0/9', tries: 1, code: '2.05', format: 0, hex: '3837' },
        resources: [{ path: '/3/0/9', value: '87' }],
      },
    });
    expect(desk.standing(given)).toBeNull();
  });

  it('is taken for text where a single resource comes without its format', async () => {
    const ended = desk.begin(order(), asked);
    answer('2.05', text('87'), null);
    expect(await ended).toMatchObject({ state: 'done', result: { hex: '3837', resources: [{ path: '/3/0/9', value: '87' }] } });
  });

  it('may be called by its IMEI', async () => {
    const ended = desk.begin(order(), { ...asked, device: IMEI });
    answer('2.05', text('87'));
    expect(await ended).toMatchObject({ state: 'done', result: { device: 'smoke-1' } });
  });

  it('is refused with what the device said, where it did not give what was asked for', async () => {
    const ended = desk.begin(order(), asked);
    answer('4.05');
    expect(await ended).toMatchObject({
      state: 'refused',
      result: { code: '4.05', why: expect.stringContaining('only executed or written') },
    });
  });

  it.each([
    [0, 'expired', 'did not speak'],
    [2, 'unanswered', 'gave no answer'],
  ] as const)('asked %i times and never answered, ends as %s', async (tries, state, why) => {
    const ended = desk.begin(order(), asked);
    reads.next(IMEI)!.tries = tries;
    await clock.advance(61 * MINUTE_MS);
    expect(await ended).toMatchObject({ state, result: { tries, why: expect.stringContaining(why) } });
    expect(reads.waiting().size).toBe(0);
  });

  it('goes on after a restart with what is left of its time', async () => {
    const given = order();
    const stopped = desk.begin(given, asked).catch((error: unknown) => error);
    stopping.abort();
    expect(await stopped).toBe(STOPPING);
    await clock.advance(50 * MINUTE_MS);
    const again = new DeviceReads(
      [
        {
          name: 'nb',
          configuration: {
            wire: { kind: 'udp' },
            devices: [{ name: 'smoke-1', family: 'lwm2m', device: IMEI }],
          } as unknown as LineConfiguration,
          reads: new WaitingReads(clock),
        },
      ],
      clock,
      new AbortController().signal,
    );
    const ended = again.resume(given, asked);
    await clock.advance(11 * MINUTE_MS);
    expect(await ended).toMatchObject({ state: 'expired' });
  });

  it('of a panel, or of a device nobody knows, is refused', async () => {
    for (const device of ['panel-1', 'elsewhere'])
      expect(await desk.begin(order(), { ...asked, device })).toMatchObject({
        state: 'refused',
        result: { why: expect.stringContaining(`no CoAP line has a device ${device}; devices: smoke-1`) },
      } satisfies Partial<Outcome>);
  });
});
