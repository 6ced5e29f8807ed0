// The alarm's voice. Browsers let a page sound only after somebody touched it.

/** @type {AudioContext | null} */
let context = null;
/** @type {{ stop: () => void } | null} */
let playing = null;
/** @type {'fire' | 'alarm' | null} */
let wanted = null;

export function isSoundEnabled() {
  return context?.state === 'running';
}

/** To be called from a click or a key. */
export async function enableSound() {
  context ??= new AudioContext();
  await context.resume();
  beep(context, 880, 0.12, 0.15);
  play(wanted, true);
}

/**
 * @param {AudioContext} on
 * @param {number} hertz
 * @param {number} seconds
 * @param {number} volume
 */
function beep(on, hertz, seconds, volume) {
  const tone = new OscillatorNode(on, { type: 'triangle', frequency: hertz });
  const gain = new GainNode(on, { gain: volume });
  gain.gain.setTargetAtTime(0, on.currentTime + seconds, 0.02);
  tone.connect(gain).connect(on.destination);
  tone.start();
  tone.stop(on.currentTime + seconds + 0.2);
}

/** A siren that rises and falls, for fire. @param {AudioContext} on */
function siren(on) {
  const tone = new OscillatorNode(on, { type: 'sawtooth', frequency: 900 });
  const sweep = new OscillatorNode(on, { type: 'triangle', frequency: 0.8 });
  const depth = new GainNode(on, { gain: 350 });
  const soft = new BiquadFilterNode(on, { type: 'lowpass', frequency: 2400 });
  const volume = new GainNode(on, { gain: 0.35 });
  sweep.connect(depth).connect(tone.frequency);
  tone.connect(soft).connect(volume).connect(on.destination);
  tone.start();
  sweep.start();
  return {
    stop() {
      tone.stop();
      sweep.stop();
    },
  };
}

/** Two beeps every other second, for the other alarms. @param {AudioContext} on */
function pulse(on) {
  const both = () => {
    beep(on, 740, 0.18, 0.3);
    setTimeout(() => beep(on, 980, 0.18, 0.3), 260);
  };
  both();
  const timer = setInterval(both, 2_000);
  return { stop: () => clearInterval(timer) };
}

/**
 * Sounds until told otherwise; the same again changes nothing.
 * @param {'fire' | 'alarm' | null} what
 * @param {boolean} [anew]
 */
export function play(what, anew = false) {
  if (what === wanted && !anew) return;
  wanted = what;
  playing?.stop();
  playing = null;
  if (context?.state !== 'running' || !what) return;
  playing = what === 'fire' ? siren(context) : pulse(context);
}
