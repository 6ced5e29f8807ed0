import { expect, test } from 'vitest';
import { PUSH_TAKEN, PUSH_UNTAKEN } from './desk.ts';
import { type DoorRequest, type DoorResponse, PushDoor } from './door.ts';

/** A request as an HTTP server hands it over, played chunk by chunk. */
class Played implements DoorRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Record<string, string> = {};
  readonly socket: { remoteAddress?: string } = { remoteAddress: '10.0.0.1' };
  resumed = false;
  readonly #listeners = new Map<string, Array<(chunk: Uint8Array) => void>>();

  constructor(method?: string, url?: string) {
    this.method = method;
    this.url = url;
  }
  on(event: string, listener: (chunk: Uint8Array) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }
  resume(): void {
    this.resumed = true;
  }
  send(...chunks: Uint8Array[]): void {
    for (const chunk of chunks) for (const listener of this.#listeners.get('data') ?? []) listener(chunk);
    for (const listener of this.#listeners.get('end') ?? []) listener(new Uint8Array());
  }
}

class Answer implements DoorResponse {
  headersSent = false;
  status = 0;
  headers: Readonly<Record<string, string | number>> = {};
  body = '';
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.headersSent = true;
    this.status = status;
    this.headers = headers;
  }
  end(body: Uint8Array): void {
    this.body = new TextDecoder().decode(body);
  }
}

function opened() {
  const counted: string[] = [];
  const door = new PushDoor({
    allows: (address) => address === '10.0.0.1',
    refuses: (method) => (method === 'DELETE' ? { refused: 'wrong-method', answer: { status: 405, text: '' } } : null),
    count: (why) => counted.push(why),
  });
  const push = (request = new Played('POST', '/push/x'), ...chunks: Uint8Array[]) => {
    const response = new Answer();
    door.admit(request, response);
    request.send(...chunks);
    return { request, response };
  };
  return { door, counted, push };
}

test('a push is held whole until it is answered, once', async () => {
  const { door, push } = opened();
  const { response } = push(undefined, Uint8Array.of(1, 2), Uint8Array.of(3));
  await door.arrival();
  const [posted] = door.take(5);
  expect(posted).toMatchObject({ method: 'POST', target: '/push/x', body: Uint8Array.of(1, 2, 3) });
  expect(response.headersSent).toBe(false);
  posted!.answer(PUSH_TAKEN);
  posted!.answer(PUSH_UNTAKEN);
  expect(response).toMatchObject({
    status: 200,
    body: 'ok',
    headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': 2 },
  });
  expect(door.counters).toMatchObject({ requestsIn: 1, bytesIn: 3, bytesOut: 2, dropped: 0 });
});

test('whoever may not come, asks wrongly or talks too long is turned away and let go', () => {
  const { counted, push } = opened();
  const stranger = new Played('POST', '/push/x');
  stranger.socket.remoteAddress = '10.0.0.2';
  expect(push(stranger).response).toMatchObject({ status: 403, headers: { connection: 'close' } });
  expect(push(new Played('DELETE', '/push/x')).response.status).toBe(405);
  const announced = new Played('POST', '/push/x');
  announced.headers['content-length'] = '70000';
  expect(push(announced).request.resumed).toBe(true);
  const nobody = new Played();
  delete nobody.socket.remoteAddress;
  push(nobody);
  const long = push(undefined, new Uint8Array(60_000), new Uint8Array(60_000), new Uint8Array(60_000));
  expect(long.response.status).toBe(413);
  expect(counted).toEqual(['wrong-source', 'wrong-method', 'too-large', 'wrong-source', 'too-large']);
});

test('more than can wait are sent back to come again', () => {
  const { door, counted, push } = opened();
  const all = Array.from({ length: 257 }, () => push().response);
  expect(all.map(({ status }) => status).filter((status) => status === 503)).toHaveLength(1);
  expect([counted, door.counters.dropped]).toEqual([['too-many'], 1]);
});

test('requests come one by one until the door is shut; then everybody is to come again', async () => {
  const { door, push } = opened();
  const requests = door.requests();
  const first = requests.next();
  const { response } = push();
  expect((await first).value).toMatchObject({ target: '/push/x' });
  const waiting = push().response;
  door.shut();
  expect(waiting).toMatchObject({ status: 503, headers: { connection: 'close' } });
  expect(await requests.next()).toEqual({ done: true, value: undefined });
  expect(push().response.status).toBe(503);
  expect(response.headersSent).toBe(false);
  door.release();
  expect(response.status).toBe(503);
});

test('a door that failed says so to who waits at it', async () => {
  const { door } = opened();
  const arrival = door.arrival();
  door.shut(new Error('the address is in use'));
  await expect(arrival).rejects.toThrow('in use');
});
