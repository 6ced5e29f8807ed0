// The way to the box: questions, words said, and what it tells by itself.

/** Without a word for so long the connection counts as lost; the box says something every second. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 2_000;
const ANSWER_MS = 10_000;
/** How often a person who uses the page keeps the session alive. */
const ACTIVE_MS = 60_000;

/** Called when the session is over. */
let out = () => {};

/** @param {() => void} told */
export function onOut(told) {
  out = told;
}

/** @param {string} path @param {RequestInit} [how] */
async function ask(path, how = {}) {
  const answer = await fetch(path, { ...how, signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.status === 401 && path !== '/api/login') out();
  return answer;
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const answer = await ask(path);
  if (!answer.ok) throw new Error(`${path} ${answer.status}`);
  return answer.json();
}

/** @param {string} path @param {unknown} [said] @returns {Promise<{ code: number, body: any }>} */
export async function post(path, said = {}) {
  const answer = await ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) });
  return { code: answer.status, body: await answer.json().catch(() => ({})) };
}

/**
 * Listens to how everything stands, for as long as the session lives.
 * @param {{ status: (status: any) => void, lost: (ms: number | null) => void }} page
 * @returns {() => void} stops it
 */
export function listen(page) {
  let heardMs = performance.now();
  let isLost = false;
  let isOver = false;
  /** @type {EventSource | null} */
  let source = null;

  function open() {
    source?.close();
    source = new EventSource('/api/stream');
    source.addEventListener('status', (/** @type {MessageEvent<string>} */ { data }) => {
      heardMs = performance.now();
      page.status(JSON.parse(data));
    });
    source.addEventListener('over', () => get('/api/hello').catch(() => {}));
    // An answer that was no stream ends an EventSource for good.
    source.addEventListener('error', () => source?.readyState === EventSource.CLOSED && setTimeout(again, AGAIN_MS));
  }

  function again() {
    if (isOver) return;
    get('/api/hello').then(open, () => setTimeout(again, AGAIN_MS));
  }

  const timer = setInterval(() => {
    const silentMs = performance.now() - heardMs;
    const lost = silentMs > SILENCE_MS;
    if (lost || isLost) page.lost(lost ? silentMs : null);
    if (lost && !isLost) again(); // open and silent is dead, and nobody told the browser
    isLost = lost;
  }, 500);

  open();
  return () => {
    isOver = true;
    clearInterval(timer);
    source?.close();
    page.lost(null);
  };
}

/** @param {string} line @param {(told: { pieces: any[], left: number }) => void} heard @returns {() => void} stops it */
export function listenToBytes(line, heard) {
  const source = new EventSource(`/api/bytes?line=${encodeURIComponent(line)}`);
  source.addEventListener('bytes', (/** @type {MessageEvent<string>} */ { data }) => heard(JSON.parse(data)));
  return () => source.close();
}

/** Tells the box now and then that somebody is there: what runs by itself keeps no session alive. @param {() => boolean} isIn */
export function keepAlive(isIn) {
  let toldMs = Number.NEGATIVE_INFINITY;
  const active = () => {
    if (!isIn() || performance.now() - toldMs < ACTIVE_MS) return;
    toldMs = performance.now();
    post('/api/active').catch(() => {});
  };
  for (const gesture of ['pointerdown', 'keydown']) document.addEventListener(gesture, active);
}
