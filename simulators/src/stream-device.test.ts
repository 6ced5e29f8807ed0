import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Cut, hex, PacketCutter, type TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { SerialPort } from 'serialport';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Rig, rigOf } from './rig.fixture.ts';

const PANEL = FAMILIES.get('jbf-193k') as TalkingFamily;
const FIRE = { what: 'fire', address: { controller: 1, loop: 1, point: 2 } } as const;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function started(family: TalkingFamily, wire: string): Promise<Rig> {
  const rig = rigOf({ family, wire });
  await rig.device.start();
  open.push(rig.device);
  return rig;
}

/** A simple host: cuts what it hears. */
class Host {
  readonly cuts: Cut[] = [];
  readonly socket: Socket;
  readonly #cutter: PacketCutter;

  constructor(socket: Socket, family: TalkingFamily) {
    this.socket = socket;
    this.#cutter = new PacketCutter(family.cut);
    socket.on('data', (bytes) => this.cuts.push(...this.#cutter.feed(bytes)));
  }

  get said(): string[] {
    return this.cuts
      .flatMap((cut) => (cut.kind === 'packet' ? PANEL.decode(cut.bytes).observations : []))
      .filter(({ what }) => what !== 'heartbeat')
      .map(({ what, address }) => `${what} ${address.point ?? ''}`);
  }
}

async function hostOf(rig: Rig, family = PANEL): Promise<Host> {
  const [host, port] = rig.device.address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  open.push({ [Symbol.asyncDispose]: async () => void socket.destroy() });
  return new Host(socket, family);
}

describe('a panel that is not polled', () => {
  test('says things by itself, in order, each once, and the truth says so first', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    for (const point of [2, 3, 4]) void rig.device.perform({ kind: 'say', say: { what: 'fire', address: { loop: 1, point } } });
    await vi.waitFor(() => expect(host.said).toEqual(['fire 2', 'fire 3', 'fire 4']), 60_000);
    expect(rig.truth().map(({ sequence, address, expect: expected }) => [sequence, address.point, expected])).toEqual([
      [1, 2, 'must'],
      [2, 3, 'must'],
      [3, 4, 'must'],
    ]);
  });

  test('idles while it has nothing to say', async () => {
    const quick = { ...PANEL, play: { ...PANEL.play, idleEveryMs: 20 } };
    const host = await hostOf(await started(quick, 'tcp:127.0.0.1:0'));
    await vi.waitFor(() => expect(host.cuts.length).toBeGreaterThan(2), 60_000);
    expect(host.said).toEqual([]);
  });

  test('marks what nobody could hear as doubtful', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    await rig.device.perform({ kind: 'say', say: FIRE });
    expect(rig.truth()[0]).toMatchObject({ what: 'fire', expect: 'may' });
  });

  test('is refused what its family cannot say', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    await expect(rig.device.perform({ kind: 'say', say: { what: 'duty-answer', address: {} } })).rejects.toThrow(/has no packet/);
  });
});

test('a polled panel answers each poll, with what waits or with nothing new, over a serial line', async () => {
  // It never speaks of its own accord, however late a poll comes: then each poll has exactly one answer.
  const { idle: _, ...play } = PANEL.play;
  const asked = { ...PANEL, poll: { ...PANEL.poll!, everyMs: 3_600_000 }, play };
  const rig = await started(asked, 'pty');
  const port = new SerialPort({ path: rig.device.address, baudRate: 9600, autoOpen: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  open.push({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => port.close(() => resolve())) });
  const host = new Host(port as unknown as Socket, PANEL);
  const poll = () => port.write(Buffer.from(PANEL.poll!.packet(0)));
  const answers = (count: number) => vi.waitFor(() => expect(host.cuts).toHaveLength(count), 60_000);
  poll(); // the line keeps it until the device looks
  await answers(1);
  const left = rig.device.perform({ kind: 'say', say: FIRE });
  poll();
  await left;
  await answers(2);
  poll();
  await answers(3);
  expect(host.said).toEqual(['fire 2']);
  expect(rig.truth()).toHaveLength(1);
  expect(rig.truth()[0]).toMatchObject({ sid: 'device-1-1', what: 'fire', expect: 'must', acknowledgedMs: null });
});

describe('a bad line', () => {
  test('noise is no packet, and the packet behind it is found', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    await rig.device.perform({ kind: 'noise', hex: '82 30 31' });
    await rig.device.perform({ kind: 'say', say: FIRE });
    await vi.waitFor(() => expect(host.said).toEqual(['fire 2']), 60_000);
    expect(host.cuts[0]?.kind).toBe('noise');
    expect(rig.truth().map(({ what, expect: expected }) => [what, expected])).toEqual([
      ['noise', 'mustNot'],
      ['fire', 'must'],
    ]);
  });

  test('a cut or flipped packet says nothing, and the truth forbids it', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    await rig.device.perform({ kind: 'cut', keepBytes: 9 });
    await rig.device.perform({ kind: 'say', say: FIRE });
    await rig.device.perform({ kind: 'flip', packets: 1 });
    await rig.device.perform({ kind: 'say', say: { what: 'fire', address: { loop: 1, point: 3 } } });
    await rig.device.perform({ kind: 'say', say: { what: 'fire', address: { loop: 1, point: 4 } } });
    await vi.waitFor(() => expect(host.said).toEqual(['fire 4']), 60_000);
    expect(rig.truth().map(({ expect: expected }) => expected)).toEqual(['mustNot', 'mustNot', 'must']);
  });

  test('glued packets leave in one piece', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    await rig.device.perform({ kind: 'glue', packets: 2 });
    void rig.device.perform({ kind: 'say', say: FIRE });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(host.said).toEqual([]);
    void rig.device.perform({ kind: 'say', say: { what: 'fire', address: { loop: 1, point: 3 } } });
    await vi.waitFor(() => expect(host.said).toEqual(['fire 2', 'fire 3']), 60_000);
  });

  test('a silent device neither answers nor speaks, then says what it kept', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    await rig.device.perform({ kind: 'silence', forMs: 300 });
    host.socket.write(PANEL.poll!.packet(0));
    void rig.device.perform({ kind: 'say', say: FIRE });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(host.cuts).toEqual([]);
    await vi.waitFor(() => expect(host.said).toEqual(['fire 2']), 60_000);
  });

  test('an unplugged wire drops the host and comes back at the same address', async () => {
    const rig = await started(PANEL, 'tcp:127.0.0.1:0');
    const host = await hostOf(rig);
    const closed = once(host.socket, 'close');
    await rig.device.perform({ kind: 'unplug', forMs: 50 });
    await closed;
    const again = await vi.waitFor(() => hostOf(rig), 60_000);
    await rig.device.perform({ kind: 'say', say: FIRE });
    await vi.waitFor(() => expect(again.said).toEqual(['fire 2']), 60_000);
  });
});

test('where the family confirms, a thing is said again until the host confirms it, and only then is certain', async () => {
  const CONFIRMATION = hex('06');
  const family: TalkingFamily = {
    ...PANEL,
    play: {
      say: PANEL.play.say,
      repeatEveryMs: 30,
      hostCut: { maxBytes: 1, measure: () => 1 },
      confirms: (packet) => packet[0] === CONFIRMATION[0],
    },
  };
  const rig = await started(family, 'tcp:127.0.0.1:0');
  const host = await hostOf(rig);
  void rig.device.perform({ kind: 'say', say: FIRE });
  void rig.device.perform({ kind: 'say', say: { what: 'fire', address: { loop: 1, point: 3 } } });
  await vi.waitFor(() => expect(host.said.length).toBeGreaterThan(2), 60_000);
  expect(new Set(host.said)).toEqual(new Set(['fire 2']));
  expect(rig.truth()).toHaveLength(1);
  expect(rig.truth()[0]).toMatchObject({ expect: 'may', acknowledgedMs: null });
  host.socket.write(CONFIRMATION);
  await vi.waitFor(() => expect(host.said.at(-1)).toBe('fire 3'), 60_000);
  expect(rig.truth()[0]).toMatchObject({ expect: 'must', acknowledgedMs: expect.any(Number) });
});
