import type { Datagram, DatagramWire } from '../line.ts';
import { CoapServer } from './coap-server.ts';
import type { Driver } from './driver.ts';
import { Inbox } from './inbox.ts';
import type { Batch, PublishingLine, Reaction } from './publishing-line.ts';

/** Datagrams dealt with in one commit: a burst of alarms shares the disk's time. */
const BATCH_MAX = 64;

/**
 * Serves devices that publish over CoAP. An answer leaves only after what it answers is durable, and never before in any
 * form: an empty acknowledgement would stop the device from sending again (RFC 7252 §5.2.2), so while the journal works or
 * fails there is silence. What needs no commit is answered at once.
 */
export async function* driveCoap(line: PublishingLine): Driver {
  const { wire, clock, signal, links } = line;
  const server = new CoapServer(line);
  await using inbox = new Inbox(wire.datagrams, clock, signal);
  while (true) {
    const datagrams = await datagramsFrom(inbox, Math.min(links.dueInMs(), server.nextQuestionInMs()));
    if (datagrams === 'end') return;
    const batch: Batch = new Map();
    for (const datagram of datagrams) server.react(datagram, batch);
    server.giveUpFetches(batch);
    const reactions = [...batch.values()];
    await sendAll(
      wire,
      reactions.filter(({ afterCommit }) => !afterCommit),
    );
    if (reactions.some(({ registers }) => registers)) await line.store.save(line.registrations.all);
    const heard = [...reactions.flatMap((reaction) => reaction.heard ?? []), ...links.overdue()];
    if (heard.length > 0) {
      yield heard;
      links.settle(heard);
    }
    server.durable(batch);
    await sendAll(
      wire,
      reactions.filter(({ afterCommit }) => afterCommit),
    );
    for (const { bytes, to } of server.dueQuestions()) await wire.send(bytes, to);
  }
}

async function datagramsFrom(inbox: Inbox<Datagram>, waitMs: number): Promise<Datagram[] | 'end'> {
  const batch: Datagram[] = [];
  while (batch.length < BATCH_MAX) {
    const arrival = await inbox.take(batch.length === 0 ? waitMs : 0);
    if (arrival === 'end') return 'end';
    if (arrival === 'silence') break;
    batch.push(arrival.item);
  }
  return batch;
}

async function sendAll(wire: DatagramWire, reactions: readonly Reaction[]): Promise<void> {
  for (const { reply, to } of reactions) {
    if (reply) for (const peer of to) await wire.send(reply, peer);
  }
}
