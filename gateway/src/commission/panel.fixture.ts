import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Family, PacketCutter, type PolledFamily, type Stimulus, type TalkingFamily, type What } from '@fengsui/protocol';
import { answerModbus } from '@fengsui/protocol/modbus';

/** Devices behind a serial server on loopback, played from the descriptions of their families. */
export interface PlayedPanel extends AsyncDisposable {
  readonly port: number;
  /** Bytes the host has written. */
  readonly heardBytes: () => number;
  /** Polls and other packets of the host that were answered. */
  readonly answers: () => number;
}

type Conversation = (socket: Socket, panel: { heardBytes: number; answers: number }) => void;

async function serve(talk: Conversation): Promise<PlayedPanel> {
  const sockets = new Set<Socket>();
  const counts = { heardBytes: 0, answers: 0 };
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('data', (bytes) => (counts.heardBytes += bytes.length)));
    talk(socket, counts);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    heardBytes: () => counts.heardBytes,
    answers: () => counts.answers,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export const DEVICE_TIME = '2026-10-01T12:00:00';
const SAYINGS: readonly What[] = ['fire', 'fault', 'shield', 'unshield', 'feedback', 'start', 'reset'];

/** What a device says in a busy minute, in its own packets. */
export function sayingsOf(family: TalkingFamily): Uint8Array[] {
  return SAYINGS.flatMap((what, index) => {
    const stimulus: Stimulus = { what, address: { controller: 1, loop: 1, point: 2 + index }, componentType: 42, deviceTime: DEVICE_TIME };
    return family.play.say(stimulus) ?? [];
  });
}

/** Says everything once, a packet every few milliseconds with noise between; answers polls. */
export function playPanel(family: TalkingFamily, everyMs = 15): Promise<PlayedPanel> {
  return serve((socket, counts) => {
    const waiting = family.play.onlyWhenPolled ? sayingsOf(family) : [];
    const queue = family.play.onlyWhenPolled ? [] : sayingsOf(family).flatMap((packet) => [packet, Uint8Array.of(0xee, 0xee)]);
    const timer = setInterval(() => {
      const packet = queue.shift();
      if (packet) socket.write(packet);
    }, everyMs);
    socket.on('close', () => clearInterval(timer));
    if (!family.play.hostCut) return;
    const cutter = new PacketCutter(family.play.hostCut);
    socket.on('data', (bytes) => {
      for (const cut of cutter.feed(bytes)) {
        const answer = cut.kind === 'packet' ? family.play.answer?.(cut.bytes, waiting[0] ?? null, DEVICE_TIME) : null;
        if (!answer) continue;
        counts.answers += 1;
        if (waiting[0] && Buffer.from(answer).equals(waiting[0])) waiting.shift();
        socket.write(answer);
      }
    });
  });
}

/** A Modbus unit that shows rising registers, and falls silent after so many answers. */
export function playUnit(unit: number, registers: number, answersMax = Number.POSITIVE_INFINITY): Promise<PlayedPanel> {
  return serve((socket, counts) => {
    socket.on('data', (bytes) => {
      if (counts.answers >= answersMax) return;
      const reply = answerModbus(bytes, unit, (fn, register) => (fn >= 3 && register < registers ? 300 + counts.answers : undefined));
      if (!reply) return;
      counts.answers += 1;
      socket.write(reply);
    });
  });
}

export const isTalking = (family: Family): family is TalkingFamily => family.shape === 'talks';
export const isPolled = (family: Family): family is PolledFamily => family.shape === 'polled';
