/* One unit and one batch: what goes in, x̂, y, the activation, and the gradient that comes back through all of it. */
/* global BatchNorm, BatchNormKit */
(function () {
  "use strict";

  const B = BatchNorm, { h, s, told, signed, parse, quoted, ticks } = BatchNormKit;
  const MOST_NUMBERS = 1024;
  const LARGEST = 1e100; // whose square is still a 64-bit number
  const COMMON = 12; // values up to here share one axis
  const FEW = 40; // values that are drawn one by one

  /** Numbers that a reader typed, or a sentence on why they cannot be used.
   *  @type {(text: string) => {values?: number[], wrong?: string}} */
  function numbers(text) {
    const words = text.split(/[\s,;]+/).filter(Boolean);
    if (!words.length) return { wrong: "The box is empty: type at least two numbers, such as −1, 0, 3." };
    const values = words.map(word => parse(word));
    const bad = values.findIndex(value => value === undefined);
    if (bad >= 0) return { wrong: `${quoted(words[bad])} is not a number.` };
    const large = values.findIndex(value => Math.abs(Number(value)) > LARGEST);
    if (large >= 0) return { wrong: `${quoted(words[large])} is too large: its square does not fit into 64 bits. Keep to 1e100.` };
    if (values.length < 2) return { wrong: "One number has no variance: type at least two." };
    if (values.length > MOST_NUMBERS) return { wrong: `${values.length} numbers are too many to draw: type at most ${MOST_NUMBERS}.` };
    return { values: values.map(Number) };
  }

  /** @type {Object<string, (random: any, i: number) => number>} */
  const DRAW = {
    normal: random => 2 + 1.5 * random.normal(),
    uniform: random => 6 * random.uniform() - 1,
    skewed: random => -1.5 * Math.log(random.uniform()),
    clusters: random => (random.uniform() < 0.5 ? -1 : 4) + 0.5 * random.normal(),
    outlier: (random, i) => (i === 0 ? 11 : random.normal()),
    constant: random => 2 + 0.01 * random.normal(),
  };

  /** @typedef {"x" | "xhat" | "y" | "a" | "dx"} Key */

  /** @type {{key: Key, symbol: string, words: string, colour: string}[]} */
  const ROWS = [
    { key: "x", symbol: "x", words: "goes in", colour: "--bn-input" },
    { key: "xhat", symbol: "x̂", words: "standardized", colour: "--bn-neutral" },
    { key: "y", symbol: "y", words: "γ x̂ + β", colour: "--bn-batch-norm" },
    { key: "a", symbol: "a", words: "after the activation", colour: "--bn-positive" },
    { key: "dx", symbol: "∂L/∂x", words: "gradient that gets through", colour: "--bn-gradient" },
  ];

  class Affine extends BatchNormKit.Simulator {
    /** @type {Object<string, {plot: HTMLElement, mean: HTMLElement, std: HTMLElement}>} */
    rows;
    /** @type {HTMLButtonElement} */
    another;
    /** @type {number[] | undefined} */
    last;

    furnish() {
      const body = h("tbody", { role: "rowgroup" });
      this.rows = {};
      for (const row of ROWS) {
        const cells = { plot: h("td", { role: "cell", class: "bn-affine__plot" }), mean: h("td", { role: "cell", class: "bn-number" }), std: h("td", { role: "cell", class: "bn-number" }) };
        body.append(h("tr", { role: "row", style: `--tone: var(${row.colour})` },
          h("th", { role: "rowheader", scope: "row" }, h("span", { class: "bn-affine__symbol" }, row.symbol), h("span", {}, row.words)), cells.plot, cells.mean, cells.std));
        this.rows[row.key] = cells;
      }
      const head = ["", "distribution", "mean", "std"].map((word, i) => i ? h("th", { role: "columnheader", scope: "col" }, word) : h("td", { role: "cell" }));
      this.stage.append(h("table", { class: "bn-affine", role: "table", "aria-label": "The batch on its way" },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)), body));
      this.action("Undo: γ = √(σ² + ε), β = μ", () => this.undo());
      this.another = this.action("Another batch", () => this.set("seed", Number(this.settings.seed) % 1000000 + 1));
    }

    /** The batch that the settings ask for; the last good one while what is typed makes no sense. */
    batch() {
      const typed = this.settings.data === "typed";
      /** @type {(name: string) => HTMLElement} */
      const control = name => /** @type {any} */ (this.controls.querySelector(`[data-setting=${name}]`));
      control("numbers").hidden = !typed;
      control("batch").hidden = typed;
      this.another.hidden = typed;
      if (typed) {
        const found = numbers(String(this.settings.numbers));
        this.complain("numbers", found.wrong ? `${found.wrong} What is drawn is still the last batch that made sense.` : "");
        if (found.values) this.last = found.values;
        if (!this.last) this.last = [-1.5, -0.5, 0.5, 1.5];
        return this.last;
      }
      const random = B.random(Number(this.settings.seed));
      return Array.from({ length: Number(this.settings.batch) }, (_, i) => DRAW[this.settings.data](random, i));
    }

    /** Everything that is shown, by the engine. */
    compute() {
      const values = this.batch(), m = values.length, { gamma, beta, epsilon, activation } = this.settings;
      const net = B.network([B.standardize({ eps: Number(epsilon), rate: 0, unbiased: false }), B.affine(Number(gamma), Number(beta)), B.activations[activation]()]);
      const arriving = B.random(1000003 * Number(this.settings.seed) + 7), begun = net.init(() => 0, 1);
      const passed = net.forward(begun.params, begun.state, B.matrix(m, 1, values), true);
      const back = net.backward(begun.params, passed.saved, B.matrix(m, 1, Array.from({ length: m }, () => arriving.normal())));
      return { x: values, xhat: Array.from(passed.saved[1].x.data), y: Array.from(passed.saved[2].x.data), a: Array.from(passed.y.data), dx: Array.from(back.dx.data),
        mu: passed.saved[0].mean[0], variance: passed.saved[0].var[0] };
    }

    undo() {
      const { mu, variance } = this.compute();
      this.settings.gamma = Math.sqrt(variance + Number(this.settings.epsilon));
      this.settings.beta = mu;
      ["gamma", "beta"].forEach(name => this.complain(name, ""));
      this.refresh();
    }

    draw() {
      const now = this.compute(), { gamma, beta, epsilon } = this.settings;
      this.figures = {};
      const undefinedHere = now.xhat.some(value => !Number.isFinite(value));
      const extent = /** @type {(values: number[]) => number} */ (values => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      const shared = /** @type {Key[]} */ (["x", "xhat", "y"]).map(key => extent(now[key])).filter(size => size <= COMMON).reduce((most, size) => Math.max(most, size), 4);
      for (const row of ROWS) {
        const values = now[row.key], size = extent(values), cells = this.rows[row.key];
        const { mean, std } = values.every(Number.isFinite) ? B.moments(values) : { mean: NaN, std: NaN };
        this.figures[row.key] = { mean: mean, std: std };
        cells.mean.textContent = told(mean, size);
        cells.std.textContent = told(std, size);
        cells.plot.replaceChildren(undefinedHere && row.key !== "x" ? h("p", { class: "bn-sim__none" }, "0/0")
          : plot(values, mean, std, this.domain(row.key, values, shared), cells.plot.clientWidth || 400));
      }
      this.figures.mu = now.mu;
      this.figures.variance = now.variance;
      if (undefinedHere) return "All values are the same and ε is zero: x̂ is 0/0, which is not a number. That is what ε is for.";
      const off = now.y.reduce((most, value, i) => Math.max(most, Math.abs(value - now.x[i])), 0), sigma = Math.sqrt(now.variance), root = Math.sqrt(now.variance + Number(epsilon));
      if (off <= 1e-9 * Math.max(1e-300, sigma)) return `y is x again: γ and β have undone the normalization, and the two differ by ${off === 0 ? "nothing" : "at most " + told(off)}.`;
      return `x̂ = (x − ${told(now.mu, extent(now.x)).replace(/^−/, "(−") + (now.mu < 0 && told(now.mu, extent(now.x)) !== "0" ? ")" : "")}) / ${told(root)}. The standard deviation of y is ${told(this.figures.y.std)}: `
        + `|γ| · σ/√(σ² + ε) = ${told(Math.abs(Number(gamma)))} · ${told(sigma / root)}; its mean is β = ${told(Number(beta))}.`;
    }

    /** The ends of a row's axis. @type {(key: string, values: number[], shared: number) => [number, number]} */
    domain(key, values, shared) {
      const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
      if (key === "a" && this.settings.activation === "sigmoid") return [0, 1];
      if (key === "a" && this.settings.activation === "tanh") return [-1, 1];
      if (key === "dx") {
        const size = Math.max(1, -low, high);
        return [-size, size];
      }
      const common = Math.ceil(shared);
      if (Math.max(-low, high) <= common) return [-common, common];
      const room = (high - low) * 0.05 || Math.abs(high) * 0.05;
      return [low - room, high + room];
    }
  }

  /** A histogram, or dots where there are few values, over the mean and one standard deviation to both sides.
   *  @type {(values: number[], mean: number, std: number, domain: [number, number], width: number) => SVGElement} */
  function plot(values, mean, std, [low, high], width) {
    const height = 62, floor = 38, side = 10, inner = width - 2 * side;
    /** @type {(value: number) => number} */
    const at = value => side + inner * Math.min(1, Math.max(0, (value - low) / (high - low)));
    const picture = s("svg", { width: width, height: height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
    const steps = ticks(low, high, Math.max(2, Math.min(8, inner / 60)));
    const digits = Math.max(0, ...steps.map(step => (String(step).split("e")[0].split(".")[1] || "").length));
    for (const step of steps) {
      picture.append(s("line", { x1: at(step), x2: at(step), y1: floor, y2: floor + 4, class: "bn-sim__axis" }),
        s("text", { x: at(step), y: floor + 22, "text-anchor": "middle" }, Math.abs(step) >= 1e5 || (step !== 0 && Math.abs(step) < 1e-4) ? told(step) : signed(step.toFixed(digits))));
    }
    const bins = Math.round(Math.max(20, Math.min(inner / 6, 2.5 * Math.sqrt(values.length)))), counts = new Array(bins).fill(0);
    const bin = /** @type {(value: number) => number} */ (value => Math.min(bins - 1, Math.floor(bins * (at(value) - side) / inner)));
    if (values.length <= FEW) {
      const stack = Math.max(...values.reduce((tall, value) => { tall[bin(value)]++; return tall; }, counts.slice())), rise = Math.min(8, (floor - 8) / stack);
      for (const value of values) picture.append(s("circle", { cx: at(value), cy: floor - 5 - rise * counts[bin(value)]++, r: 4, class: "bn-sim__dot" }));
    } else {
      for (const value of values) counts[bin(value)]++;
      const most = Math.max(...counts), step = inner / bins;
      let path = `M${side} ${floor}`;
      counts.forEach((count, i) => { path += `V${(floor - (floor - 4) * count / most).toFixed(1)}H${(side + (i + 1) * step).toFixed(1)}`; });
      picture.append(s("path", { d: path + `V${floor}Z`, class: "bn-sim__bars" }));
    }
    picture.append(s("line", { x1: side, x2: width - side, y1: floor, y2: floor, class: "bn-sim__axis" }),
      s("line", { x1: at(mean - std), x2: at(mean + std), y1: floor, y2: floor, class: "bn-sim__spread" }), s("circle", { cx: at(mean), cy: floor, r: 3.4, class: "bn-sim__mean" }));
    return picture;
  }

  customElements.define("bn-affine", Affine);
})();
