/**
 * The page, put together: connection, ward, alarm lists, the sheet over the ward, sound, status line.
 */

import { AlarmLists } from './alarm_list.js';
import { AlarmSheet } from './alarm_sheet.js';
import { ApiError, api } from './api.js';
import { audioBar } from './audio_bar.js';
import { BedSheet } from './bed_sheet.js';
import { byId, setAttribute, setText } from './dom.js';
import { span, timeOfDay } from './format.js';
import { calibration } from './scale.js';
import { Session } from './session.js';
import { LiveSocket } from './socket.js';
import { AlarmSound } from './sound.js';
import { Store } from './store.js';
import { Ward } from './ward.js';

/** @typedef {import('./types.js').Alarm} Alarm */

const store = new Store();
const socket = new LiveSocket(store);
const session = new Session(store);
const sound = new AlarmSound(store);

/** @type {AlarmSheet|BedSheet|null} */ let sheet = null;
/** @type {HTMLElement|null} */ let cameFrom = null;
let shownState = '';

/** @param {unknown} error */
function complain(error) {
  if (error instanceof ApiError && error.status === 401) return;
  const box = byId('complaint');
  setText(box, `That did not work: ${error instanceof Error ? error.message : error}`);
  box.hidden = false;
  setTimeout(() => (box.hidden = true), 8000);
}

/** @template T @param {() => Promise<T>} act @returns {Promise<void>} */
async function acting(act) {
  try {
    await session.as(act);
  } catch (error) {
    complain(error);
    throw error;
  }
}

const act = {
  acknowledge: (/** @type {Alarm} */ alarm) => acting(() => api.acknowledge(alarm.alarm_id)),
  pause: (/** @type {Alarm[]} */ alarms) => acting(() => Promise.all(alarms.map((alarm) => api.pause(alarm.alarm_id)))),
  judge: (/** @type {Alarm} */ alarm, /** @type {'true'|'false'} */ verdict) => acting(() => api.judge(alarm.alarm_id, verdict)),
  openBed: (/** @type {string} */ bed) => openBed(bed),
};

/** @param {AlarmSheet|BedSheet} next @param {{focus: string|null, alarm: string|null}} view */
function show(next, view) {
  if (!sheet && document.activeElement instanceof HTMLElement) cameFrom = document.activeElement;
  sheet?.close();
  sheet = next;
  shownState = '';
  byId('sheet-content').replaceChildren(next.element);
  byId('sheet').hidden = false;
  byId('sheet').scrollTop = 0;
  byId('sheet-title').focus();
  socket.look(view);
}

/** @param {Alarm} alarm */
function openAlarm(alarm) {
  history.replaceState(null, '', `#alarm=${encodeURIComponent(alarm.alarm_id)}`);
  show(new AlarmSheet(store, alarm, act), { focus: null, alarm: alarm.alarm_id });
}

/** @param {string} bed */
function openBed(bed) {
  history.replaceState(null, '', `#bed=${encodeURIComponent(bed)}`);
  show(new BedSheet(store, bed, openAlarm), { focus: bed, alarm: null });
}

function closeSheet() {
  history.replaceState(null, '', location.pathname);
  sheet?.close();
  sheet = null;
  byId('sheet').hidden = true;
  byId('sheet-content').replaceChildren();
  socket.look({ focus: null, alarm: null });
  cameFrom?.focus();
}

/** Opens what the address names, once it is known. */
function openFromAddress() {
  if (sheet) return;
  const wanted = new URLSearchParams(location.hash.slice(1));
  const alarm = store.alarms.get(wanted.get('alarm') ?? '');
  const bed = wanted.get('bed');
  if (alarm) openAlarm(alarm);
  else if (bed !== null && store.beds.has(bed)) openBed(bed);
}

function updateSheet() {
  if (!sheet) return;
  if (sheet instanceof BedSheet) return sheet.update();
  const alarm = store.alarms.get(sheet.alarm.alarm_id);
  const state = JSON.stringify(alarm);
  if (alarm && state !== shownState) {
    shownState = state;
    sheet.changed();
  } else sheet.update();
}

function showStatus() {
  const { status } = store;
  const lost = store.lost;
  document.body.classList.toggle('lost', lost);
  const banner = byId('banner');
  const problem = lost
    ? `Connection to the console lost${Number.isFinite(store.lastHeardMs) ? ` ${span(performance.now() - store.lastHeardMs)} ago` : ''}. Nothing on this page is live. Look at the bedside monitors.`
    : status && !status.kafka
      ? 'The console receives no signals and no alarms: Kafka does not answer. Look at the bedside monitors.'
      : '';
  setText(banner, problem);
  banner.hidden = !problem;
  setText(byId('clock'), timeOfDay(store.nowMs()));
  if (!status) return;
  const [p50, p99] = [status.edge_to_console_p50_ms, status.edge_to_console_p99_ms];
  setText(byId('latency'), p50 === null || p99 === null ? '' : `edge → console ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms`);
  setAttribute(byId('latency'), 'data-state', (p99 ?? 0) > 2000 ? 'slow' : 'good');
  const words = { on: 'history on', off: 'history off: no database', down: 'history down: the database does not answer' };
  setText(byId('history'), words[status.history]);
  setAttribute(byId('history'), 'data-state', status.history);
  setText(byId('outbox'), status.unpublished_commands ? `${status.unpublished_commands} requests wait to be sent` : '');
}

const ward = new Ward(store, socket, (bed, alarm) => (alarm ? openAlarm(alarm) : openBed(bed)));
new AlarmLists(store, openAlarm, act.acknowledge);
audioBar(store, sound, act.pause);
calibration(() => ward.layOut());

byId('close-sheet').addEventListener('click', closeSheet);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && sheet && !document.querySelector('dialog[open]')) closeSheet();
});
store.on('alarms', updateSheet);
store.on('interpretations', updateSheet);
store.on('vitals', () => sheet instanceof BedSheet && sheet.update());
store.on('status', showStatus);
store.on('connection', showStatus);
store.on('beds', openFromAddress);
store.on('alarms', openFromAddress);
setInterval(showStatus, 500);
const frame = () => {
  if (sheet instanceof BedSheet) sheet.draw();
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
void session.start();
socket.open();
