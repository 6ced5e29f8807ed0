// The live page: for somebody on a night shift who must see a fire at once and believe what is shown.
import { isLoaded, openIncidents, status } from './board.js';
import { connect, logIn } from './link.js';
import { deviceElements, eventElements, incidentElements, restoredElements, tally } from './lists.js';
import { count, counting, element, plain, takeZone, timeElement, timeOf, zoneName } from './show.js';
import { enableSound, isSoundEnabled, play } from './sound.js';
import { currentLanguage, say, switchLanguage, takeNames } from './words.js';

/** Lists are drawn at most so often: a storm of readings must not make the page slow. */
const DRAW_MS = 200;
/** Classes of incidents that sound; a fault is shown and stays quiet. */
const LOUD = new Set(['gas', 'electrical', 'prealarm', 'water', 'limit']);

/** @template {HTMLElement} T @param {string} id @returns {T} */
const by = (id) => /** @type {T} */ (document.getElementById(id));

/** What had been silenced: a new incident, or a new point of one, sounds again (GB/T 45839-2025 5.4.2). @type {Set<string>} */
let silenced = new Set();
let onlyAbnormal = false;
let operator = '';
/** For how long the connection has been lost. @type {number | null} */
let lostSeconds = null;

/** @param {import('./board.js').Incident} incident */
const voices = (incident) => incident.points.map(({ eventId, times }) => `${incident.id} ${eventId} ${times}`);

function soundOut() {
  const live = openIncidents().filter(({ test, class: name }) => !test && (name === 'fire' || LOUD.has(name)));
  const loud = live.filter((incident) => voices(incident).some((voice) => !silenced.has(voice)));
  play(loud.length === 0 ? null : loud.some((incident) => incident.class === 'fire') ? 'fire' : 'alarm');
  const bar = by('sound-bar');
  bar.hidden = isSoundEnabled();
  bar.textContent = say('enableSound');
  bar.classList.toggle('urgent', loud.length > 0);
  const silence = /** @type {HTMLButtonElement} */ (by('silence'));
  silence.disabled = loud.length === 0;
  silence.textContent = say(live.length > 0 && loud.length === 0 ? 'silenced' : 'silence');
}

function drawTally() {
  const numbers = tally();
  const isKnown = isLoaded();
  const tiles = Object.entries(numbers).map(([name, number]) => {
    const tile = element(
      'li',
      `${name}${number > 0 ? ' some' : ''}`,
      element('b', '', isKnown ? String(number) : '–'),
      element('span', '', say(name)),
    );
    tile.dataset['number'] = String(number);
    return tile;
  });
  by('tally').replaceChildren(...tiles);
  document.title = `${numbers.fires > 0 ? `【${say('fires')} ${numbers.fires}】 ` : ''}烽燧 Fengsui`;
  document.body.classList.toggle('on-fire', numbers.fires > 0);
}

/** @param {import('./board.js').Status['outlets'][number]} outlet */
function outletElement({ name, behind, refused, trouble }) {
  const made = element(
    'span',
    trouble || refused > 0 ? 'bad' : '',
    element('b', '', name === 'municipal' ? say('municipal') : plain(name)),
  );
  made.append(` ${behind === 0 ? say('upToDate') : say('behind', behind)}`, refused > 0 ? ` · ${say('refused', refused)}` : '');
  if (trouble) made.append(element('small', '', ` ${plain(trouble.why)}`));
  return made;
}

/** @param {import('./board.js').Status['gateways'][number]} gateway */
function gatewayElement({ gateway, heardMs, connected, sinceMs, clockSynchronised }) {
  const made = element(
    'span',
    clockSynchronised && connected !== false ? '' : 'bad',
    element('b', '', `${say('gateway')} ${plain(gateway)}`),
    ' ',
    counting(heardMs, 'ago'),
  );
  if (sinceMs !== undefined) made.append(` · ${say(connected ? 'connectedSince' : 'goneSince')} `, timeElement(sinceMs));
  if (!clockSynchronised) made.append(` · ${say('clockWrong')}`);
  return made;
}

/** What is wrong with the collector itself: seen by whoever looks, for nobody reads its log at night. */
function drawTroubles() {
  const troubles = (status?.troubles ?? []).map((trouble) =>
    element(
      'p',
      '',
      element('b', '', `${trouble[currentLanguage()]}: `),
      plain(trouble.detail),
      ' · ',
      timeElement(trouble.sinceMs),
      element('small', '', ` ${plain(trouble.remedy)}`),
    ),
  );
  by('troubles').hidden = troubles.length === 0;
  by('troubles').replaceChildren(...troubles);
}

function drawStatus() {
  if (!status) return;
  /** @param {boolean} isCatchingUp */
  const missingOf = (isCatchingUp) =>
    status?.series.reduce((sum, series) => sum + (series.isCatchingUp === isCatchingUp ? series.missing : 0), 0) ?? 0;
  const [missing, coming] = [missingOf(false), missingOf(true)];
  const ledger = element(
    'span',
    missing + status.quarantined > 0 ? 'bad' : '',
    element('b', '', say('ledger')),
    ` ${say('entries', status.entries)}`,
  );
  if (coming > 0) ledger.append(` · ${say('catchingUp', coming)}`);
  if (status.damaged.count > 0) ledger.append(` · ${say('damaged', status.damaged.count)}`);
  if (missing > 0) ledger.append(` · ${say('missing', missing)}`);
  if (status.quarantined > 0) ledger.append(` · ${say('quarantined', status.quarantined)}`);
  by('status').replaceChildren(ledger, ...status.outlets.map(outletElement), ...status.gateways.map(gatewayElement));
}

function drawFrame() {
  document.documentElement.lang = currentLanguage() === 'zh' ? 'zh-CN' : 'en';
  for (const [id, word] of Object.entries({ incidents: 'open', restored: 'restored', devices: 'devices' }))
    by(`${id}-title`).textContent = say(word);
  by('timeline-title').replaceChildren(say('timeline'), element('small', '', ` ${zoneName()}`));
  by('language').textContent = say('otherLanguage');
  by('abnormal').textContent = say('abnormal');
  by('operator').textContent = plain(operator);
  /** @type {HTMLInputElement} */ (by('search')).placeholder = say('search');
  /** @type {HTMLInputElement} */ (by('token')).placeholder = say('token');
  by('login-title').textContent = say('login');
  by('login-button').textContent = say('login');
}

function draw() {
  drawFrame();
  by('incidents').replaceChildren(...incidentElements(lostSeconds !== null));
  by('restored').replaceChildren(...restoredElements());
  by('devices').replaceChildren(...deviceElements(/** @type {HTMLInputElement} */ (by('search')).value, onlyAbnormal));
  by('timeline').replaceChildren(...eventElements());
  drawTally();
  drawTroubles();
  drawStatus();
  soundOut();
}

let drawnMs = 0;
let isDue = false;
function changed() {
  if (isDue) return;
  isDue = true;
  setTimeout(
    () => {
      isDue = false;
      drawnMs = performance.now();
      draw();
    },
    Math.max(0, drawnMs + DRAW_MS - performance.now()),
  );
}

/** @param {number | null} seconds for how long; null: not lost */
function lost(seconds) {
  if ((lostSeconds === null) !== (seconds === null)) changed();
  lostSeconds = seconds;
  const bar = by('lost');
  bar.hidden = seconds === null;
  document.body.classList.toggle('is-lost', seconds !== null);
  if (seconds !== null) bar.textContent = say('lost', seconds);
  by('connection').textContent = say(seconds === null ? 'live' : 'lostShort');
  by('connection').className = `connection ${seconds === null ? 'live' : 'gone'}`;
}

const dialog = /** @type {HTMLDialogElement} */ (by('login'));
by('connection').textContent = say('connecting');
draw();
const link = connect({
  changed,
  lost,
  named: takeNames,
  greeted: (hello) => {
    takeZone(hello.zoneMinutes);
    operator = hello.operator;
    lost(null);
  },
  unauthorized: () => dialog.open || dialog.showModal(),
});

by('login').addEventListener('cancel', (event) => event.preventDefault());
by('login')
  .querySelector('form')
  ?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (by('token'));
    const answer = await logIn(field.value);
    by('login-trouble').textContent = answer === 'in' ? '' : say(answer === 'wrong' ? 'wrongToken' : 'tryLater');
    if (answer !== 'in') return;
    field.value = '';
    dialog.close();
    link.retry();
  });
by('language').addEventListener('click', () => {
  switchLanguage();
  lost(lostSeconds);
  draw();
});
by('silence').addEventListener('click', () => {
  silenced = new Set(openIncidents().flatMap(voices));
  soundOut();
});
by('abnormal').addEventListener('click', () => {
  onlyAbnormal = !onlyAbnormal;
  by('abnormal').setAttribute('aria-pressed', String(onlyAbnormal));
  draw();
});
by('search').addEventListener('input', changed);
// Any touch of the page is the gesture that browsers ask for. Not pointerdown: the bar would go away under the finger.
for (const gesture of ['click', 'keydown']) {
  document.addEventListener(gesture, () => isSoundEnabled() || enableSound().then(soundOut, () => {}));
}
setInterval(() => {
  by('clock').textContent = `${timeOf(Date.now())} ${zoneName()}`;
  for (const counted of document.querySelectorAll('.counting')) count(/** @type {HTMLElement} */ (counted));
}, 1_000);
