/**
 * The ward: up to 48 beds as tiles, large where there are few, in pages where there are more. Beds keep their place.
 */

import { byId, h, refill, setText } from './dom.js';
import { byName } from './format.js';
import { isCalibrated, pxPerMm } from './scale.js';
import { callsOut } from './store.js';
import { Tile } from './tile.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').Alarm} Alarm */

/** One observer watches up to 48 patients (JAMA 2016, CLINICAL.md §4). */
export const PER_PAGE = 48;
/** Width to height of a tile that shows a strip well. */
const ASPECT = 2.7;
/** Below this many pixels a strip at full scale shows too little: half scale. */
const FULL_SCALE_PX = 210;
const TWO_LEADS_PX = 138;
const FRAME_MS = 1000 / 40;

export class Ward {
  /**
   * @param {Store} store
   * @param {import('./socket.js').LiveSocket} socket
   * @param {(bed: string, alarm: Alarm|null) => void} open
   */
  constructor(store, socket, open) {
    this.store = store;
    this.socket = socket;
    this.open = open;
    this.page = 0;
    this.laidOut = { n: 0, width: 0, height: 0, columns: 1 };
    this.grid = byId('ward');
    this.pager = byId('pager');
    /** @type {Map<string, Tile>} */ this.tiles = new Map();
    this.lastFrameMs = performance.now();
    store.on('beds', () => this.arrange());
    store.on('alarms', () => this.update());
    store.on('vitals', () => this.update());
    store.on('connection', () => this.update());
    new ResizeObserver(() => this.layOut()).observe(this.grid);
    setInterval(() => this.update(), 500);
    const frame = (/** @type {number} */ nowMs) => {
      if (nowMs - this.lastFrameMs >= FRAME_MS) this.draw(nowMs);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Puts the beds of this page on the screen. */
  arrange() {
    const beds = [...this.store.beds.keys()].sort(byName);
    const pages = Math.max(1, Math.ceil(beds.length / PER_PAGE));
    this.page = Math.min(this.page, pages - 1);
    const shown = beds.slice(this.page * PER_PAGE, (this.page + 1) * PER_PAGE);
    byId('no-beds').hidden = beds.length > 0;
    if (shown.join() !== [...this.tiles.keys()].join()) {
      const tiles = shown.map((bed) => this.tiles.get(bed) ?? new Tile(this.store, bed, this.open));
      this.tiles = new Map(tiles.map((tile) => [tile.bed, tile]));
      this.grid.replaceChildren(...tiles.map((tile) => tile.element));
      this.layOut();
    }
    this.showPager(beds, pages);
  }

  /** @param {string[]} beds @param {number} pages */
  showPager(beds, pages) {
    this.pager.hidden = pages < 2;
    if (pages < 2) return;
    const calling = new Set(this.store.standing().filter(callsOut).map((alarm) => alarm.bed));
    refill(this.pager,
      ...Array.from({ length: pages }, (_, page) => {
        const part = beds.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
        const alarms = part.filter((bed) => calling.has(bed)).length;
        return h('button', {
          class: `button small${page === this.page ? ' chosen' : ''}`, 'aria-pressed': page === this.page,
          onclick: () => this.turnTo(page),
        }, `${part[0]} – ${part.at(-1)}`, alarms ? h('b', { class: 'count' }, alarms) : null);
      }),
    );
  }

  /** @param {number} page */
  turnTo(page) {
    this.page = page;
    this.arrange();
  }

  layOut() {
    const n = this.tiles.size;
    const [width, height] = [this.grid.clientWidth, this.grid.clientHeight];
    if (!n || !width) return;
    // Beds keep their place when a banner takes a little height.
    const laidOut = this.laidOut;
    const same = laidOut.n === n && laidOut.width === width && Math.abs(height / laidOut.height - 1) < 0.15;
    if (!same) this.laidOut = { n, width, height, columns: bestColumns(n, width, height) };
    const { columns } = this.laidOut;
    const rows = Math.ceil(n / columns);
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.grid.style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
    const [tileWidth, tileHeight] = [width / columns, height / rows];
    this.grid.dataset['size'] = tileHeight >= 150 ? 'large' : tileHeight >= 112 ? 'medium' : 'small';
    const half = tileWidth < FULL_SCALE_PX + 130 || tileHeight < 96;
    const nLeads = tileHeight >= TWO_LEADS_PX * (half ? 0.85 : 1) ? 2 : 1;
    const scale = { pxPerMm: pxPerMm(), mmPerS: half ? 12.5 : 25, mmPerMv: half ? 5 : 10 };
    for (const tile of this.tiles.values()) tile.layOut(scale, nLeads);
    setText(byId('scale'), `${scale.mmPerS} mm/s · ${scale.mmPerMv} mm/mV${isCalibrated() ? '' : ' (screen not calibrated)'}`);
    this.socket.look({ beds: [...this.tiles.keys()], leads: nLeads });
  }

  update() {
    for (const tile of this.tiles.values()) tile.update();
    const beds = [...this.store.beds.keys()].sort(byName);
    if (beds.length > PER_PAGE) this.showPager(beds, Math.ceil(beds.length / PER_PAGE));
  }

  /** @param {number} nowMs */
  draw(nowMs) {
    const elapsedS = Math.min(0.5, (nowMs - this.lastFrameMs) / 1000);
    this.lastFrameMs = nowMs;
    for (const signal of this.store.signals.values()) signal.advance(elapsedS);
    for (const tile of this.tiles.values()) tile.draw();
  }
}

/** @param {number} n @param {number} width @param {number} height */
function bestColumns(n, width, height) {
  let best = 1;
  let least = Infinity;
  for (let columns = 1; columns <= n; columns += 1) {
    const rows = Math.ceil(n / columns);
    const empty = columns * rows - n;
    const misfit = Math.abs(Math.log(width / columns / (height / rows) / ASPECT)) + 0.08 * empty;
    if (misfit < least) [best, least] = [columns, misfit];
  }
  return best;
}
