import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Entry } from '../../ledger/ledger.ts';
import type { Change, Ground } from './needs.ts';
import { shownEntry } from './queries.ts';

/** The page says that the connection is lost after 5 s without a word. */
export const HEARTBEAT_MS = 2_000;
/** What may lie between us and a reader who reads slowly: some thousand events. */
const BUFFER_BYTES_MAX = 1024 * 1024;
/** How far back a reader can resume; beyond it the lists say more than the history. */
const REPLAY_POSITIONS_MAX = 2_000;
const REPLAY_PAGE = 200;
const READERS_MAX = 100;

function message(event: string, data: unknown, id?: number): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function entryMessage(entry: Entry): string {
  return message('entry', shownEntry(entry), entry.position);
}

/** Everything that one entry changed, ending with the entry itself: who has its id has the rest. */
function changeMessages({ entry, devices, incidents, gone }: Change): string {
  const told = incidents.length + gone.length > 0 ? message('incidents', { incidents, gone }) : '';
  return `${told}${devices.length > 0 ? message('devices', { devices }) : ''}${entryMessage(entry)}`;
}

/** Tells every reader what happens, as it is committed. A reader who does not read is closed and may resume where it was. */
export class Stream {
  readonly #ground: Ground;
  readonly #readers = new Set<ServerResponse>();
  readonly #stops: ReadonlyArray<() => void>;
  #connecting = 0;
  #dropped = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
    const heart = setInterval(() => this.#tell(message('heartbeat', { nowMs: Date.now(), position: ground.shown.position })), HEARTBEAT_MS);
    const unsubscribe = ground.shown.subscribe((change) => {
      if (this.#readers.size > 0) this.#tell(changeMessages(change));
    });
    this.#stops = [() => clearInterval(heart), unsubscribe];
  }

  get readers(): number {
    return this.#readers.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether one more reader can be taken. */
  get hasRoom(): boolean {
    return this.#readers.size + this.#connecting < READERS_MAX;
  }

  /** Begins to tell: where things stand, what the reader missed since `lastId`, then everything live. */
  async attach(response: ServerResponse, lastId: number | null): Promise<void> {
    const { shown, configuration } = this.#ground;
    response.on('close', () => this.#readers.delete(response));
    const { position } = shown;
    const canResume = lastId !== null && lastId <= position && position - lastId <= REPLAY_POSITIONS_MAX;
    const { zoneMinutes, operator } = configuration;
    const hello = { position, resumed: canResume, nowMs: Date.now(), zoneMinutes, operator, heartbeatMs: HEARTBEAT_MS };
    response.write(`retry: 1000\n\n${message('hello', hello)}`);
    this.#connecting += 1;
    try {
      await this.#replay(response, canResume ? lastId : position);
    } finally {
      this.#connecting -= 1;
    }
  }

  /** Sends entries until there is none left to miss, then joins the readers in the same turn. */
  async #replay(response: ServerResponse, from: number): Promise<void> {
    const { shown, ledger } = this.#ground;
    let at = from;
    while (at < shown.position && !response.destroyed) {
      const entries = await ledger.after(at, REPLAY_PAGE);
      const known = entries.filter(({ position }) => position <= shown.position);
      for (const entry of known) response.write(entryMessage(entry));
      at = known.at(-1)?.position ?? shown.position;
      if (response.writableNeedDrain && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    if (!response.destroyed) this.#readers.add(response);
  }

  #tell(text: string): void {
    for (const reader of this.#readers) {
      if (reader.writableLength + text.length <= BUFFER_BYTES_MAX) reader.write(text);
      else {
        this.#dropped += 1;
        this.#readers.delete(reader);
        reader.destroy(); // the browser comes back by itself with the last id it read
      }
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}
