/* One unit and one batch: what goes in, x̂, y, the activation, and the gradient that comes back through all of it. */
/* global BatchNorm, BatchNormKit, BatchNormCharts */
(() => {
  "use strict";

  const B = BatchNorm, { h, told, parse, quoted } = BatchNormKit, C = BatchNormCharts;
  const MOST_NUMBERS = 1024;
  const LARGEST = 1e100; // whose square is still a 64-bit number
  const COMMON = 12; // rows with values up to here share one axis
  const FEW = 40; // values that are drawn one by one
  const LAST = [-1.5, -0.5, 0.5, 1.5]; // drawn until what is typed makes sense

  const DECIMAL_COMMA = /^[-+−–]?\d*,\d+(e[-+−–]?\d+)?$/i;

  /** @typedef {{values: number[], wrong?: undefined} | {wrong: string}} Typed  numbers, or why they cannot be used */

  /** The words between separators. With semicolons, a comma is the decimal one, as in 1,5; 2,5. Without, it separates;
   *  beside spaces, as in “1,5 2,5”, nobody can tell, and such words are returned as `unclear`.
   *  @type {(text: string) => {words: string[], unclear?: string}} */
  function separated(text) {
    const pieces = text.split(/[;\s]+/).map(one => one.replace(/,+$/, "")).filter(Boolean);
    if (text.includes(";")) {
      return { words: pieces.map(one => (DECIMAL_COMMA.test(one) ? one.replace(",", ".") : one)) };
    }
    const unclear = pieces.length > 1 ? pieces.find(one => /\d,\d/.test(one)) : undefined;
    return { words: pieces.flatMap(one => one.split(",")).filter(Boolean), unclear };
  }

  /** Numbers that a reader typed. @type {(text: string) => Typed} */
  function numbers(text) {
    const { words, unclear } = separated(text);
    if (!words.length) return { wrong: "The box is empty: type at least two numbers, such as −1, 0, 3." };
    if (unclear) {
      return { wrong: `Is ${quoted(unclear)} one number or two? Type points, 1.5 2.5, or semicolons, 1,5; 2,5.` };
    }
    const values = words.map(parse);
    const bad = values.findIndex(value => value === undefined);
    if (bad >= 0) return { wrong: `${quoted(words[bad])} is not a number.` };
    const large = values.findIndex(value => Math.abs(Number(value)) > LARGEST);
    if (large >= 0) {
      return { wrong: `${quoted(words[large])} is too large: its square does not fit into 64 bits. Keep to 1e100.` };
    }
    if (values.length < 2) return { wrong: "One number has no variance: type at least two." };
    if (values.length > MOST_NUMBERS) {
      return { wrong: `${values.length} numbers are too many to draw: type at most ${MOST_NUMBERS}.` };
    }
    return { values: values.map(Number) };
  }

  /** A value of the batch, by the kind of numbers. @type {Object<string, (random: any, i: number) => number>} */
  const DRAW = {
    normal: random => 2 + 1.5 * random.normal(),
    uniform: random => 6 * random.uniform() - 1,
    skewed: random => -1.5 * Math.log(random.uniform()),
    clusters: random => (random.uniform() < 0.5 ? -1 : 4) + 0.5 * random.normal(),
    outlier: (random, i) => (i === 0 ? 11 : random.normal()),
    constant: random => 2 + 0.01 * random.normal(),
  };

  /** @typedef {"x" | "xhat" | "y" | "a" | "dx"} Key */

  /** @type {{key: Key, symbol: string, words: string, tone: string}[]} */
  const ROWS = [
    { key: "x", symbol: "x", words: "goes in", tone: "input" },
    { key: "xhat", symbol: "x̂", words: "standardized", tone: "neutral" },
    { key: "y", symbol: "y", words: "γ x̂ + β", tone: "batch-norm" },
    { key: "a", symbol: "a", words: "after the activation", tone: "positive" },
    { key: "dx", symbol: "∂L/∂x", words: "gradient that gets through", tone: "gradient" },
  ];

  class Affine extends BatchNormKit.Simulator {
    /** @type {Object<string, {plot: HTMLElement, mean: HTMLElement, std: HTMLElement}>} */
    rows = {};
    /** @type {HTMLButtonElement} */
    another;
    #last = LAST;

    furnish() {
      const cell = (/** @type {string} */ look) => h("td", { role: "cell", class: look });
      const body = h("tbody", { role: "rowgroup" });
      for (const { key, symbol, words, tone } of ROWS) {
        const cells = { plot: cell("bn-affine__plot"), mean: cell("bn-number"), std: cell("bn-number") };
        const name = [h("span", { class: "bn-affine__symbol" }, symbol), h("span", {}, words)];
        body.append(h("tr", { role: "row", style: `--tone: var(--bn-${tone})` },
          h("th", { role: "rowheader", scope: "row" }, ...name), ...Object.values(cells)));
        this.rows[key] = cells;
      }
      const titles = ["distribution", "mean", "std"];
      const head = titles.map(title => h("th", { role: "columnheader", scope: "col" }, title));
      this.stage.append(h("table", { class: "bn-affine", role: "table", "aria-label": "The batch on its way" },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, h("td", { role: "cell" }), ...head)), body));
      this.action("Undo: γ = √(σ² + ε), β = μ", () => this.undo());
      this.another = this.action("Another batch", () => this.set("seed", Number(this.settings.seed) % 1000000 + 1));
    }

    /** The batch that the settings ask for; the last good one while what is typed makes no sense. */
    batch() {
      const typed = this.settings.data === "typed";
      this.reveal("numbers", typed);
      this.reveal("batch", !typed);
      this.another.hidden = typed;
      if (typed) {
        const found = numbers(String(this.settings.numbers));
        const still = "What is drawn is still the last batch that made sense.";
        this.complain("numbers", found.wrong ? `${found.wrong} ${still}` : "");
        if (found.wrong === undefined) this.#last = found.values;
        return this.#last;
      }
      const random = new B.Random(Number(this.settings.seed));
      return Array.from({ length: Number(this.settings.batch) }, (_, i) => DRAW[this.settings.data](random, i));
    }

    /** Everything that is shown, by the engine. */
    compute() {
      const values = this.batch(), m = values.length, { gamma, beta, epsilon, seed, activation } = this.settings;
      const standardize = new B.Standardize({ eps: Number(epsilon), rate: 0, unbiased: false });
      const affine = new B.Affine(Number(gamma), Number(beta));
      const net = new B.Network([standardize, affine, B.activations[activation]()]);
      const arriving = new B.Random(1000003 * Number(seed) + 7), { params, state } = net.init(() => 0, 1);
      const { y, saved } = net.forward(params, state, B.matrix(m, 1, values), true);
      const { dx } = net.backward(params, saved, B.matrix(m, 1, values.map(() => arriving.normal())));
      const [xhat, affined] = [saved[1].x, saved[2].x].map(one => Array.from(one.data));
      const rows = { x: values, xhat, y: affined, a: Array.from(y.data), dx: Array.from(dx.data) };
      return { rows, mu: saved[0].mean[0], variance: saved[0].var[0] };
    }

    undo() {
      const { mu, variance } = this.compute();
      this.settings.gamma = Math.sqrt(variance + Number(this.settings.epsilon));
      this.settings.beta = mu;
      ["gamma", "beta"].forEach(name => this.complain(name, ""));
      this.refresh();
    }

    draw() {
      const { rows, mu, variance } = this.compute();
      const isUndefined = !rows.xhat.every(Number.isFinite);
      const sizes = [rows.x, rows.xhat, rows.y].map(C.largest).filter(size => size <= COMMON);
      const common = Math.ceil(Math.max(4, ...sizes));
      this.figures = { mu, variance };
      for (const { key, tone } of ROWS) {
        const values = rows[key], size = C.largest(values), cells = this.rows[key];
        const { mean, std } = values.every(Number.isFinite) ? B.moments(values) : { mean: NaN, std: NaN };
        this.figures[key] = { mean, std };
        cells.mean.textContent = told(mean, size);
        cells.std.textContent = told(std, size);
        cells.plot.replaceChildren(isUndefined && key !== "x" ? h("p", { class: "bn-sim__none" }, "0/0")
          : plot(values, mean, std, this.domain(key, values, common), tone, cells.plot.clientWidth || 400));
      }
      if (isUndefined) {
        return "All values are the same and ε is zero: x̂ is 0/0, which is not a number. That is what ε is for.";
      }
      return this.sentenceOf(rows, mu, variance);
    }

    /** What is to be seen. @param {Record<Key, number[]>} rows @param {number} mu @param {number} variance */
    sentenceOf(rows, mu, variance) {
      const sigma = Math.sqrt(variance), root = Math.sqrt(variance + Number(this.settings.epsilon));
      const off = C.largest(rows.y.map((value, i) => value - rows.x[i]));
      if (off <= 1e-9 * Math.max(1e-300, sigma)) {
        const by = off === 0 ? "nothing" : `at most ${told(off)}`;
        return `y is x again: γ and β have undone the normalization, and the two differ by ${by}.`;
      }
      const mean = told(mu, C.largest(rows.x)).replace(/^−.*/, "($&)");
      const gamma = told(Math.abs(Number(this.settings.gamma))), beta = told(Number(this.settings.beta));
      return `x̂ = (x − ${mean}) / ${told(root)}. The standard deviation of y is ${told(this.figures.y.std)}: `
        + `|γ| · σ/√(σ² + ε) = ${gamma} · ${told(sigma / root)}; its mean is β = ${beta}.`;
    }

    /** The ends of a row's axis. @type {(key: Key, values: number[], common: number) => Ends} */
    domain(key, values, common) {
      if (key === "a" && this.settings.activation === "sigmoid") return [0, 1];
      if (key === "a" && this.settings.activation === "tanh") return [-1, 1];
      const size = C.largest(values);
      if (key === "dx") return [-Math.max(1, size), Math.max(1, size)];
      if (size <= common) return [-common, common];
      const low = Math.min(...values), high = Math.max(...values), room = (high - low || Math.abs(high)) * 0.05;
      return [low - room, high + room];
    }
  }

  /** A histogram, or dots where values are few, over the mean and one standard deviation to both sides.
   *  @type {(values: number[], mean: number, std: number, domain: Ends, tone: string, width: number)
   *         => SVGElement} */
  function plot(values, mean, std, [low, high], tone, width) {
    const paper = new C.SvgPaper(width, 62), side = 10, inner = width - 2 * side;
    const bins = Math.round(Math.max(20, Math.min(inner / 6, 2.5 * Math.sqrt(values.length))));
    const bin = (/** @type {number} */ value) => Math.min(bins - 1, Math.floor(bins * (value - low) / (high - low)));
    const counts = new Array(bins).fill(0);
    for (const value of values) counts[bin(value)]++;
    const most = Math.max(...counts);
    const chart = new C.Chart(paper, { x: [low, high], y: [0, most], left: side, right: side, top: 4, bottom: 24 });
    if (values.length <= FEW) {
      const above = new Array(bins).fill(0), rise = Math.min(8, (chart.bottom - 8) / most);
      for (const value of values) {
        const y = chart.bottom - 5 - rise * above[bin(value)]++;
        paper.dot(chart.x(value), y, 4, { fill: tone, fillOpacity: 0.55, stroke: tone });
      }
    } else chart.histogram(counts, { fill: tone, fillOpacity: 0.32, stroke: tone });
    chart.axis(C.marks(low, high, Math.max(2, Math.min(8, inner / 60))));
    const [from, to] = [mean - std, mean + std].map(end => chart.x(Math.min(high, Math.max(low, end))));
    paper.path(C.segment(from, chart.bottom, to, chart.bottom), { stroke: "ink", width: 2.5 });
    chart.dots([[mean, 0]], 3.4, { fill: "ink", stroke: "paper", width: 1.5 });
    return paper.element;
  }

  customElements.define("bn-affine", Affine);
})();
