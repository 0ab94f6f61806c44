/* A stream of batches from one distribution: running averages against the truth, and one example in training and in
   evaluation mode. */
/* global BatchNorm, BatchNormKit, BatchNormCharts */
(() => {
  "use strict";

  const B = BatchNorm, { h, told } = BatchNormKit, C = BatchNormCharts;
  const MEAN = 3, STD = 2; // as in the study: a stream that stands still
  const EXAMPLE = 5; // one standard deviation above the mean
  const TRUTH = { mean: MEAN, variance: STD * STD, value: (EXAMPLE - MEAN) / STD };
  const LONGEST = 300; // batches
  const TICK = 40; // milliseconds for each batch while it runs

  /** @typedef {"mean" | "variance" | "value"} Key */
  /** @typedef {{line: number[], dots: number[]}} Series  from the start on, and one of each batch */

  /** @type {{key: Key, title: string, line: string, dots: string}[]} */
  const CHARTS = [
    { key: "mean", title: "Running mean", line: "running mean", dots: "batch means" },
    { key: "variance", title: "Running variance", line: "running variance", dots: "batch variances, as averaged" },
    {
      key: "value",
      title: "The example x = 5, standardized",
      line: "evaluation mode",
      dots: "training mode, among the neighbours of that batch",
    },
  ];

  /** @type {(values: number[]) => number} */
  const last = values => values[values.length - 1];

  class Running extends BatchNormKit.Simulator {
    /** @type {Object<string, {now: HTMLElement, place: HTMLElement}>} */
    charts = {};
    /** @type {HTMLButtonElement} */
    runner;
    running = 0; // the interval's number while it runs

    furnish() {
      for (const { key, title, line, dots } of CHARTS) {
        const now = h("span", { class: "bn-number" }), place = h("div");
        /** @type {(look: string, words: string) => Node} */
        const entry = (look, words) => h("span", { class: `bn-running__${look}` }, words);
        const example = key === "value", legend = [entry("line", line), entry(example ? "example" : "dots", dots)];
        legend.push(entry("truth", "truth"), ...(example ? [] : [entry("theory", "expected")]));
        this.stage.append(h("div", { class: "bn-running__chart" },
          h("p", { class: "bn-running__title" }, h("strong", {}, title), " ", now),
          h("p", { class: "bn-running__key" }, ...legend), place));
        this.charts[key] = { now, place };
      }
      this.runner = this.action("Run", () => (this.running ? this.pause() : this.run()));
      this.runner.className = "bn-sim__main";
      this.action("One batch more", () => {
        this.pause();
        this.set("batches", Math.min(LONGEST, Number(this.settings.batches) + 1));
      });
      this.action("Other batches", () => this.set("seed", Number(this.settings.seed) % 1000000 + 1));
      this.controls.before(this.actions);
    }

    run() {
      if (this.settings.batches === LONGEST) this.settings.batches = 0;
      this.runner.textContent = "Pause";
      this.running = window.setInterval(() => {
        if (!this.isConnected || this.settings.batches === LONGEST) this.pause();
        else super.set("batches", Number(this.settings.batches) + 1);
      }, TICK);
    }

    pause() {
      window.clearInterval(this.running);
      this.running = 0;
      this.runner.textContent = "Run";
    }

    /** @type {(name: string, value: number | string) => void} */
    set(name, value) {
      if (name === "batches") this.pause();
      super.set(name, value);
    }

    /** @type {(values: any) => void} */
    choose(values) {
      this.pause();
      super.choose(values);
    }

    /** Averages, batch statistics and both values of the example after every batch, by the engine. */
    compute() {
      const { seed, convention } = this.settings, m = Number(this.settings.batch);
      const [rate, batches, hold] = ["rate", "batches", "hold"].map(name => Number(this.settings[name]));
      const unbiased = convention === "unbiased", correction = unbiased ? m / (m - 1) : 1;
      const layer = new B.Standardize({ eps: 1e-5, rate, unbiased });
      let { state } = layer.init(() => 0, 1);
      const example = B.matrix(1, 1, [EXAMPLE]);
      const evaluated = () => layer.forward({}, state, example, false).y.data[0];
      /** @type {Record<Key, Series>} */
      const found = {
        mean: { line: [0], dots: [] },
        variance: { line: [1], dots: [] },
        value: { line: [evaluated()], dots: [] },
      };
      for (let t = 1; t <= batches; t++) {
        const random = new B.Random(7919 * Number(seed) + 104729 * t);
        const values = Array.from({ length: m }, () => MEAN + STD * random.normal());
        const passed = layer.forward({}, state, B.matrix(m, 1, values), true);
        values[0] = EXAMPLE;
        found.value.dots.push(layer.forward({}, state, B.matrix(m, 1, values), true).y.data[0]);
        if (t <= hold) state = passed.state;
        found.mean.dots.push(passed.saved.mean[0]);
        found.variance.dots.push(passed.saved.var[0] * correction);
        found.mean.line.push(state.running_mean[0]);
        found.variance.line.push(state.running_var[0]);
        found.value.line.push(evaluated());
      }
      return found;
    }

    /** What the averages are expected to be after every batch, and the axes of all charts. */
    theory() {
      const m = Number(this.settings.batch), alpha = Number(this.settings.rate), hold = Number(this.settings.hold);
      const variance = STD * STD * (this.settings.convention === "unbiased" ? 1 : (m - 1) / m);
      const start = Array.from({ length: LONGEST + 1 }, (_, t) => (1 - alpha) ** Math.min(t, hold)); // its weight
      const meanRoom = Math.max(1.5, 4 * STD / Math.sqrt(m));
      const varianceRoom = STD * STD * Math.max(1, 3 * Math.sqrt(2 / (m - 1)));
      /** @type {Record<Key, {expected?: number[], y: Ends}>} */
      const charts = {
        mean: { expected: start.map(w => MEAN * (1 - w)), y: [Math.min(0, MEAN - meanRoom), MEAN + meanRoom] },
        variance: { expected: start.map(w => w + variance * (1 - w)), y: [0, STD * STD + varianceRoom] },
        value: { y: [-1.2, 3.2] },
      };
      return { start, charts };
    }

    draw() {
      const found = this.compute(), { start, charts } = this.theory(), { mean, variance, value } = found;
      const done = Number(this.settings.batches), hold = Number(this.settings.hold);
      for (const { key } of CHARTS) {
        const { now, place } = this.charts[key], { line, dots } = found[key];
        const training = done ? `, training ${told(last(dots))}` : "", { expected, y } = charts[key];
        now.textContent = key === "value" ? `evaluation ${told(last(line))}${training}`
          : `${told(last(line))}, truth ${told(TRUTH[key])}`;
        const drawn = { line, dots, tone: key === "value" ? "none" : "neutral", truth: TRUTH[key], expected, y, hold };
        place.replaceChildren(plot(drawn, place.clientWidth || 400));
      }
      this.figures = {
        mean: last(mean.line),
        variance: last(variance.line),
        evaluation: value.line,
        training: value.dots,
      };
      if (!done) {
        return "No batch yet: the running mean starts at 0 and the running variance at 1, whatever the data are.";
      }
      const moved = B.moments(done > 1 ? value.dots : [0, 0]).std;
      const count = `${done} ${done === 1 ? "batch" : "batches"}`;
      return `After ${count} of ${this.settings.batch} the running mean is ${told(last(mean.line))} and the running `
        + `variance ${told(last(variance.line))}; the start still weighs ${told(start[done])}. In training mode the `
        + `same example has come out with a standard deviation of ${told(moved)}; evaluation now says `
        + `${told(last(value.line))}.`;
    }
  }

  /** Dots for batches, a line for the running average, the truth dashed.
   *  @type {(of: Series & {tone: string, truth: number, expected?: number[], y: Ends, hold: number},
   *          width: number) => SVGElement} */
  function plot({ line, dots, tone, truth, expected, y, hold }, width) {
    const paper = new C.SvgPaper(width, 128), margins = { left: 34, right: 8, top: 6, bottom: 24 };
    const chart = new C.Chart(paper, { x: [0, LONGEST], y, ...margins });
    /** @type {(values: number[], first: number) => Point[]} */
    const points = (values, first) => values.map((value, i) => [first + i, value]);
    chart.grid(C.marks(y[0], y[1], 4));
    chart.below(C.marks(0, LONGEST, Math.max(3, width / 110)), "batches");
    if (hold < LONGEST) {
      chart.vertical(hold, { stroke: "rule" });
      paper.text(chart.x(hold) + 5, chart.top + 9, "held still", { align: "left" });
    }
    chart.horizontal(truth, { stroke: "truth", width: 1.2, dashes: [4, 4] });
    chart.inside(() => {
      chart.dots(points(dots, 1), 2, { fill: tone, fillOpacity: tone === "none" ? 0.75 : 0.5 });
      if (expected) chart.line(points(expected, 0), { stroke: "theory", width: 1.2 });
      chart.line(points(line, 0), { stroke: "batch-norm", width: 2.2 });
      chart.dots(points(line, 0).slice(-1), 3.5, { fill: "batch-norm", stroke: "paper", width: 1.5 });
    });
    return paper.element;
  }

  customElements.define("bn-running", Running);
})();
