// When nobody watched: seen on every tab until somebody says so, for the panel may know of an alarm that this box does not.
import { post } from './link.js';
import { by, element, plain, spanOf, timeOf } from './show.js';
import { say } from './words.js';

/** @param {any} status */
export function drawUnwatched({ unwatched }) {
  by('unwatched').hidden = unwatched.length === 0;
  if (unwatched.length === 0) return;
  by('unwatched-title').textContent = say('unwatchedTitle');
  by('unwatched-what').textContent = say('unwatchedWhat');
  by('unwatched-seen').textContent = say('unwatchedSeen');
  by('unwatched-times').replaceChildren(...unwatched.map(windowElement));
}

/** @param {any} window */
function windowElement({ fromMs, toMs, cause }) {
  const long = toMs < fromMs ? say('unwatchedClockSet') : spanOf(toMs - fromMs);
  const words = [say('unwatchedSpan', `${timeOf(fromMs)} – ${timeOf(toMs)}`), long, say(`unwatched-${cause}`)];
  return element('li', '', words.map(plain).join(' · '));
}

export function prepareUnwatched() {
  by('unwatched-seen').addEventListener('click', async () => {
    const { code } = await post('/api/unwatched-seen').catch(() => ({ code: 0 }));
    if (code === 200) by('unwatched').hidden = true;
  });
}
