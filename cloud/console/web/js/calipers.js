/**
 * Calipers on ECG paper: drag across it to read milliseconds, beats per minute and millivolts.
 */

import { h, setText } from './dom.js';
import { MM_PER_MV, MM_PER_S } from './paper.js';

/**
 * @param {HTMLElement} frame holds the paper, positioned
 * @param {number} pxPerMm
 */
export function calipers(frame, pxPerMm) {
  const box = h('div', { class: 'caliper', hidden: true });
  const text = h('span', { class: 'caliper-text' });
  box.append(text);
  frame.append(box);
  /** @type {{x: number, y: number}|null} */ let from = null;

  /** @param {PointerEvent} event */
  const place = (event) => {
    const area = frame.getBoundingClientRect();
    return { x: event.clientX - area.left, y: event.clientY - area.top };
  };
  frame.addEventListener('pointerdown', (event) => {
    from = place(event);
    box.hidden = true;
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener('pointermove', (event) => {
    if (!from) return;
    const to = place(event);
    const [width, height] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
    if (width + height < 4) return;
    box.hidden = false;
    Object.assign(box.style, {
      left: `${Math.min(from.x, to.x)}px`, top: `${Math.min(from.y, to.y)}px`, width: `${width}px`, height: `${height}px`,
    });
    const ms = (width / pxPerMm / MM_PER_S) * 1000;
    const mv = height / pxPerMm / MM_PER_MV;
    setText(text, `${Math.round(ms)} ms · ${ms > 0 ? Math.round(60000 / ms) : '–'} bpm · ${mv.toFixed(2)} mV`);
  });
  const end = () => (from = null);
  frame.addEventListener('pointerup', end);
  frame.addEventListener('pointercancel', end);
  frame.addEventListener('dblclick', () => (box.hidden = true));
}
