/**
 * What of the sound is on, off or paused, always in sight (CLINICAL.md §4), and the button that pauses it.
 */

import { byId, setAttribute, setText } from './dom.js';
import { span } from './format.js';
import { audioPaused, callsOut } from './store.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./sound.js').AlarmSound} AlarmSound */
/** @typedef {import('./types.js').Alarm} Alarm */

/**
 * @param {Store} store
 * @param {AlarmSound} sound
 * @param {(alarms: Alarm[]) => Promise<void>} pause
 */
export function audioBar(store, sound, pause) {
  const [toggle, pauser] = [byId('sound'), byId('pause')];
  toggle.addEventListener('click', async () => {
    await sound.toggle();
    show();
  });
  pauser.addEventListener('click', () => void pause(sounding(store)).catch(() => undefined));

  const show = () => {
    const nowMs = store.nowMs();
    const paused = store.standing().filter((alarm) => callsOut(alarm) && audioPaused(alarm, nowMs));
    const left = Math.max(0, ...paused.map((alarm) => (alarm.audio_paused_until_ms ?? 0) - nowMs));
    setAttribute(toggle, 'aria-pressed', String(sound.on));
    setAttribute(toggle, 'data-state', sound.on ? 'on' : 'off');
    setText(toggle, sound.on ? 'Sound on' : 'Sound off');
    const some = sounding(store).length;
    const text = paused.length ? `Audio paused ${span(left)}${some ? ` · ${some} sounding` : ''}` : 'Pause audio';
    setText(pauser, text);
    setAttribute(pauser, 'data-state', paused.length ? 'paused' : 'none');
    /** @type {HTMLButtonElement} */ (pauser).disabled = some === 0;
  };
  store.on('alarms', show);
  setInterval(show, 500);
  show();
}

/** Alarms that call and are not paused. @param {Store} store */
function sounding(store) {
  const nowMs = store.nowMs();
  return store.standing().filter((alarm) => callsOut(alarm) && !audioPaused(alarm, nowMs));
}
