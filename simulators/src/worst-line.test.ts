import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketCutter, type Stimulus, type TalkingFamily, WHATS } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { SerialPort } from 'serialport';
import { describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from './folder.fixture.ts';
import { type Rig, rigOf } from './rig.fixture.ts';
import { readScenario } from './scenario.ts';

/**
 * Every talking family of the register on every wire it has, through every vice of a line, as a scenario says it: noise, a packet
 * cut, a bit flipped, packets doubled and glued, silence, and on TCP and UDP the plug pulled. Afterwards its host hears it as before.
 */

const PATIENT = { timeout: 60_000, interval: 25 };
const HOST_POLLS_EVERY_MS = 60;
const GAP_MS = 40;
const NOON = '2026-10-07T12:00:00';
const ADDRESS = { controller: 1, loop: 1, point: 2 };

/** The first thing, most urgent first, that a family can say. */
function sayable({ play }: TalkingFamily): Omit<Stimulus, 'deviceTime'> {
  const wishes = ['fire', ...WHATS].flatMap((what) => [
    { what, address: ADDRESS },
    { what, address: ADDRESS, value: 30 },
  ]) as Array<Omit<Stimulus, 'deviceTime'>>;
  return wishes.find((wish) => play.say({ ...wish, deviceTime: NOON }) !== null)!;
}

/** A byte that starts no packet of this family: without a checksum any other may become part of one. */
function noiseFor({ cut }: TalkingFamily): string {
  const byte = Array.from({ length: 256 }, (_, value) => value).find(
    (value) => typeof cut.measure(Uint8Array.of(value), 0, 1) === 'object',
  );
  return byte!.toString(16).padStart(2, '0');
}

type Write = (bytes: Uint8Array) => void;

/** The far end of a line: cuts, reads, answers and polls as the family says. */
class Host implements Disposable {
  readonly heard: string[] = [];
  noise = 0;
  readonly #family: TalkingFamily;
  readonly #cutter: PacketCutter;
  readonly #timer: NodeJS.Timeout;
  #write: Write | null = null;
  #gap: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(family: TalkingFamily) {
    this.#family = family;
    this.#cutter = new PacketCutter(family.cut);
    this.#timer = setInterval(() => family.poll && this.#write?.(family.poll.packet(this.#turn++)), HOST_POLLS_EVERY_MS);
  }

  connected(write: Write): void {
    this.#write = write;
  }

  take(bytes: Uint8Array): void {
    clearTimeout(this.#gap);
    this.#gap = setTimeout(() => this.#read(this.#cutter.idle()), GAP_MS);
    this.#read(this.#cutter.feed(bytes));
  }

  #read(cuts: ReturnType<PacketCutter['feed']>): void {
    for (const cut of cuts) {
      if (cut.kind === 'noise') this.noise += cut.bytes.length;
      else {
        this.heard.push(...this.#family.decode(cut.bytes).observations.map(({ what }) => what));
        const answer = this.#family.answer?.(cut.bytes, NOON);
        if (answer) this.#write?.(answer);
      }
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    clearTimeout(this.#gap);
  }
}

/** A host at the end of a wire. */
interface Attached {
  /** Dials anew: a pull during a read is not always noticed by serialport 13. */
  redial(): void;
  letGo(): void;
}

/** Keeps a host at the end of a wire, again and again after the plug was pulled. */
function attach(host: Host, rig: Rig, kind: 'pty' | 'tcp'): Attached {
  let isOver = false;
  let hangUp = () => {};
  const dial = async () => {
    while (!isOver) {
      try {
        const { stream, gone } = kind === 'tcp' ? await dialTcp(rig.device.address) : await dialSerial(rig.device.address);
        stream.on('data', (bytes: Uint8Array) => host.take(bytes));
        host.connected((bytes) => stream.writable && stream.write(bytes));
        await Promise.race([
          gone,
          new Promise<void>((resolve) => {
            hangUp = resolve;
          }),
        ]);
        await letGoOf(stream);
      } catch {
        await sleep(20);
      }
    }
  };
  void dial();
  return {
    redial: () => hangUp(),
    letGo() {
      isOver = true;
      hangUp();
    },
  };
}

/** Two readers of one serial line take bytes from each other: the first must be gone. */
async function letGoOf(stream: SerialPort | Socket): Promise<void> {
  if (!(stream instanceof SerialPort)) stream.destroy();
  else if (stream.isOpen) await Promise.race([new Promise<void>((resolve) => stream.close(() => resolve())), sleep(1_000)]);
}

async function dialTcp(address: string) {
  const [at, port] = address.split(':');
  const stream = connect(Number(port), at);
  stream.on('error', () => {});
  const gone = new Promise((resolve) => stream.once('close', resolve));
  await once(stream, 'connect');
  return { stream, gone };
}

async function dialSerial(path: string) {
  const stream = new SerialPort({ path, baudRate: 115_200, autoOpen: false, lock: false });
  stream.on('error', () => {});
  await new Promise<void>((resolve, reject) => stream.open((error) => (error ? reject(error) : resolve())));
  return { stream, gone: new Promise((resolve) => stream.once('close', resolve)) };
}

async function listen(host: Host): Promise<Datagrams> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (bytes, { port, address }) => {
    host.connected((answer) => socket.send(answer, port, address));
    host.take(bytes);
  });
  return socket;
}

async function story(family: TalkingFamily, rig: Rig, host: Host, pulled: { readonly redial: () => void } | null): Promise<void> {
  const say = sayable(family);
  const count = () => host.heard.filter((what) => what === say.what).length;
  const act = (steps: object[]) =>
    readScenario({ steps: steps.map((step) => ({ at: 0, ...step })) }, rig.device.able).map(({ action }) => rig.device.perform(action));
  /** Said again until it is heard: what is said while the host still dials is lost, as on a real line. */
  const sayUntilHeard = async () => {
    const heard = count();
    const again = setInterval(() => void act([{ say }]), 500);
    void act([{ say }]);
    await vi.waitFor(() => expect(count()).toBeGreaterThan(heard), PATIENT).finally(() => clearInterval(again));
  };
  await sayUntilHeard();
  const before = host.noise;
  const worst = [
    { noise: { hex: noiseFor(family).repeat(5) } },
    ...[{ cut: { keepBytes: 2 } }, { say }, { flip: { packets: 1 } }, { say }],
    ...[{ duplicate: { packets: 1, copies: 2 } }, { say }, { glue: { packets: 2 } }, { say }, { say }],
  ];
  void act(worst);
  await vi.waitFor(() => expect(host.noise).toBeGreaterThan(before), PATIENT);
  await sleep(300);
  void act([{ silence: '100ms' }]);
  await sleep(150);
  if (pulled) {
    await Promise.all(act([{ unplug: '100ms' }]));
    pulled.redial();
    await sleep(300);
  }
  await sayUntilHeard();
}

const talking = [...FAMILIES.values()].filter((family) => family.shape === 'talks');

async function overStream(family: TalkingFamily, kind: 'tcp' | 'pty', isPulled: boolean): Promise<void> {
  using host = new Host(family);
  const wire = kind === 'tcp' ? 'tcp:127.0.0.1:0' : `pty:${temporaryFolder()}/line`;
  const rig = rigOf({ family, wire, ...(kind === 'pty' ? { baudRate: 115_200 } : {}) });
  await rig.device.start();
  const { redial, letGo } = attach(host, rig, kind);
  try {
    await story(family, rig, host, isPulled ? { redial } : null);
  } finally {
    letGo();
    await rig.device[Symbol.asyncDispose]();
  }
}

const LONG = { timeout: 200_000 };

describe.concurrent.each(talking)('$name', (family) => {
  test('is heard again after the worst that a line can do, the plug pulled, over tcp', LONG, () => overStream(family, 'tcp', true));
  test('is heard again after the worst that a line can do, over pty', LONG, () => overStream(family, 'pty', false));
});

// One at a time: the number of a pseudo-terminal that was pulled is given to the next that opens.
describe.each(talking.filter(({ sender }) => sender))('$name', (family) => {
  test('is heard again after its plug was pulled, over pty', LONG, () => overStream(family, 'pty', true));
});

describe.concurrent.each(talking.filter(({ sender }) => sender))('$name', (family) => {
  test('is heard again after the worst that a network can do, over udp', LONG, async () => {
    using host = new Host(family);
    const socket = await listen(host);
    const rig = rigOf({ family, wire: `udp:127.0.0.1:${socket.address().port}` });
    await rig.device.start();
    try {
      await story(family, rig, host, { redial: () => {} });
    } finally {
      await rig.device[Symbol.asyncDispose]();
      socket.close();
    }
  });
});
