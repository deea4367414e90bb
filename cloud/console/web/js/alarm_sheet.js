/**
 * One alarm in full: why, since when, its strip on paper with onset and detection, its explanation, its life, and
 * what a person may do: acknowledge, pause the sound, say whether it was true.
 */

import { originBadges, stateText } from './alarm_item.js';
import { api } from './api.js';
import { calipers } from './calipers.js';
import { h, refill, setText } from './dom.js';
import { bedName, dayAndTime, number, span, timeOfDay, words } from './format.js';
import { drawInterpretation } from './interpretation.js';
import { Paper, leadNames } from './paper.js';
import { pxPerMm } from './scale.js';
import { callsOut } from './store.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').AlarmDetail} AlarmDetail */
/** @typedef {import('./types.js').InterpretationEvent} InterpretationEvent */
/** @typedef {{acknowledge: (alarm: Alarm) => Promise<void>, pause: (alarms: Alarm[]) => Promise<void>,
 *   judge: (alarm: Alarm, verdict: 'true'|'false') => Promise<void>, openBed: (bed: string) => void}} Actions */

/** Seconds after the detection until the strip is complete (cloud/console/strips.py). */
const STRIP_AFTER_MS = 11_000;
const KINDS = /** @type {Record<string, string>} */ ({
  raised: 'Raised', updated: 'Updated', downgraded: 'Downgraded', audio_paused: 'Audio paused',
  acknowledged: 'Acknowledged', condition_ended: 'Condition over', cleared: 'Cleared', escalated: 'Sent to the reasoner',
  interpretation_pending: 'Explanation pending', interpreted: 'Explained', judged: 'Judged',
});

export class AlarmSheet {
  /** @param {Store} store @param {Alarm} alarm @param {Actions} act */
  constructor(store, alarm, act) {
    this.store = store;
    this.alarm = alarm;
    this.act = act;
    /** @type {AlarmDetail|null} */ this.detail = null;
    this.closed = false;
    this.actionsKey = '';
    this.head = h('div', { class: 'sheet-head' });
    this.actions = h('div', { class: 'row actions' });
    this.paper = h('div', { class: 'paper', tabindex: 0, role: 'group', 'aria-label': 'Stored strip; scroll sideways' });
    this.paperNote = h('p', { class: 'quiet' }, 'Loading the strip …');
    this.explanation = h('div', {});
    this.life = h('div', { class: 'life' });
    this.element = h('div', { class: 'sheet-body', 'data-alarm': alarm.alarm_id },
      this.head, this.actions, this.paper, this.paperNote,
      h('div', { class: 'columns' }, this.explanation, this.life));
    this.update();
    void this.load();
    void this.loadStrip();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  async load() {
    try {
      this.detail = await api.alarm(this.alarm.alarm_id);
      this.store.take({ type: 'state', interpretations: this.detail.interpretation });
    } catch (error) {
      setText(this.paperNote, error instanceof Error ? error.message : String(error));
    }
    this.update();
  }

  /** The strip grows for some seconds after the alarm: drawn now, and again when it is whole. */
  async loadStrip() {
    const strip = await api.strip(this.alarm.alarm_id).catch(() => null);
    if (this.closed) return;
    const missingMs = this.alarm.detected_time_ms + STRIP_AFTER_MS - this.store.nowMs();
    if (missingMs > 0) this.timer = setTimeout(() => void this.loadStrip(), Math.min(missingMs + 300, 3000));
    if (!strip) {
      setText(this.paperNote, missingMs > 0 ? 'Waiting for the strip …' : 'No signal is stored for this alarm.');
      return;
    }
    const canvas = h('canvas', { role: 'img', 'aria-label': `ECG of ${bedName(this.alarm.bed)} around the alarm` });
    const px = pxPerMm();
    const markers = [
      { timeMs: this.alarm.onset_time_ms, text: 'onset', colour: '#c5221f' },
      { timeMs: this.alarm.detected_time_ms, text: 'detected', colour: '#5f4bb6' },
    ];
    const paper = new Paper(canvas, px);
    const { leftMm, rows } = paper.rows(strip, markers);
    const frame = h('div', { class: 'paper-frame' }, leadNames(rows, px), canvas);
    calipers(frame, px);
    const scrolled = this.paper.firstElementChild ? this.paper.scrollLeft : null;
    this.paper.replaceChildren(frame);
    const onsetPx = (leftMm + ((this.alarm.onset_time_ms - strip.startTimeMs) / 1000) * 25) * px;
    this.paper.scrollLeft = scrolled ?? Math.max(0, onsetPx - this.paper.clientWidth * 0.35);
    const seconds = (strip.leads[0]?.samples.length ?? 0) / strip.fsHz;
    setText(this.paperNote, `${timeOfDay(strip.startTimeMs)} · ${seconds.toFixed(0)} s · 25 mm/s · 10 mm/mV · drag to measure`);
  }

  /** Draws what the store knows now. */
  update() {
    this.alarm = this.store.alarms.get(this.alarm.alarm_id) ?? this.detail?.alarm ?? this.alarm;
    this.drawHead();
    this.drawActions();
    refill(this.explanation, drawInterpretation(this.events(), this.alarm.interpretation));
    this.drawLife();
  }

  /** Called when the alarm has changed: its life is read again. */
  changed() {
    this.update();
    void this.load();
  }

  /** @returns {InterpretationEvent[]} events of the youngest escalation, in order */
  events() {
    const mine = [...this.store.interpretations.values()]
      .map((events) => [...events.values()].sort((a, b) => a.number - b.number))
      .filter((events) => events[0]?.alarm_id === this.alarm.alarm_id);
    mine.sort((a, b) => (b.at(-1)?.time_ms ?? 0) - (a.at(-1)?.time_ms ?? 0));
    return mine[0] ?? [];
  }

  drawHead() {
    const { alarm } = this;
    this.head.dataset['priority'] = alarm.priority;
    this.head.dataset['state'] = alarm.state;
    const nowMs = this.store.nowMs();
    refill(this.head,
      h('div', { class: 'sheet-title' },
        h('span', { class: 'priority-word' }, alarm.priority),
        h('h2', { id: 'sheet-title', tabindex: -1 }, alarm.name),
        h('button', { class: 'link', onclick: () => this.act.openBed(alarm.bed) }, bedName(alarm.bed))),
      h('p', { class: 'sheet-why' }, alarm.reason),
      h('p', { class: 'sheet-facts' },
        `Onset ${dayAndTime(alarm.onset_time_ms, nowMs)}`, h('span', {}, ' · '),
        `recognised after ${((alarm.detected_time_ms - alarm.onset_time_ms) / 1000).toFixed(1)} s`,
        h('span', {}, ' · '), h('span', { class: 'badges' }, ...originBadges(alarm)),
        h('b', {}, stateText(alarm, nowMs))),
      alarm.downgraded ? h('p', { class: 'problem' }, `Priority lowered by the screening model: ${alarm.downgraded}`) : '',
    );
  }

  drawActions() {
    const { alarm } = this;
    const open = callsOut(alarm) || alarm.state === 'ended';
    const button = (/** @type {string} */ text, /** @type {() => Promise<void>} */ act, kind = '') =>
      h('button', { class: `button ${kind}`, onclick: async (/** @type {Event} */ event) => {
        const pressed = /** @type {HTMLButtonElement} */ (event.currentTarget);
        pressed.disabled = true;
        await act().catch(() => undefined);
        setTimeout(() => (pressed.disabled = false), 1500);
      } }, text);
    const verdicts = /** @type {const} */ ([['true', 'True alarm'], ['false', 'False alarm']]);
    const wanted = JSON.stringify([open, alarm.judged, callsOut(alarm)]);
    if (wanted === this.actionsKey) return;
    this.actionsKey = wanted;
    refill(this.actions,
      ...(open ? [button('Acknowledge', () => this.act.acknowledge(alarm), 'primary acknowledge')] : []),
      ...(callsOut(alarm) ? [button('Pause audio 2 min', () => this.act.pause([alarm]))] : []),
      h('span', { class: 'push' }),
      h('span', { class: 'quiet' }, 'Was it true?'),
      ...verdicts.map(([verdict, text]) => {
        const chosen = alarm.judged === verdict;
        const judge = button(text, () => this.act.judge(this.alarm, verdict), chosen ? 'chosen' : '');
        judge.setAttribute('aria-pressed', String(chosen));
        return judge;
      }),
    );
  }

  drawLife() {
    const nowMs = this.store.nowMs();
    const rows = condense(this.detail?.events ?? []).map((event) => {
      const paused = event.kind === 'audio_paused';
      const detail = paused ? (event.detail === '0' ? 'ended' : `until ${timeOfDay(Number(event.detail) / 1e6)}`) : event.detail;
      const by = /^(alarm-cycle|screening|reasoner)$/.test(event.actor) ? '' : `by ${event.actor}`;
      return h('li', {}, h('time', {}, dayAndTime(event.time_ms, nowMs)), h('b', {}, KINDS[event.kind] ?? words(event.kind)),
        h('span', {}, [by, detail].filter(Boolean).join(' · ')));
    });
    const facts = this.alarm.evidence.map((one) =>
      h('div', {}, h('dt', {}, words(one.name)), h('dd', {}, `${number(one.value)} ${one.unit === '1' ? '' : one.unit}`)));
    this.life.replaceChildren(
      ...(facts.length ? [h('h3', {}, 'What the rule measured'), h('dl', {}, ...facts)] : []),
      h('h3', {}, 'Life of this alarm'),
      rows.length ? h('ol', {}, ...rows) : h('p', { class: 'quiet' }, `Raised ${span(nowMs - this.alarm.raised_time_ms)} ago`),
    );
  }
}

/**
 * Leaves out what only repeats: of a row of updates (the condition came and went) the first and the last stay.
 * @param {import('./types.js').AlarmEvent[]} events
 */
function condense(events) {
  const repeats = (/** @type {import('./types.js').AlarmEvent|undefined} */ event) =>
    event !== undefined && (event.kind === 'updated' || event.kind === 'condition_ended');
  return events.filter((event, i) => !(repeats(event) && repeats(events[i - 1]) && repeats(events[i + 1])));
}
