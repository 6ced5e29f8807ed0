// The installer's page: for somebody in a basement with a telephone, who wants to know whether all is well and what to mend.
import { drawAlarm, drawTestFrame, prepareTest } from './alarm.js';
import { drawDuty, prepareDuty } from './duty.js';
import { drawJournal } from './journal.js';
import { get, keepAlive, listen, onOut, post } from './link.js';
import { drawOverview } from './overview.js';
import { drawPoints, loadPoints, preparePoints } from './points.js';
import { by, element, nowMs, plain, sizeOf, spanOf, takeClock, takeStart, takeZone, timeOf } from './show.js';
import { drawUnwatched, prepareUnwatched } from './unwatched.js';
import { drawLiveFrame, drawWires, prepareWires, stopWatching } from './wires.js';
import { currentLanguage, say, switchLanguage, takeNames } from './words.js';

const POINTS_EVERY_MS = 3_000;

/** @type {any} */
let status = null;
let gateway = '';
let tab = location.hash.slice(1) || 'overview';
/** @type {(() => void) | null} */
let stop = null;

const isIn = () => stop !== null;

function drawFrame() {
  document.documentElement.lang = currentLanguage() === 'zh' ? 'zh-CN' : 'en';
  document.title = gateway === '' ? say('title') : `${plain(gateway)} · ${say('title')}`;
  by('gateway').textContent = gateway === '' ? say('title') : plain(gateway);
  by('language').textContent = say('otherLanguage');
  by('logout').textContent = say('logout');
  for (const [id, word] of Object.entries({
    'login-title': 'enterPin',
    'login-button': 'login',
    'login-help': 'pinHelp',
    'diagnostics-title': 'diagnostics',
    'diagnostics-what': 'diagnosticsWhat',
    diagnostics: 'download',
    'facts-title': 'facts',
  }))
    by(id).textContent = say(word);
  by('pin').setAttribute('aria-label', say('enterPin'));
  for (const button of document.querySelectorAll('#tabs button')) {
    const name = /** @type {HTMLElement} */ (button).dataset['tab'] ?? '';
    const label = button.querySelector('span');
    if (label) label.textContent = say(`tab-${name}`);
    button.setAttribute('aria-current', name === tab ? 'page' : 'false');
  }
  drawTestFrame();
  drawLiveFrame();
  drawPoints();
}

function drawStatus() {
  if (!status) return;
  drawUnwatched(status);
  drawDuty(status);
  if (tab === 'overview') drawOverview(status);
  if (tab === 'wires') drawWires(status);
  if (tab === 'journal') drawJournal(status);
  if (tab === 'test') drawAlarm(status);
  if (tab === 'more') drawFacts();
}

function drawFacts() {
  const { version, gateway: own, process } = status;
  const facts = {
    version,
    profile: own.profile,
    boot: own.boot,
    uptime: spanOf(nowMs() - own.startedMs),
    clock: `${timeOf(own.nowMs)} · ${say(own.clockSynchronised ? 'clockRight' : 'clockWrong')}`,
    memory: sizeOf(process.residentBytes),
    loop: `${process.loopDelayP99Ms.toFixed(0)} ms`,
  };
  by('facts').replaceChildren(
    ...Object.entries(facts).flatMap(([word, value]) => [element('dt', '', say(word)), element('dd', '', plain(value))]),
  );
}

/** @param {string} name */
function go(name) {
  const views = [...document.querySelectorAll('[data-view]')];
  tab = views.some(({ id }) => id === name) ? name : 'overview';
  history.replaceState(null, '', `#${tab}`);
  for (const view of views) /** @type {HTMLElement} */ (view).hidden = view.id !== tab;
  if (tab !== 'wires') stopWatching();
  if (tab === 'points' && isIn()) loadPoints().catch(() => {});
  drawFrame();
  drawStatus();
}

async function enter() {
  const hello = await get('/api/hello');
  takeNames(hello.words);
  takeZone(hello.zoneMinutes);
  takeClock(hello.nowMs);
  gateway = hello.id;
  document.body.classList.remove('is-out');
  stop ??= listen({ status: take, lost });
  go(tab);
}

/** @param {any} told */
function take(told) {
  status = told;
  takeClock(told.gateway.nowMs);
  takeStart(told.gateway.startedMs);
  drawStatus();
}

function leave() {
  stop?.();
  stop = null;
  status = null;
  stopWatching();
  document.body.classList.add('is-out');
  by('duty').hidden = true;
}

/** @param {number | null} ms for how long; null: not lost */
function lost(ms) {
  by('lost').hidden = ms === null;
  document.body.classList.toggle('is-lost', ms !== null);
  if (ms !== null) by('lost').textContent = say('lost', spanOf(ms));
}

async function logIn() {
  const field = /** @type {HTMLInputElement} */ (by('pin'));
  const trouble = by('login-trouble');
  const button = /** @type {HTMLButtonElement} */ (by('login-button'));
  button.disabled = true;
  try {
    const { code, body } = await post('/api/login', { pin: field.value });
    field.value = '';
    trouble.textContent =
      code === 200
        ? ''
        : code === 429
          ? say('pinLocked', spanOf(body.seconds * 1000))
          : code === 401
            ? say('wrongPin')
            : code >= 500
              ? say('notNow')
              : say('failed', plain(body.message ?? body.error));
    if (code === 200) await enter();
  } catch {
    trouble.textContent = say('unreachable');
  } finally {
    button.disabled = false;
  }
}

onOut(leave);
keepAlive(isIn);
prepareWires(() => status);
preparePoints();
prepareTest();
prepareDuty();
prepareUnwatched();
go(tab);
get('/api/hello').then(enter, () => by('pin').focus());

by('login').addEventListener('submit', (event) => {
  event.preventDefault();
  void logIn();
});
by('logout').addEventListener(
  'click',
  () =>
    void post('/api/logout')
      .catch(() => {})
      .finally(leave),
);
by('language').addEventListener('click', () => {
  switchLanguage();
  drawFrame();
  drawStatus();
});
by('tabs').addEventListener('click', (event) => {
  const name = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('button'))?.dataset['tab'];
  if (name) go(name);
  window.scrollTo({ top: 0 });
});
by('tiles').addEventListener('click', (event) => {
  const name = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.tile'))?.dataset['to'];
  if (name) go(name);
});
setInterval(() => {
  if (!isIn()) return;
  by('clock').textContent = timeOf(nowMs());
}, 1_000);
setInterval(() => {
  if (isIn() && tab === 'points' && document.visibilityState === 'visible') loadPoints().catch(() => {});
}, POINTS_EVERY_MS);
