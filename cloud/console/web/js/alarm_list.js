/**
 * The alarm lists: patient alarms by priority, technical alarms apart, and what is over. New lethal alarms are spoken.
 */

import { api } from './api.js';
import { AlarmItem } from './alarm_item.js';
import { byId, h, setText } from './dom.js';
import { bedName } from './format.js';
import { byUrgency, callsOut } from './store.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').Priority} Priority */

/** @type {Priority[]} */
const PRIORITIES = ['high', 'medium', 'low', 'technical'];
const SHOWN_CLEARED = 60;

export class AlarmLists {
  /**
   * @param {Store} store
   * @param {(alarm: Alarm) => void} open
   * @param {(alarm: Alarm) => Promise<void>} acknowledge
   */
  constructor(store, open, acknowledge) {
    this.store = store;
    this.act = { open, acknowledge, strip: (/** @type {Alarm} */ alarm) => api.strip(alarm.alarm_id) };
    /** @type {Map<string, AlarmItem>} */ this.items = new Map();
    /** @type {Set<string>} */ this.announced = new Set();
    this.showing = 'now';
    for (const tab of ['now', 'over']) {
      byId(`tab-${tab}`).addEventListener('click', () => this.choose(tab));
    }
    store.on('alarms', () => this.update());
    setInterval(() => this.tick(), 1000);
  }

  /** @param {string} tab */
  choose(tab) {
    this.showing = tab;
    for (const one of ['now', 'over']) {
      byId(`tab-${one}`).setAttribute('aria-selected', String(one === tab));
      byId(`panel-${one}`).hidden = one !== tab;
    }
    this.update();
  }

  update() {
    const standing = this.store.standing();
    const cleared = [...this.store.alarms.values()].filter((alarm) => alarm.state === 'cleared');
    cleared.sort((a, b) => b.raised_time_ms - a.raised_time_ms);
    this.fill('alarms-patient', standing.filter((alarm) => alarm.priority !== 'technical'));
    this.fill('alarms-technical', standing.filter((alarm) => alarm.priority === 'technical'));
    this.fill('alarms-over', this.showing === 'over' ? cleared.slice(0, SHOWN_CLEARED) : []);
    byId('none-patient').hidden = standing.some((alarm) => alarm.priority !== 'technical');
    byId('none-technical').hidden = standing.some((alarm) => alarm.priority === 'technical');
    byId('none-over').hidden = cleared.length > 0;
    this.count(standing);
    this.announce(standing);
    for (const id of this.items.keys()) if (!this.store.alarms.has(id)) this.items.delete(id);
  }

  /** @param {string} id @param {Alarm[]} alarms */
  fill(id, alarms) {
    const list = byId(id);
    const wanted = alarms.map((alarm) => this.item(alarm).element);
    // Moved only where the order differs: a button that is about to be pressed must not be taken out and put back.
    wanted.forEach((element, i) => {
      if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
    });
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
  }

  /** @param {Alarm} alarm */
  item(alarm) {
    let item = this.items.get(alarm.alarm_id);
    if (item && item.element.dataset['priority'] !== alarm.priority) {
      item.element.remove();
      item = undefined;
    }
    if (!item) this.items.set(alarm.alarm_id, (item = new AlarmItem(this.store, alarm, this.act)));
    else if (item.alarm !== alarm) item.update(alarm);
    return item;
  }

  /** @param {Alarm[]} standing */
  count(standing) {
    const counts = byId('counts');
    counts.replaceChildren(
      ...PRIORITIES.map((priority) => {
        const of = standing.filter((alarm) => alarm.priority === priority);
        const calling = of.filter(callsOut).length;
        return h('span', { class: `tally${calling ? ' calls' : ''}`, 'data-priority': priority, title: `${of.length} ${priority}, ${calling} not acknowledged` },
          h('b', {}, of.length), priority);
      }),
    );
    const calling = standing.filter(callsOut).sort(byUrgency)[0];
    document.title = calling ? `${calling.priority === 'high' ? '▲ ' : ''}${bedName(calling.bed)}: ${calling.name} – Vigil` : 'Vigil';
  }

  /** Says high alarms once to those who listen to the page. @param {Alarm[]} standing */
  announce(standing) {
    for (const alarm of standing) {
      if (alarm.priority !== 'high' || !callsOut(alarm) || this.announced.has(alarm.alarm_id)) continue;
      this.announced.add(alarm.alarm_id);
      setText(byId('spoken'), `High priority alarm, ${bedName(alarm.bed)}: ${alarm.name}. ${alarm.reason}`);
    }
  }

  tick() {
    for (const item of this.items.values()) if (item.element.isConnected) item.tick();
  }
}
