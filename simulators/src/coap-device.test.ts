import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { generate, type ParsedPacket, parse } from 'coap-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CoapMode } from './coap-device.ts';
import { type Rig, rigOf } from './rig.fixture.ts';

const SMOKE = FAMILIES.get('nb-huaqiang') as PublishingFamily;
const IMEI = '860000000000017';
const TOKEN = Buffer.from('a1b2', 'hex');
const soon = <T>(check: () => T) => vi.waitFor(check, 60_000);

interface Heard {
  readonly packet: ParsedPacket;
  readonly from: RemoteInfo;
}
let server: Socket;
let heard: Heard[];
let port: number;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  heard = [];
  server = createSocket('udp4');
  server.on('message', (bytes, from) => {
    try {
      heard.push({ packet: parse(bytes), from });
    } catch {
      // no CoAP: junk is part of the tests
    }
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  port = server.address().port;
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
  await new Promise<void>((resolve) => server.close(resolve));
});

async function started(mode: CoapMode): Promise<Rig> {
  const rig = rigOf({ family: SMOKE, wire: `udp:127.0.0.1:${port}`, endpoint: IMEI, mode, ackTimeoutMs: 60 });
  await rig.device.start();
  open.push(rig.device);
  return rig;
}

const answer = ({ packet, from }: Heard, code: string, more: object = {}) =>
  server.send(generate({ code, messageId: packet.messageId, token: packet.token, ack: true, ...more }), from.port, from.address);
const observe = ({ from }: Heard, token = TOKEN) => {
  const options = [
    { name: 'Observe' as const, value: Buffer.alloc(0) },
    { name: 'Uri-Path' as const, value: Buffer.from('t') },
    { name: 'Uri-Path' as const, value: Buffer.from('d') },
  ];
  server.send(generate({ code: 'GET', messageId: 500, token, confirmable: true, options }), from.port, from.address);
};
const registrations = () => heard.filter(({ packet }) => packet.code === '0.02');
const notifications = () => heard.filter(({ packet }) => packet.code === '2.05' && packet.confirmable);
const whatOf = ({ packet }: Heard) => SMOKE.decode(packet.payload)?.observations[0]?.what;

async function bound(): Promise<Rig> {
  const rig = await started('observe');
  await soon(() => expect(registrations().length).toBeGreaterThan(0));
  answer(registrations()[0]!, '2.04');
  observe(registrations()[0]!);
  await soon(() => expect(heard.some(({ packet }) => packet.ack && packet.code === '2.05')).toBe(true));
  return rig;
}

describe('a device that is observed', () => {
  test('registers with its name until it is acknowledged, then answers the observation', async () => {
    await started('observe');
    await soon(() => expect(registrations().length).toBeGreaterThan(1));
    const [first, second] = registrations() as [Heard, Heard];
    expect(second.packet.messageId).toBe(first.packet.messageId);
    expect(first.packet.options.map(({ value }) => value.toString())).toEqual(['t', 'r', `ep=${IMEI}`]);
    answer(first, '2.04');
    observe(first);
    await soon(() => expect(heard.find(({ packet }) => packet.ack && packet.code === '2.05')?.packet.token).toEqual(TOKEN));
  });

  test('says one thing at a time under the token, again and again until the acknowledgement', async () => {
    const rig = await bound();
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    void rig.device.perform({ kind: 'say', say: { what: 'restored', address: {} } });
    await soon(() => expect(notifications().length).toBeGreaterThan(2));
    expect(new Set(notifications().map(({ packet }) => packet.messageId)).size).toBe(1);
    expect(notifications()[0]!.packet.token).toEqual(TOKEN);
    expect(rig.truth()).toMatchObject([{ what: 'fire', expect: 'may', acknowledgedMs: null, address: { device: IMEI } }]);
    answer(notifications()[0]!, '0.00', { token: Buffer.alloc(0) });
    await soon(() => expect(notifications().some((one) => whatOf(one) === 'restored')).toBe(true));
    expect(rig.truth()[0]).toMatchObject({ expect: 'must', acknowledgedMs: expect.any(Number) });
    expect(rig.truth()[1]).toMatchObject({ what: 'restored', sequence: 2, acknowledgedMs: null });
  });

  test('a reset makes it register again, and what it had to say is not lost', async () => {
    const rig = await bound();
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    await soon(() => expect(notifications().length).toBeGreaterThan(0));
    const before = registrations().length;
    answer(notifications()[0]!, '0.00', { ack: false, reset: true, token: Buffer.alloc(0) });
    await soon(() => expect(registrations().length).toBeGreaterThan(before));
    answer(registrations().at(-1)!, '2.04');
    const token = Buffer.from('c3d4', 'hex');
    observe(registrations().at(-1)!, token);
    await soon(() => expect(notifications().at(-1)!.packet.token).toEqual(token));
    expect(whatOf(notifications().at(-1)!)).toBe('fire');
    expect(rig.truth()).toHaveLength(1);
  });

  test('a rebound device says it from a new address under the same token', async () => {
    const rig = await bound();
    await rig.device.perform({ kind: 'rebind' });
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    await soon(() => expect(notifications().length).toBeGreaterThan(0));
    expect(notifications()[0]!.from.port).not.toBe(registrations()[0]!.from.port);
    expect(notifications()[0]!.packet.token).toEqual(TOKEN);
  });

  test('answers a ping with a reset and a command with 2.04', async () => {
    await bound();
    const { from } = registrations()[0]!;
    server.send(generate({ code: '0.00', messageId: 77, confirmable: true }), from.port, from.address);
    await soon(() => expect(heard.some(({ packet }) => packet.reset && packet.messageId === 77)).toBe(true));
    const options = ['t', 'd'].map((part) => ({ name: 'Uri-Path' as const, value: Buffer.from(part) }));
    server.send(generate({ code: 'POST', messageId: 78, confirmable: true, options, payload: Buffer.from('x') }), from.port, from.address);
    await soon(() => expect(heard.some(({ packet }) => packet.code === '2.04' && packet.messageId === 78)).toBe(true));
  });
});

describe('a device that posts', () => {
  test('is content with a 2.04, also when it comes apart', async () => {
    const rig = await started('direct');
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    await soon(() => expect(registrations().length).toBeGreaterThan(1));
    const post = registrations()[0]!;
    expect(post.packet.options.map(({ value }) => value.toString())).toEqual(['t', 'd', `ep=${IMEI}`]);
    const { from, packet } = post;
    server.send(generate({ code: '2.04', messageId: 900, token: packet.token, confirmable: true }), from.port, from.address);
    await soon(() => expect(rig.truth()[0]).toMatchObject({ expect: 'must', acknowledgedMs: expect.any(Number) }));
    await soon(() => expect(heard.some(({ packet: { ack, messageId } }) => ack && messageId === 900)).toBe(true));
  });

  test('gives up a report that is refused, and its truth stays doubtful', async () => {
    const rig = await started('direct');
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    await soon(() => expect(registrations().length).toBeGreaterThan(0));
    answer(registrations()[0]!, '4.00');
    void rig.device.perform({ kind: 'say', say: { what: 'restored', address: {} } });
    await soon(() => expect(registrations().some((one) => whatOf(one) === 'restored')).toBe(true));
    expect(rig.truth()[0]).toMatchObject({ expect: 'may', acknowledgedMs: null });
  });

  test('repeats datagrams, babbles and falls silent when told', async () => {
    const rig = await started('direct');
    await rig.device.perform({ kind: 'duplicate', packets: 1, copies: 3 });
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: {} } });
    await soon(() => expect(registrations().length).toBeGreaterThanOrEqual(3));
    answer(registrations()[0]!, '2.04');
    await soon(() => expect(rig.truth()[0]!.acknowledgedMs).not.toBeNull());
    await rig.device.perform({ kind: 'noise', bytes: 8 });
    expect(rig.truth().at(-1)).toMatchObject({ what: 'noise', expect: 'mustNot' });
    const before = registrations().length;
    await rig.device.perform({ kind: 'silence', forMs: 250 });
    void rig.device.perform({ kind: 'say', say: { what: 'restored', address: {} } });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(registrations().length).toBe(before);
    await soon(() => expect(registrations().length).toBeGreaterThan(before));
  });
});
