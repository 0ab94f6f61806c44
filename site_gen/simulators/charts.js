/* What simulators draw with: ticks, axes, lines, bands, dots, histograms, contours. A chart draws on paper of either
   kind: SVG, which follows the theme by itself, where little is drawn; a canvas where every frame draws anew. */

/**
 * @typedef {Object} Ink  how a shape looks; colours are names of the palette: "input" is --bn-input
 * @property {string} [stroke]
 * @property {number} [width]  of the stroke
 * @property {number} [opacity]  of the stroke
 * @property {number[]} [dashes]
 * @property {string} [fill]
 * @property {number} [fillOpacity]
 * @typedef {{moveTo: (x: number, y: number) => void, lineTo: (x: number, y: number) => void}} Pen  traces shapes
 * @typedef {(pen: Pen) => void} Trace
 * @typedef {{align?: "left" | "center" | "right", middle?: boolean, strong?: boolean}} Lettering  `middle`: y is the
 *   middle of the text, not its baseline
 * @typedef {Object} Paper
 * @property {number} width
 * @property {number} height
 * @property {(trace: Trace, ink: Ink) => void} path
 * @property {(x: number, y: number, radius: number, ink: Ink) => void} dot
 * @property {(x: number, y: number, words: string, how?: Lettering) => void} text
 * @property {(x: number, y: number, width: number, height: number, draw: () => void) => void} clip
 * @typedef {[number, number]} Ends  of an axis
 * @typedef {[number, number]} Point
 * @typedef {[number, string]} Mark  of an axis: a value and its label
 * @typedef {{x: Ends, y: Ends, log?: boolean}} Axes  `log` is for y
 * @typedef {Axes & {left?: number, right?: number, top?: number, bottom?: number}} Frame  axes and margins in pixels
 */

/* global BatchNormKit */
var BatchNormCharts = (() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const FAR = 10; // heights beyond the chart where lines are cut off: a canvas cannot draw to 10³⁰⁰

  // -------------------------------------------------------------------------------------------------- Scales and ticks

  /** Steps of an axis from low to high, at 1, 2 or 5 times a power of ten, at most `most` of them.
   *  @type {(low: number, high: number, most: number) => number[]} */
  function ticks(low, high, most) {
    const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough * (1 - 1e-9)) || rough;
    const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, k) => Number(((first + k) * step).toPrecision(12)));
  }

  /** Ticks with labels of equally many decimals. @type {(low: number, high: number, most: number) => Mark[]} */
  function marks(low, high, most) {
    const values = ticks(low, high, most);
    const decimals = Math.max(0, ...values.map(value => (String(value).split("e")[0].split(".")[1] || "").length));
    return values.map(value => {
      const size = Math.abs(value), plain = value === 0 || (size >= 1e-4 && size < 1e4);
      return [value, BatchNormKit.signed(plain ? value.toFixed(decimals) : value.toExponential()).replace(/ /g, "")];
    });
  }

  /** At least three marks. @type {(low: number, high: number) => Mark[]} */
  function fewMarks(low, high) {
    let found = marks(low, high, 3);
    for (let most = 4; most <= 8 && found.length < 3; most++) found = marks(low, high, most);
    return found;
  }

  /** Marks at powers of ten; at every other one if they are many. @type {(low: number, high: number) => Mark[]} */
  function powers(low, high) {
    const first = Math.round(Math.log10(low)), last = Math.round(Math.log10(high)), stride = last - first > 4 ? 2 : 1;
    return Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, i) => {
      const power = first + stride * i, value = 10 ** power;
      return [value, Math.abs(power) <= 2 ? String(value) : BatchNormKit.signed(`1e${power}`)];
    });
  }

  /** The largest absolute value, of those that are finite. @type {(values: Iterable<number>) => number} */
  function largest(values) {
    let most = 0;
    for (const value of values) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
    return most;
  }

  /** An axis around zero that holds the values, at least from −least to least and at most from −most to most.
   *  @type {(values: Iterable<number>, least: number, most: number) => Ends} */
  function around(values, least, most) {
    const far = 1.05 * Math.min(most, Math.max(least, largest(values)));
    return [-far, far];
  }

  /** Whole decades around the positive values, at least two and at most six of them.
   *  @type {(values: Iterable<number>, floor: number, ceiling: number) => Ends} */
  function decades(values, floor, ceiling) {
    let low = Infinity, high = -Infinity;
    for (const value of values) {
      if (!(value > 0 && value < Infinity)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [0.01, 1];
    const top = Math.ceil(Math.log10(Math.min(ceiling, Math.max(floor * 100, high))) - 1e-9);
    const bottom = Math.floor(Math.log10(Math.min(ceiling, Math.max(floor, low))) + 1e-9);
    return [10 ** Math.min(top - 2, Math.max(bottom, top - 6)), 10 ** top];
  }

  // ------------------------------------------------------------------------------------------------------------- Paper

  /** Writes what is traced as the data of an SVG path. */
  class PathData {
    data = "";

    /** @type {Pen["moveTo"]} */
    moveTo(x, y) {
      this.data += `M${rounded(x)} ${rounded(y)}`;
    }

    /** @type {Pen["lineTo"]} */
    lineTo(x, y) {
      this.data += `L${rounded(x)} ${rounded(y)}`;
    }
  }

  /** A drawing for the document, hidden from screen readers. @implements {Paper} */
  class SvgPaper {
    #into;

    /** @param {number} width @param {number} height */
    constructor(width, height) {
      this.width = width;
      this.height = height;
      this.element = this.#into = element("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
      this.element.setAttribute("aria-hidden", "true");
      this.element.setAttribute("focusable", "false");
    }

    /** @type {Paper["path"]} */
    path(trace, ink) {
      const pen = new PathData();
      trace(pen);
      this.#into.append(element("path", { d: pen.data, style: style(ink) }));
    }

    /** @type {Paper["dot"]} */
    dot(x, y, radius, ink) {
      this.#into.append(element("circle", { cx: rounded(x), cy: rounded(y), r: radius, style: style(ink) }));
    }

    /** @type {Paper["text"]} */
    text(x, y, words, { align = "center", middle = false } = {}) {
      const anchor = { left: "start", center: "middle", right: "end" }[align];
      const text = element("text", { x: rounded(x), y: rounded(middle ? y + 4 : y), "text-anchor": anchor });
      text.append(words);
      this.#into.append(text);
    }

    /** @type {Paper["clip"]} */
    clip(x, y, width, height, draw) {
      const outside = this.#into, viewBox = [x, y, width, height].map(rounded).join(" ");
      this.#into = element("svg", { x, y, width, height, viewBox, overflow: "hidden" });
      outside.append(this.#into);
      draw();
      this.#into = outside;
    }
  }

  /** @type {<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Object<string, any>)
   *         => SVGElementTagNameMap[K]} */
  function element(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    return made;
  }

  /** A tenth of a pixel is as fine as it gets. @type {(value: number) => number} */
  const rounded = value => Math.round(10 * value) / 10;

  /** @type {(ink: Ink) => string} */
  const style = ({ stroke, width = 1, opacity = 1, dashes = [], fill, fillOpacity = 1 }) => [
    `fill: ${fill ? `var(--bn-${fill})` : "none"}`,
    ...(fill && fillOpacity < 1 ? [`fill-opacity: ${fillOpacity}`] : []),
    ...(stroke ? [`stroke: var(--bn-${stroke})`, `stroke-width: ${width}`] : []),
    ...(stroke && opacity < 1 ? [`stroke-opacity: ${opacity}`] : []),
    ...(dashes.length ? [`stroke-dasharray: ${dashes.join(" ")}`] : []),
  ].join("; ");

  /** Colours and letters of the theme in force, as a canvas needs them: read once, until told to forget them. */
  class Theme {
    #element;
    /** @type {CSSStyleDeclaration | null} */
    #style = null;
    /** @type {Map<string, string>} */
    #values = new Map();

    /** @param {Element} element */
    constructor(element) {
      this.#element = element;
    }

    forget() {
      this.#style = null;
      this.#values.clear();
    }

    /** @param {string} name @returns {string} */
    #value(name) {
      if (!this.#style) this.#style = getComputedStyle(this.#element);
      if (!this.#values.has(name)) this.#values.set(name, this.#style.getPropertyValue(name).trim());
      return /** @type {string} */ (this.#values.get(name));
    }

    /** @param {string} name */
    colour(name) {
      return this.#value(`--bn-${name}`);
    }

    /** Red, green and blue from 0 to 255. @param {string} name */
    rgb(name) {
      const code = parseInt(this.colour(name).replace("#", ""), 16);
      return [code >> 16 & 255, code >> 8 & 255, code & 255];
    }

    get font() {
      return this.#value("--md-text-font") || "sans-serif";
    }
  }

  /** A canvas that says nothing to screen readers. @implements {Paper} */
  class CanvasPaper {
    width = 0;
    height = 0;
    ratio = 1; // pixels of the screen for each of the style sheet
    canvas = BatchNormKit.h("canvas", { "aria-hidden": "true" });
    pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    #theme;
    /** @type {HTMLCanvasElement | null} */
    #coarse = null;

    /** @param {Theme} theme */
    constructor(theme) {
      this.#theme = theme;
    }

    /** Take the size that the document gives it, so that no frame has to ask. */
    measure() {
      this.resize(this.canvas.clientWidth, this.canvas.clientHeight, Math.min(2, window.devicePixelRatio || 1));
    }

    /** @param {number} width @param {number} height @param {number} ratio */
    resize(width, height, ratio) {
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.canvas.width !== across) this.canvas.width = across;
      if (this.canvas.height !== down) this.canvas.height = down;
      Object.assign(this, { width, height, ratio });
    }

    clear() {
      this.pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      this.pen.clearRect(0, 0, this.width, this.height);
    }

    /** @type {Paper["path"]} */
    path(trace, ink) {
      this.pen.beginPath();
      trace(this.pen);
      this.#apply(ink);
    }

    /** @type {Paper["dot"]} */
    dot(x, y, radius, ink) {
      this.pen.beginPath();
      this.pen.arc(x, y, radius, 0, 2 * Math.PI);
      this.#apply(ink);
    }

    /** Fill and stroke what is traced. @param {Ink} ink */
    #apply({ stroke, width = 1, opacity = 1, dashes = [], fill, fillOpacity = 1 }) {
      const { pen } = this;
      if (fill) {
        pen.globalAlpha = fillOpacity;
        pen.fillStyle = this.#theme.colour(fill);
        pen.fill();
      }
      if (stroke) {
        pen.globalAlpha = opacity;
        pen.strokeStyle = this.#theme.colour(stroke);
        pen.lineWidth = width;
        pen.lineJoin = "round";
        pen.setLineDash(dashes);
        pen.stroke();
      }
      pen.globalAlpha = 1;
    }

    /** @type {Paper["text"]} */
    text(x, y, words, { align = "center", middle = false, strong = false } = {}) {
      const { pen } = this;
      pen.font = `${strong ? "600 13px" : "11px"} ${this.#theme.font}`;
      pen.fillStyle = this.#theme.colour(strong ? "ink" : "muted");
      pen.textAlign = align;
      pen.textBaseline = middle ? "middle" : "alphabetic";
      pen.fillText(words, x, y);
    }

    /** @type {Paper["clip"]} */
    clip(x, y, width, height, draw) {
      this.pen.save();
      this.pen.beginPath();
      this.pen.rect(x, y, width, height);
      this.pen.clip();
      draw();
      this.pen.restore();
    }

    /** A square grid of values from 0 to 1 over all of the paper, as shades of a colour; NaN is left out.
     *  @param {Float64Array} values @param {number} size  of a row @param {string} colour */
    shade(values, size, colour) {
      const coarse = this.#coarse || (this.#coarse = BatchNormKit.h("canvas", { width: size, height: size }));
      const pen = /** @type {CanvasRenderingContext2D} */ (coarse.getContext("2d"));
      const image = pen.createImageData(size, size), [red, green, blue] = this.#theme.rgb(colour);
      values.forEach((value, i) => image.data.set([red, green, blue, Number.isNaN(value) ? 0 : 150 * value], 4 * i));
      pen.putImageData(image, 0, 0);
      const cell = this.width / (size - 1); // the middles of the outermost pixels lie on the edge
      this.pen.imageSmoothingEnabled = true;
      this.pen.drawImage(coarse, -cell / 2, -cell / 2, this.width + cell, this.height + cell);
    }
  }

  // ------------------------------------------------------------------------------------------------------------ Shapes

  /** A rectangle. @type {(x: number, y: number, width: number, height: number) => Trace} */
  const box = (x, y, width, height) => pen => {
    pen.moveTo(x, y);
    pen.lineTo(x + width, y);
    pen.lineTo(x + width, y + height);
    pen.lineTo(x, y + height);
    pen.lineTo(x, y);
  };

  /** A straight line. @type {(x1: number, y1: number, x2: number, y2: number) => Trace} */
  const segment = (x1, y1, x2, y2) => pen => {
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
  };

  /** Where values on a square grid pass a level: straight pieces, cell by cell.
   *  @type {(values: Float64Array, size: number, level: number, cell: number) => Trace} */
  const contour = (values, size, level, cell) => pen => {
    for (let row = 0; row + 1 < size; row++) for (let col = 0; col + 1 < size; col++) {
      const corners = [[col, row], [col + 1, row], [col + 1, row + 1], [col, row + 1]];
      const cuts = corners.flatMap(([x, y], i) => {
        const [nextX, nextY] = corners[(i + 1) % 4], value = values[y * size + x], next = values[nextY * size + nextX];
        const share = (level - value) / (next - value);
        return value > level === next > level ? [] : [[x + share * (nextX - x), y + share * (nextY - y)]];
      });
      for (let i = 0; i + 1 < cuts.length; i += 2) {
        pen.moveTo(cell * cuts[i][0], cell * cuts[i][1]);
        pen.lineTo(cell * cuts[i + 1][0], cell * cuts[i + 1][1]);
      }
    }
  };

  /** Two axes on paper, and what is drawn between them. */
  class Chart {
    #paper;
    #frame;
    #y;

    /** @param {Paper} paper @param {Frame} frame */
    constructor(paper, frame) {
      const { left = 0, right = 0, top = 0, bottom = 0 } = frame;
      this.#paper = paper;
      this.#frame = frame;
      this.left = left;
      this.right = paper.width - right;
      this.top = top;
      this.bottom = paper.height - bottom;
      this.#y = /** @type {Ends} */ (frame.log ? frame.y.map(Math.log10) : frame.y);
    }

    /** @param {number} value */
    x(value) {
      const [low, high] = this.#frame.x;
      return this.left + (this.right - this.left) * (value - low) / (high - low);
    }

    /** @param {number} value */
    y(value) {
      const [low, high] = this.#y, share = ((this.#frame.log ? Math.log10(value) : value) - low) / (high - low);
      return this.bottom - (this.bottom - this.top) * Math.max(-FAR, Math.min(1 + FAR, share));
    }

    /** Whether a value has a place on the axis of y. @param {number} value */
    #drawable(value) {
      return Number.isFinite(value) && (!this.#frame.log || value > 0);
    }

    /** @param {number} value @param {Ink} ink */
    horizontal(value, ink) {
      this.#paper.path(segment(this.left, this.y(value), this.right, this.y(value)), ink);
    }

    /** @param {number} value @param {Ink} ink */
    vertical(value, ink) {
      this.#paper.path(segment(this.x(value), this.top, this.x(value), this.bottom), ink);
    }

    /** Horizontal lines with their labels at the left. @param {Mark[]} marks */
    grid(marks) {
      for (const [value, label] of marks) {
        this.horizontal(value, { stroke: "grid" });
        this.#paper.text(this.left - 5, this.y(value), label, { align: "right", middle: true });
      }
    }

    /** The axis of x as a line with ticks and labels. @param {Mark[]} marks */
    axis(marks) {
      const { left, right, bottom } = this;
      this.#paper.path(segment(left, bottom, right, bottom), { stroke: "rule" });
      for (const [value] of marks) {
        this.#paper.path(segment(this.x(value), bottom, this.x(value), bottom + 4), { stroke: "rule" });
      }
      this.below(marks);
    }

    /** Labels of the axis of x, the last one with its unit. @param {Mark[]} marks @param {string} [unit] */
    below(marks, unit = "") {
      const { width, height } = this.#paper;
      marks.forEach(([value, label], i) => {
        const last = unit && i === marks.length - 1, words = last ? `${label} ${unit}` : label, x = this.x(value);
        if (last && x > width - 32) this.#paper.text(this.right, height - 4, words, { align: "right" });
        else this.#paper.text(x, height - 4, words);
      });
    }

    /** Draw what ends at the axes. @param {() => void} draw */
    inside(draw) {
      const room = 4; // for half a line or a dot
      const { left, top } = this, width = this.right - left, height = this.bottom - top;
      this.#paper.clip(left - room, top - room, width + 2 * room, height + 2 * room, draw);
    }

    /** A line through points; values that cannot be drawn leave a gap.
     *  @param {Iterable<Point>} points @param {Ink} ink */
    line(points, ink) {
      this.#paper.path(pen => {
        let open = false;
        for (const [at, value] of points) {
          const drawable = this.#drawable(value);
          if (drawable && open) pen.lineTo(this.x(at), this.y(value));
          else if (drawable) pen.moveTo(this.x(at), this.y(value));
          open = drawable;
        }
      }, ink);
    }

    /** Filled between two lines. @param {Point[]} low @param {Point[]} high @param {Ink} ink */
    band(low, high, ink) {
      this.#paper.path(pen => {
        [...low, ...high.slice().reverse()].forEach(([at, value], i) => {
          if (i) pen.lineTo(this.x(at), this.y(value));
          else pen.moveTo(this.x(at), this.y(value));
        });
      }, ink);
    }

    /** @param {Iterable<Point>} points @param {number} radius @param {Ink} ink */
    dots(points, radius, ink) {
      for (const [at, value] of points) {
        if (this.#drawable(value)) this.#paper.dot(this.x(at), this.y(value), radius, ink);
      }
    }

    /** Counts as steps over all of the axis of x. @param {number[]} counts @param {Ink} ink */
    histogram(counts, ink) {
      const { left, bottom } = this, step = (this.right - left) / counts.length;
      this.#paper.path(pen => {
        pen.moveTo(left, bottom);
        counts.forEach((count, i) => {
          pen.lineTo(left + i * step, this.y(count));
          pen.lineTo(left + (i + 1) * step, this.y(count));
        });
        pen.lineTo(this.right, bottom);
      }, ink);
    }

    /** Where a line breaks off: a cross at its last point, or at the bottom if it has none.
     *  @param {Point[]} points @param {number} end @param {Ink} ink */
    breakOff(points, end, ink) {
      const last = points.filter(([, value]) => this.#drawable(value)).pop();
      const x = this.x(last ? last[0] : Math.min(end, this.#frame.x[1]));
      const y = last ? Math.max(this.top, Math.min(this.bottom, this.y(last[1]))) : this.bottom;
      this.#paper.path(segment(x - 4, y - 4, x + 4, y + 4), ink);
      this.#paper.path(segment(x + 4, y - 4, x - 4, y + 4), ink);
    }
  }

  return {
    marks, fewMarks, powers, largest, around, decades, SvgPaper, CanvasPaper, Theme, Chart, box, segment, contour,
  };
})();
