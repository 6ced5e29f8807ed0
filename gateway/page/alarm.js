// The test alarm: said here, followed to the receipt.
import { get, post } from './link.js';
import { nameOfPoint } from './points.js';
import { by, element, nowMs, plain, spanOf, timeOf } from './show.js';
import { say } from './words.js';

/** Points offered for a name. */
const OFFERED_MAX = 6;

export function drawTestFrame() {
  for (const [id, word] of Object.entries({
    'test-title': 'testTitle',
    'test-what': 'testWhat',
    'test-about': 'testAbout',
    'test-told': 'testTold',
    'test-begin': 'testBegin',
    'alarm-end': 'alarmEnd',
  }))
    by(id).textContent = say(word);
}

/** @param {any} status */
export function drawAlarm({ alarm, uplinks }) {
  by('alarm').hidden = !alarm;
  /** @type {HTMLButtonElement} */ (by('test-begin')).disabled = alarm !== null && alarm.endedMs === null;
  if (!alarm) return;
  const { about, startedMs, steps, endedMs, endsMs } = alarm;
  by('alarm-title').textContent = [say('alarmTitle'), plain(about), timeOf(startedMs)].filter(Boolean).join(' · ');
  const isThere = steps.some((/** @type {any} */ { what }) => what === 'accepted' || what === 'rejected') || isOver(steps, uplinks);
  by('alarm-steps').replaceChildren(...steps.map(stepElement), ...(isThere ? [] : [element('li', 'waiting', say('step-wait'))]));
  by('alarm-rest').textContent = endedMs === null ? say('alarmEnds', spanOf(endsMs - nowMs())) : say('alarmEnded', timeOf(endedMs));
  by('alarm-end').hidden = endedMs !== null;
}

/** Whether there is no uplink left that could say something of it. @param {any[]} steps @param {any[]} uplinks */
function isOver(steps, uplinks) {
  const untold = new Set(steps.flatMap(({ what, uplink }) => (what === 'untold' ? [uplink] : [])));
  return uplinks.length > 0 && uplinks.every(({ name }) => untold.has(name));
}

/** @param {any} step */
function stepElement({ what, afterMs, uplink, reason }) {
  const row = element(
    'li',
    what === 'rejected' ? 'wrong' : 'right',
    element('b', '', say(`step-${what}`)),
    element('span', 'when', `+${afterMs} ms`),
  );
  if (uplink) row.append(element('small', '', plain(uplink)));
  if (reason && what !== 'untold') row.append(element('p', 'detail', plain(reason)));
  return row;
}

async function offer() {
  const field = /** @type {HTMLInputElement} */ (by('about'));
  const { points } = await get(`/api/points?${new URLSearchParams({ search: field.value, max: String(OFFERED_MAX) })}`);
  const names = [...new Set(points.map(nameOfPoint))].filter((name) => name !== field.value);
  by('about-points').replaceChildren(
    ...names.map((name) => {
      const made = element('button', 'chip pick', name);
      made.setAttribute('type', 'button');
      return made;
    }),
  );
}

export function prepareTest() {
  const field = /** @type {HTMLInputElement} */ (by('about'));
  for (const moment of ['focus', 'input']) field.addEventListener(moment, () => offer().catch(() => {}));
  by('about-points').addEventListener('click', (event) => {
    const picked = /** @type {Element} */ (event.target).closest('.pick');
    if (picked) field.value = (picked.textContent ?? '').slice(0, 80);
  });
  by('test-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const { code, body } = await post('/api/test-alarm', { about: field.value }).catch((error) => ({
      code: 0,
      body: { error: String(error) },
    }));
    by('test-trouble').textContent =
      code === 202 ? '' : code === 409 ? say('testStands') : say('failed', plain(body.message ?? body.error));
    if (code === 202) by('alarm').scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  });
  by('alarm-end').addEventListener('click', () => void post('/api/test-alarm/end').catch(() => {}));
}
