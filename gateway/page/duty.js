// The duty check: seen on every tab, heard after a click, answered with a name.
import { post } from './link.js';
import { by, nowMs, spanOf } from './show.js';
import { say } from './words.js';

/** @type {AudioContext | null} */
let audio = null;
/** @type {ReturnType<typeof setInterval> | null} */
let ringing = null;

/** @param {any} status */
export function drawDuty({ duty }) {
  by('duty').hidden = duty === null;
  ring(duty !== null);
  if (duty === null) return;
  by('duty-title').textContent = say('dutyTitle');
  by('duty-left').textContent = say('dutyLeft', spanOf(duty.untilMs - nowMs()));
  by('duty-name').textContent = say('dutyName');
  by('duty-answer').textContent = say('dutyAnswer');
  by('duty-sound').textContent = say(audio?.state === 'running' ? 'dutySoundOn' : 'dutySound');
}

/** @param {boolean} isWaiting */
function ring(isWaiting) {
  const rings = isWaiting && audio?.state === 'running';
  if (rings && ringing === null) {
    beep();
    ringing = setInterval(beep, 1_500);
  }
  if (rings || ringing === null) return;
  clearInterval(ringing);
  ringing = null;
}

function beep() {
  if (!audio) return;
  const at = audio.currentTime;
  for (const [index, frequency] of [660, 880].entries()) {
    const tone = new OscillatorNode(audio, { type: 'triangle', frequency });
    const gain = new GainNode(audio, { gain: 0.4 });
    gain.gain.setTargetAtTime(0, at + index * 0.25 + 0.18, 0.03);
    tone.connect(gain).connect(audio.destination);
    tone.start(at + index * 0.25);
    tone.stop(at + index * 0.25 + 0.4);
  }
}

/** Browsers let a page sound only after somebody touched it. */
async function enableSound() {
  audio ??= new AudioContext();
  await audio.resume();
}

export function prepareDuty() {
  const field = /** @type {HTMLInputElement} */ (by('duty-operator'));
  field.value = localStorage.getItem('operator') ?? '';
  for (const gesture of ['click', 'keydown']) document.addEventListener(gesture, () => void enableSound().catch(() => {}));
  by('duty-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    localStorage.setItem('operator', field.value);
    const { code, body } = await post('/api/duty-answer', { operator: field.value }).catch((error) => ({
      code: 0,
      body: { error: String(error) },
    }));
    by('duty-trouble').textContent = code === 200 ? '' : code === 409 ? say('dutyGone') : say('failed', body.error);
    if (code === 200) by('duty').hidden = true;
  });
}
