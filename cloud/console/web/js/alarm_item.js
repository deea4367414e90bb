/**
 * One alarm in a list: what, where, why, since when, who saw it, a piece of its strip, and the button to acknowledge.
 */

import { h, setAttribute, setText } from './dom.js';
import { bedName, span, timeOfDay } from './format.js';
import { millivolts } from './paper.js';
import { audioPaused, callsOut } from './store.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').Strip} Strip */

/** The small strip: from a little before the onset. */
const [BEFORE_S, ACROSS_S] = [2.5, 8];
const MARKS = { high: '▲▲▲', medium: '▲▲', low: '▲', technical: '◆' };

/** @param {Alarm} alarm */
export function originBadges(alarm) {
  return alarm.origins.map((origin) =>
    h('span', { class: 'badge', title: origin === 'edge' ? 'Seen by the rules at the bedside' : 'Seen by the stream' }, origin),
  );
}

/** @param {Alarm} alarm @param {number} nowMs @returns {string} */
export function stateText(alarm, nowMs) {
  if (alarm.state === 'acknowledged') return `Acknowledged by ${alarm.acknowledged_by}`;
  if (alarm.state === 'latched') return 'Over, latched';
  if (alarm.state === 'ended') return 'Condition over';
  if (alarm.state === 'cleared') return alarm.acknowledged_by ? `Cleared · ${alarm.acknowledged_by}` : 'Cleared';
  if (audioPaused(alarm, nowMs)) return `Audio paused ${span((alarm.audio_paused_until_ms ?? 0) - nowMs)}`;
  return '';
}

export class AlarmItem {
  /**
   * @param {Store} store
   * @param {Alarm} alarm
   * @param {{open: (alarm: Alarm) => void, acknowledge: (alarm: Alarm) => Promise<void>,
   *   strip: (alarm: Alarm) => Promise<Strip|null>}} act
   */
  constructor(store, alarm, act) {
    this.store = store;
    this.alarm = alarm;
    this.act = act;
    this.since = h('time', { class: 'item-since' });
    this.why = h('div', { class: 'item-why' });
    this.state = h('span', { class: 'item-state' });
    this.badges = h('span', { class: 'badges' });
    this.canvas = h('canvas', { class: 'item-strip', 'aria-hidden': 'true', hidden: true });
    this.button = h('button', {
      class: 'button acknowledge', onclick: () => this.acknowledge(),
      'aria-label': `Acknowledge ${alarm.name} of ${bedName(alarm.bed)}`,
    }, 'Acknowledge');
    this.main = h('button', { class: 'item-main', onclick: () => act.open(this.alarm) },
      h('span', { class: 'item-mark', 'aria-hidden': 'true' }, MARKS[alarm.priority]),
      h('span', { class: 'item-bed' }, bedName(alarm.bed)),
      h('span', { class: 'item-name' }, alarm.name),
      this.since, this.why, this.canvas);
    this.element = h('li', { class: 'item', 'data-alarm': alarm.alarm_id, 'data-priority': alarm.priority },
      this.main, h('div', { class: 'item-foot' }, this.badges, this.state, this.button));
    this.drawn = false;
    this.update(alarm);
  }

  /** @param {Alarm} alarm */
  update(alarm) {
    this.alarm = alarm;
    setAttribute(this.element, 'data-state', alarm.state);
    this.element.classList.toggle('calls', callsOut(alarm));
    setText(this.why, alarm.reason);
    this.button.hidden = !callsOut(alarm) && alarm.state !== 'ended';
    if (alarm.state === 'acknowledged' || alarm.state === 'cleared') this.button.disabled = false;
    this.badges.replaceChildren(
      ...originBadges(alarm),
      ...(alarm.downgraded ? [h('span', { class: 'badge', title: alarm.downgraded }, 'downgraded')] : []),
      ...(alarm.judged ? [h('span', { class: 'badge' }, `judged ${alarm.judged}`)] : []),
    );
    this.tick();
    void this.showStrip();
  }

  tick() {
    const nowMs = this.store.nowMs();
    const { alarm } = this;
    setText(this.since, alarm.state === 'cleared' ? timeOfDay(alarm.raised_time_ms) : span(nowMs - alarm.onset_time_ms));
    setAttribute(this.since, 'title', `since ${timeOfDay(alarm.onset_time_ms)}`);
    setText(this.state, stateText(alarm, nowMs));
    if (!this.drawn && nowMs - alarm.detected_time_ms > 7000) void this.showStrip();
  }

  async acknowledge() {
    this.button.disabled = true;
    setText(this.button, 'Acknowledging …');
    try {
      await this.act.acknowledge(this.alarm);
      setTimeout(() => this.ready(), 4000); // by then the stream has said so, or it may be asked again
    } catch {
      this.ready();
    }
  }

  ready() {
    this.button.disabled = false;
    setText(this.button, 'Acknowledge');
  }

  /** Fetched once when the alarm shows, and once more when what follows the onset is there. */
  async showStrip() {
    const whole = this.store.nowMs() - this.alarm.detected_time_ms > 7000;
    if (this.drawn || (this.asked && !whole) || this.alarm.priority === 'technical') return;
    this.asked = true;
    this.drawn = whole;
    const strip = await this.act.strip(this.alarm).catch(() => null);
    if (strip) {
      this.canvas.hidden = false;
      drawSmall(this.canvas, strip, this.alarm.onset_time_ms);
    }
  }
}

/** @param {HTMLCanvasElement} canvas @param {Strip} strip @param {number} onsetMs */
function drawSmall(canvas, strip, onsetMs) {
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth || 340, canvas.clientHeight || 46];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.scale(ratio, ratio);
  const lead = strip.leads.find((one) => one.connected && one.name === 'II') ?? strip.leads.find((one) => one.connected);
  if (!lead) return;
  const mv = millivolts(lead);
  const startS = (onsetMs - strip.startTimeMs) / 1000 - BEFORE_S;
  const pxPerS = width / ACROSS_S;
  const pxPerMv = height / 3.2;
  context.fillStyle = 'rgba(255, 255, 255, 0.22)';
  context.fillRect(BEFORE_S * pxPerS, 0, 1, height);
  context.strokeStyle = '#3ddc84';
  context.lineWidth = 1.1;
  context.beginPath();
  let pen = false;
  mv.forEach((value, i) => {
    const x = (i / strip.fsHz - startS) * pxPerS;
    if (Number.isNaN(value) || x < 0 || x > width) {
      pen = false;
      return;
    }
    const y = height * 0.6 - value * pxPerMv;
    if (pen) context.lineTo(x, y);
    else context.moveTo(x, y);
    pen = true;
  });
  context.stroke();
}
