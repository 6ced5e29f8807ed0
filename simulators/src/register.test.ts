import { once } from 'node:events';
import { connect } from 'node:net';
import { PacketCutter, type Stimulus, WHATS } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { describe, expect, test, vi } from 'vitest';
import { type Rig, rigOf } from './rig.fixture.ts';

// Every family of the register can be played: a family that no simulator can play is not finished.

const ADDRESS = { controller: 1, loop: 1, point: 2 };

const DEVICE = '860000000000017';

/** The first thing, most urgent first, that a family can say. */
function sayable(says: (stimulus: Stimulus) => Uint8Array | null): Omit<Stimulus, 'deviceTime'> | undefined {
  return ['fire', ...WHATS]
    .flatMap(
      (what) =>
        [
          { what, address: ADDRESS },
          { what, address: ADDRESS, value: 30 },
        ] as Omit<Stimulus, 'deviceTime'>[],
    )
    .find((stimulus) => says({ ...stimulus, deviceTime: '2026-10-07T12:00:00' }) !== null);
}

async function playing(family: Parameters<typeof rigOf>[0]['family'], wire: string, act: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = rigOf({ family, wire, endpoint: DEVICE, mode: 'direct' });
  await rig.device.start();
  await act(rig).finally(() => rig.device[Symbol.asyncDispose]());
}

const families = [...FAMILIES.values()];

describe.each(families.filter((family) => family.shape === 'talks'))('$name', (family) => {
  test('says something that its own host reads as that', async () => {
    const stimulus = sayable(family.play.say);
    expect(stimulus, 'this family can say nothing').toBeDefined();
    await playing(family, 'tcp:127.0.0.1:0', async (rig) => {
      const socket = connect(Number(rig.device.address.split(':')[1]), '127.0.0.1');
      await once(socket, 'connect');
      const cutter = new PacketCutter(family.cut);
      const heard: string[] = [];
      let turn = 0;
      const answers = (packet: Uint8Array) => {
        const answer = family.answer?.(packet, '2026-10-07T12:00:00');
        if (answer) socket.write(answer);
      };
      socket.on('data', (bytes) => {
        for (const cut of [...cutter.feed(bytes), ...(family.gapMs < 50 ? cutter.idle() : [])]) {
          if (cut.kind !== 'packet') continue;
          heard.push(...family.decode(cut.bytes).observations.map(({ what }) => what));
          answers(cut.bytes);
        }
      });
      const timer = setInterval(() => family.poll && socket.write(family.poll.packet(turn++)), 50);
      void rig.device.perform({ kind: 'say', say: stimulus! });
      await vi
        .waitFor(() => expect(heard).toContain(stimulus!.what), 60_000)
        .finally(() => {
          clearInterval(timer);
          socket.destroy();
        });
    });
  });
});

describe.each(families.filter((family) => family.shape === 'polled'))('$name', (family) => {
  test('serves a value for every point', async () => {
    await playing(family, 'tcp:127.0.0.1:0', async (rig) => {
      for (const { name } of family.points) await rig.device.perform({ kind: 'set', values: { [name]: 1 } });
    });
  });
});

describe.each(families.filter((family) => family.shape === 'publishes').filter(({ carrier }) => carrier === 'coap'))('$name', (family) => {
  test('says something, and the truth says so', async () => {
    const stimulus = sayable((said) => family.play.say(said, DEVICE, 1));
    expect(stimulus, 'this family can say nothing').toBeDefined();
    await playing(family, 'udp:127.0.0.1:9', async (rig) => {
      void rig.device.perform({ kind: 'say', say: stimulus! });
      await vi.waitFor(() => expect(rig.truth()).toMatchObject([{ what: stimulus!.what, address: { device: DEVICE } }]), 60_000);
    });
  });
});
