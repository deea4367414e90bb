/**
 * How many pixels a millimetre has on this screen. A browser does not know; a ruler does: the setting keeps it.
 */

import { byId, h } from './dom.js';

const KEY = 'vigil.pxPerMm';
/** CSS says 96 px an inch; screens differ. */
const NOMINAL = 96 / 25.4;
const [LEAST, MOST] = [2, 9];
const RULER_MM = 100;

/** @returns {number} */
export function pxPerMm() {
  const kept = Number(localStorage.getItem(KEY));
  return kept >= LEAST && kept <= MOST ? kept : NOMINAL;
}

/** @returns {boolean} */
export function isCalibrated() {
  return localStorage.getItem(KEY) !== null;
}

/** Wires the calibration dialogue. @param {() => void} changed */
export function calibration(changed) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('calibration'));
  const bar = h('div', { class: 'ruler' }, h('span', {}, `${RULER_MM} mm`));
  const slider = h('input', {
    type: 'range', min: LEAST, max: MOST, step: 0.01, 'aria-label': 'Length of the bar',
    oninput: () => (bar.style.width = `${Number(slider.value) * RULER_MM}px`),
  });
  const finish = (/** @type {string|null} */ value) => {
    if (value === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, value);
    dialog.close();
    changed();
  };
  dialog.append(
    h('h2', {}, 'Calibrate the scale'),
    h('p', {}, 'Hold a ruler to the screen and move the slider until the bar is 100 mm long. Strips are then drawn at a true 25 mm/s and 10 mm/mV.'),
    bar,
    slider,
    h('div', { class: 'row' },
      h('button', { class: 'button primary', onclick: () => finish(slider.value) }, 'Save'),
      h('button', { class: 'button', onclick: () => finish(null) }, 'Use the screen’s own figure'),
      h('button', { class: 'button', onclick: () => dialog.close() }, 'Cancel'),
    ),
  );
  byId('open-calibration').addEventListener('click', () => {
    slider.value = String(pxPerMm());
    bar.style.width = `${pxPerMm() * RULER_MM}px`;
    dialog.showModal();
  });
}
