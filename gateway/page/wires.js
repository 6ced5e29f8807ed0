// The wires: how each stands, and what crosses one just now.
import { get, listenToBytes } from './link.js';
import { by, element, fact, groups, heardOf, keep, plain, sizeOf, timeOf } from './show.js';
import { say } from './words.js';

const ROWS_MAX = 300;

/** @type {{ line: string, stop: () => void, isPaused: boolean, left: number } | null} */
let watching = null;

/** @param {any} wire */
function wireText(wire) {
  if (wire.kind === 'serial') return `${wire.path}${wire.baudRate ? ` @ ${wire.baudRate}` : ''}`;
  return `${wire.kind} ${wire.host}:${wire.port}`;
}

/** @param {any} status */
export function drawWires({ lines }) {
  if (lines.length === 0) by('lines').replaceChildren(element('p', 'soft', say('noLines')));
  else
    keep(
      by('lines'),
      lines,
      ({ name }) => name,
      lineContent,
      'article',
      ({ name, state }) => `card line ${state}${watching?.line === name ? ' watched' : ''}`,
    );
}

/** @param {any} line */
function lineContent(line) {
  const { name, wire, state, lastFailure, bytesIn, bytesOut, packets, events, unheard, dropped, reopened, devices, strangers } = line;
  const noise = Object.values(unheard).reduce((sum, number) => sum + number, 0);
  const head = element('div', 'heading', element('h2', '', plain(name)), element('span', `chip ${state}`, say(`state-${state}`)));
  const facts = element('div', 'numbers', fact(say('received'), sizeOf(bytesIn)), fact(say('sent'), sizeOf(bytesOut)));
  facts.append(
    fact(say('packets'), String(packets)),
    fact(say('events'), String(events)),
    fact(say('noise'), String(noise), noise > 0 ? 'some' : ''),
  );
  if (reopened > 0) facts.append(fact(say('reopened'), String(reopened), 'some'));
  if (dropped > 0) facts.append(fact(say('dropped'), String(dropped), 'some'));
  const reasons = Object.entries(unheard).map(([why, number]) => element('span', 'chip', `${say(`why-${why}`)} ${number}`));
  const watch = element('button', 'watch', say('watch'));
  watch.dataset['line'] = name;
  watch.setAttribute('type', 'button');
  return [
    head,
    element('p', 'soft', plain(wireText(wire))),
    ...(lastFailure === null ? [] : [element('p', 'detail', plain(lastFailure))]),
    facts,
    ...(reasons.length > 0 ? [element('div', 'chips', ...reasons)] : []),
    element('ul', 'devices', ...devices.map(deviceElement), ...strangers.map(strangerElement)),
    watch,
  ];
}

/** @param {any} device */
function deviceElement({ name, family, link, heardMs, unknownSinceMs }) {
  const standing = unknownSinceMs === null ? say(`link-${link}`) : say('link-unknown-since', timeOf(unknownSinceMs));
  return element(
    'li',
    '',
    element('span', `dot ${link}`),
    element('b', '', plain(name)),
    element('small', '', plain(family)),
    element('span', 'when', `${standing} · ${heardOf(heardMs)}`),
  );
}

/** @param {any} stranger */
function strangerElement({ name, heardMs }) {
  return element(
    'li',
    '',
    element('span', 'dot stranger'),
    element('b', '', plain(name)),
    element('small', '', say('stranger')),
    element('span', 'when', heardOf(heardMs)),
  );
}

/** @param {any} piece */
function pieceElement({ atMs, what, hex, peer, why, cut }) {
  const signs = { in: '←', out: '→', noise: '⚡' };
  const row = element(
    'li',
    what,
    element('time', '', timeOf(atMs, true)),
    element('b', 'sign', signs[/** @type {'in' | 'out' | 'noise'} */ (what)]),
  );
  const told = [peer ? plain(peer) : '', why ? say(`why-${why}`) : ''].filter(Boolean).join(' · ');
  row.append(element('span', 'hex', told ? element('em', '', told) : null, ...groups(hex), cut ? ' …' : ''));
  return row;
}

/** @param {{ pieces: any[], left: number }} told */
function heard({ pieces, left }) {
  if (!watching) return;
  watching.left += left;
  by('live-note').textContent = watching.left > 0 ? say('leftOut', watching.left) : '';
  if (watching.isPaused) return;
  const list = by('bytes');
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  list.append(...pieces.map(pieceElement));
  while (list.children.length > ROWS_MAX) list.firstElementChild?.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

/** @param {string} line @param {boolean} isPushed */
async function watch(line, isPushed) {
  stopWatching();
  by('bytes').replaceChildren();
  watching = { line, isPaused: false, left: 0, stop: listenToBytes(line, heard) };
  by('live').hidden = false;
  drawLiveFrame();
  by('live-note').textContent = isPushed ? say('pushedWire') : say('waitingBytes');
  by('live').scrollIntoView({ behavior: 'smooth', block: 'start' });
  const { noise } = await get(`/api/noise?line=${encodeURIComponent(line)}`);
  const rows = noise.map((/** @type {any} */ piece) => pieceElement({ ...piece, what: 'noise' }));
  by('noise').replaceChildren(...(rows.length > 0 ? rows.reverse() : [element('li', 'soft', say('noNoise'))]));
}

export function stopWatching() {
  watching?.stop();
  watching = null;
  by('live').hidden = true;
}

/** The words of the live part, in the language of now. */
export function drawLiveFrame() {
  by('live-title').textContent = `${say('watch')} · ${plain(watching?.line ?? '')}`;
  by('live-pause').textContent = say(watching?.isPaused ? 'resume' : 'pause');
  by('live-pause').setAttribute('aria-pressed', String(watching?.isPaused ?? false));
  by('live-close').textContent = say('close');
  by('noise-title').textContent = say('lastNoise');
}

/** @param {() => any} statusNow */
export function prepareWires(statusNow) {
  by('lines').addEventListener('click', (event) => {
    const line = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.watch'))?.dataset['line'];
    if (line === undefined) return;
    const known = statusNow()?.lines.find((/** @type {any} */ { name }) => name === line);
    watch(line, known?.wire.kind === 'http').catch(() => {});
  });
  by('live-close').addEventListener('click', stopWatching);
  by('live-pause').addEventListener('click', () => {
    if (watching) watching.isPaused = !watching.isPaused;
    drawLiveFrame();
  });
}
