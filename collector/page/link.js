// The way to the collector: the stream, the lists, the login. Says loudly when it is gone.
import * as board from './board.js';

/** Without a word for so long the connection counts as lost; the collector says something every 2 s. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 2_000;
const ANSWER_MS = 10_000;
const STATUS_MS = 5_000;

/**
 * @param {{ changed: () => void, greeted: (hello: { operator: string, zoneMinutes: number }) => void, lost: (seconds: number | null) => void, unauthorized: () => void, named: (words: any) => void }} page
 */
export function connect(page) {
  let heardMs = performance.now();
  let isLost = false;
  let isKnown = true;
  let isTrying = false;
  /** @type {EventSource | null} */
  let source = null;

  /** @param {string} path */
  async function get(path) {
    const answer = await fetch(path, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status === 401) {
      isKnown = false;
      source?.close();
      page.unauthorized();
    }
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer.json();
  }

  async function load() {
    page.named(await get('/api/words'));
    board.layIncidents(await get('/api/incidents'));
    page.changed();
    board.layDevices(await get('/api/devices'));
    board.layEntries(await get('/api/events?max=500'));
    board.layStatus(await get('/api/status'));
    page.changed();
  }

  /** @param {(data: any) => void} take */
  const on = (take) => (/** @type {MessageEvent<string>} */ message) => {
    heardMs = performance.now();
    take(JSON.parse(message.data));
    page.changed();
  };

  function open() {
    source?.close();
    source = new EventSource('/api/stream');
    source.addEventListener(
      'hello',
      on((hello) => {
        page.greeted(hello);
        load().catch(again);
      }),
    );
    source.addEventListener('incidents', on(board.takeIncidents));
    source.addEventListener('devices', on(board.takeDevices));
    source.addEventListener('entry', on(board.takeEntry));
    source.addEventListener(
      'heartbeat',
      on(() => {}),
    );
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) again();
    });
  }

  /** An answer that was no stream ends an EventSource for good: wait until the collector answers, and begin anew. */
  async function again() {
    source?.close();
    if (isTrying) return;
    isTrying = true;
    for (let answers = false; isKnown && !answers; ) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      answers = await get('/api/status').then(
        () => true,
        () => false,
      );
    }
    isTrying = false;
    if (isKnown) open();
  }

  setInterval(() => {
    const silentMs = performance.now() - heardMs;
    const lost = isKnown && silentMs > SILENCE_MS;
    if (lost || isLost) page.lost(lost ? Math.floor(silentMs / 1000) : null);
    // A stream that is open and silent is dead and nobody told the browser.
    if (lost && !isLost) again();
    isLost = lost;
  }, 500);

  async function refreshStatus() {
    if (!isKnown || isLost) return;
    board.layStatus(await get('/api/status'));
    page.changed();
  }
  // A miss needs no word here: the stream says whether the connection is there.
  setInterval(() => refreshStatus().catch(() => {}), STATUS_MS);

  open();
  return {
    /** After a login: begins anew. */
    retry() {
      isKnown = true;
      heardMs = performance.now();
      open();
    },
  };
}

/**
 * @param {string} token
 * @returns {Promise<'in' | 'wrong' | 'later'>}
 */
export async function logIn(token) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/login', { method: 'POST', headers, body: JSON.stringify({ token }) }).catch(() => null);
  if (answer?.ok) return 'in';
  return answer?.status === 401 || answer?.status === 400 ? 'wrong' : 'later';
}
