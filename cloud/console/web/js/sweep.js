/**
 * The sweep: a live strip drawn from left to right over the one before, with an erase bar ahead of it.
 */

/** @typedef {import('./signal.js').BedSignal} BedSignal */

const ERASE_S = 0.32;
const LINE_PX = 1.5;

/**
 * Millimetres on this screen and per second and mV. A dense ward is drawn at half scale, and says so.
 * @typedef {{pxPerMm: number, mmPerS: number, mmPerMv: number}} Scale
 */

export class SweepStrip {
  /**
   * @param {HTMLCanvasElement} canvas the trace
   * @param {HTMLCanvasElement} gridCanvas the paper behind it
   */
  constructor(canvas, gridCanvas) {
    this.canvas = canvas;
    this.gridCanvas = gridCanvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.width = 0;
    this.ratio = 1;
    this.height = 0;
    /** @type {Scale} */ this.scale = { pxPerMm: 3.78, mmPerS: 25, mmPerMv: 10 };
    /** @type {string[]} */ this.leads = [];
    this.colour = '#35d07f';
    this.drawnTo = -1;
    this.generation = -1;
  }

  /**
   * @param {number} width CSS px
   * @param {number} height CSS px
   * @param {Scale} scale
   */
  resize(width, height, scale) {
    const ratio = globalThis.devicePixelRatio || 1;
    const same = this.width === width && this.height === height && this.ratio === ratio;
    if (same && JSON.stringify(scale) === JSON.stringify(this.scale)) return;
    Object.assign(this, { width, height, scale, ratio });
    for (const canvas of [this.canvas, this.gridCanvas]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawGrid(this.gridCanvas, ratio, width, height, scale);
    this.drawnTo = -1;
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
    this.drawnTo = -1;
  }

  /** @param {string[]} leads @param {string} colour */
  show(leads, colour) {
    if (leads.join() !== this.leads.join() || colour !== this.colour) {
      this.leads = leads;
      this.colour = colour;
      this.drawnTo = -1;
    }
  }

  /** Draws what the playhead has passed since the last call. @param {BedSignal} signal */
  draw(signal) {
    if (signal.playhead < 0 || this.width < 8) return;
    const pxPerSample = (this.scale.pxPerMm * this.scale.mmPerS) / signal.fsHz;
    const acrossSamples = Math.floor(this.width / pxPerSample);
    const end = Math.floor(signal.playhead);
    if (signal.generation !== this.generation || this.drawnTo < 0 || end - this.drawnTo > acrossSamples) {
      this.clear();
      this.generation = signal.generation;
      this.drawnTo = Math.max(signal.firstSample, end - Math.floor(acrossSamples * 0.93));
    }
    if (end <= this.drawnTo) return;
    this.erase(this.drawnTo, end + ERASE_S * signal.fsHz, pxPerSample, acrossSamples);
    this.leads.forEach((lead, row) => this.trace(signal, lead, row, end, pxPerSample, acrossSamples));
    this.markBeats(signal, end, pxPerSample, acrossSamples);
    this.drawnTo = end;
  }

  /** @param {number} from @param {number} to @param {number} px @param {number} across */
  erase(from, to, px, across) {
    const start = (from % across) * px + LINE_PX;
    const length = (to - from) * px;
    this.context.clearRect(start, 0, length, this.height);
    const over = start + length - across * px;
    if (over > 0) this.context.clearRect(0, 0, over, this.height);
  }

  /** @param {number} row */
  centre(row) {
    return (this.height / this.leads.length) * (row + 0.56);
  }

  /**
   * @param {BedSignal} signal
   * @param {string} lead
   * @param {number} row
   * @param {number} end
   * @param {number} px
   * @param {number} across
   */
  trace(signal, lead, row, end, px, across) {
    const { context } = this;
    const middle = this.centre(row);
    const half = this.height / this.leads.length / 2;
    const pxPerMv = this.scale.pxPerMm * this.scale.mmPerMv;
    context.strokeStyle = this.colour;
    context.lineWidth = LINE_PX;
    context.lineJoin = 'round';
    context.beginPath();
    let pen = false;
    for (let sample = Math.max(this.drawnTo - 1, signal.firstSample); sample < end; sample += 1) {
      const mv = signal.at(lead, sample);
      const column = sample % across;
      if (Number.isNaN(mv)) {
        pen = false;
        continue;
      }
      // Clipped to its own row: one lead's artefact must not hide another.
      const y = middle - Math.max(-half * 0.98, Math.min(half * 1.1, mv * pxPerMv));
      if (!pen || column === 0) context.moveTo(column * px, y);
      else context.lineTo(column * px, y);
      pen = true;
    }
    context.stroke();
  }

  /** @param {BedSignal} signal @param {number} end @param {number} px @param {number} across */
  markBeats(signal, end, px, across) {
    const { context } = this;
    context.font = '600 10px Inter, sans-serif';
    context.textAlign = 'center';
    context.fillStyle = '#ffd60a';
    // A beat is known a moment after its sample: look back a little.
    for (const [sample, symbol] of signal.beats) {
      if (sample >= this.drawnTo && sample < end && symbol !== 'N' && symbol !== 'Q') {
        context.fillText(symbol, (sample % across) * px, 13);
      }
    }
  }
}

/**
 * Millimetre paper, dim, behind a live strip.
 * @param {HTMLCanvasElement} canvas
 * @param {number} ratio
 * @param {number} width
 * @param {number} height
 * @param {Scale} scale
 */
function drawGrid(canvas, ratio, width, height, scale) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  // A square is 40 ms by 0.1 mV whatever the scale; too fine to see, the small ones are left out.
  const small = scale.pxPerMm * (scale.mmPerS / 25);
  for (const [step, style] of /** @type {[number, string][]} */ ([
    [small, 'rgba(120, 160, 150, 0.10)'],
    [small * 5, 'rgba(120, 160, 150, 0.22)'],
  ])) {
    if (step < 2.5) continue;
    context.strokeStyle = style;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = 0; x <= width; x += step) {
      context.moveTo(Math.round(x) + 0.5, 0);
      context.lineTo(Math.round(x) + 0.5, height);
    }
    for (let y = height; y >= 0; y -= step) {
      context.moveTo(0, Math.round(y) + 0.5);
      context.lineTo(width, Math.round(y) + 0.5);
    }
    context.stroke();
  }
}
