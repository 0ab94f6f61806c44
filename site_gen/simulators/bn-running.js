/* A stream of batches from one distribution: running averages against the truth, and one example in training and in evaluation mode. */
/* global BatchNorm, BatchNormKit */
(function () {
  "use strict";

  const B = BatchNorm, { h, s, told, signed, ticks } = BatchNormKit;
  const MEAN = 3, STD = 2, EXAMPLE = 5; // as in the study: a stream that stands still; the example is one standard deviation above
  const TRUTH = { mean: MEAN, variance: STD * STD, value: (EXAMPLE - MEAN) / STD };
  const LONGEST = 300; // batches
  const TICK = 40; // milliseconds a batch when running

  /** @type {{key: "mean" | "variance" | "value", title: string, line: string, dots: string}[]} */
  const CHARTS = [
    { key: "mean", title: "Running mean", line: "running mean", dots: "batch means" },
    { key: "variance", title: "Running variance", line: "running variance", dots: "batch variances, as averaged" },
    { key: "value", title: "The example x = 5, standardized", line: "evaluation mode", dots: "training mode, among the neighbours of that batch" },
  ];

  class Running extends BatchNormKit.Simulator {
    /** @type {Object<string, {now: HTMLElement, place: HTMLElement}>} */
    charts;
    /** @type {HTMLButtonElement} */
    runner;
    running = 0; // the interval's number while it runs

    furnish() {
      this.charts = Object.fromEntries(CHARTS.map(chart => {
        const now = h("span", { class: "bn-number" }), place = h("div");
        this.stage.append(h("div", { class: "bn-running__chart" },
          h("p", { class: "bn-running__title" }, h("strong", {}, chart.title), " ", now),
          h("p", { class: "bn-running__key" }, h("span", { class: "bn-running__line" }, chart.line),
            h("span", { class: "bn-running__dots" + (chart.key === "value" ? " bn-running__dots--train" : "") }, chart.dots), h("span", { class: "bn-running__truth" }, "truth"),
            ...(chart.key === "value" ? [] : [h("span", { class: "bn-running__theory" }, "expected")])), place));
        return [chart.key, { now: now, place: place }];
      }));
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
      const { batch, rate, batches, hold, seed, convention } = this.settings, m = Number(batch), unbiased = convention === "unbiased";
      const layer = B.standardize({ eps: 1e-5, rate: Number(rate), unbiased: unbiased });
      let state = layer.init(() => 0, 1).state;
      const example = B.matrix(1, 1, [EXAMPLE]), evaluated = () => layer.forward({}, state, example, false).y.data[0];
      /** @type {{mean: {line: number[], dots: number[]}, variance: {line: number[], dots: number[]}, value: {line: number[], dots: number[]}}} */
      const found = { mean: { line: [0], dots: [] }, variance: { line: [1], dots: [] }, value: { line: [evaluated()], dots: [] } };
      for (let t = 1; t <= Number(batches); t++) {
        const random = B.random(7919 * Number(seed) + 104729 * t);
        const values = Array.from({ length: m }, () => MEAN + STD * random.normal());
        const passed = layer.forward({}, state, B.matrix(m, 1, values), true);
        values[0] = EXAMPLE;
        found.value.dots.push(layer.forward({}, state, B.matrix(m, 1, values), true).y.data[0]);
        if (t <= Number(hold)) state = passed.state;
        found.mean.dots.push(passed.saved.mean[0]);
        found.variance.dots.push(passed.saved.var[0] * (unbiased ? m / (m - 1) : 1));
        found.mean.line.push(state.running_mean[0]);
        found.variance.line.push(state.running_var[0]);
        found.value.line.push(evaluated());
      }
      return found;
    }

    draw() {
      const found = this.compute(), m = Number(this.settings.batch), alpha = Number(this.settings.rate), done = Number(this.settings.batches);
      const hold = Number(this.settings.hold), factor = this.settings.convention === "unbiased" ? 1 : (m - 1) / m;
      const kept = Array.from({ length: LONGEST + 1 }, (_, t) => Math.pow(1 - alpha, Math.min(t, hold)));
      const expected = /** @type {any} */ ({ mean: kept.map(part => MEAN * (1 - part)), variance: kept.map(part => part + factor * STD * STD * (1 - part)) });
      const room = { mean: Math.max(1.5, 4 * STD / Math.sqrt(m)), variance: STD * STD * Math.max(1, 3 * Math.sqrt(2 / (m - 1))) };
      const domain = /** @type {any} */ ({ mean: [Math.min(0, MEAN - room.mean), MEAN + room.mean], variance: [0, STD * STD + room.variance], value: [-1.2, 3.2] });
      const last = /** @type {(values: number[]) => number} */ (values => values[values.length - 1]);
      for (const { key } of CHARTS) {
        const chart = this.charts[key], of = found[key];
        chart.now.textContent = key === "value" ? `evaluation ${told(last(of.line))}` + (done ? `, training ${told(last(of.dots))}` : "") : `${told(last(of.line))}, truth ${told(TRUTH[key])}`;
        chart.place.replaceChildren(plot(of, TRUTH[key], expected[key], domain[key], chart.place.clientWidth || 400, hold, key === "value"));
      }
      this.figures = { mean: last(found.mean.line), variance: last(found.variance.line), evaluation: found.value.line, training: found.value.dots };
      if (!done) return "No batch yet: the running mean starts at 0 and the running variance at 1, whatever the data are.";
      const moved = B.moments(found.value.dots.length > 1 ? found.value.dots : [0, 0]).std;
      return `After ${done} ${done === 1 ? "batch" : "batches"} of ${m} the running mean is ${told(last(found.mean.line))} and the running variance ${told(last(found.variance.line))}; the start still weighs ${told(kept[done])}. `
        + `In training mode the same example has come out with a standard deviation of ${told(moved)}; evaluation now says ${told(last(found.value.line))}.`;
    }
  }

  /** Dots for batches, a line for the running average, the truth dashed. A line that leaves the axis is cut off there.
   *  @type {(of: {line: number[], dots: number[]}, truth: number, expected: number[] | undefined, domain: [number, number], width: number, hold: number, train: boolean) => SVGElement} */
  function plot(of, truth, expected, [low, high], width, hold, train) {
    const height = 128, left = 34, right = 8, top = 6, floor = 104;
    const x = /** @type {(t: number) => string} */ (t => (left + (width - left - right) * t / LONGEST).toFixed(1));
    const y = /** @type {(value: number) => string} */ (value => (floor - (floor - top) * (value - low) / (high - low)).toFixed(1));
    const path = /** @type {(values: number[]) => string} */ (values => values.map((value, t) => `${t ? "L" : "M"}${x(t)} ${y(value)}`).join(""));
    const picture = s("svg", { width: width, height: height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
    for (const step of ticks(low, high, 4)) {
      picture.append(s("line", { x1: left, x2: width - right, y1: y(step), y2: y(step), class: "bn-sim__grid" }), s("text", { x: left - 6, y: Number(y(step)) + 4, "text-anchor": "end" }, signed(String(step))));
    }
    for (const step of ticks(0, LONGEST, Math.max(3, width / 110))) picture.append(s("text", { x: x(step), y: floor + 18, "text-anchor": step === LONGEST ? "end" : "middle" }, step === LONGEST ? `${step} batches` : String(step)));
    if (hold < LONGEST) picture.append(s("line", { x1: x(hold), x2: x(hold), y1: top, y2: floor, class: "bn-sim__axis" }), s("text", { x: Number(x(hold)) + 5, y: top + 9 }, "held still"));
    picture.append(s("line", { x1: left, x2: width - right, y1: y(truth), y2: y(truth), class: "bn-running__stroke--truth" }));
    const inside = s("svg", { x: 0, y: top - 4, width: width, height: floor - top + 8, viewBox: `0 ${top - 4} ${width} ${floor - top + 8}`, overflow: "hidden" });
    for (let t = 0; t < of.dots.length; t++) inside.append(s("circle", { cx: x(t + 1), cy: y(of.dots[t]), r: 2, class: train ? "bn-running__dot--train" : "bn-running__dot" }));
    if (expected) inside.append(s("path", { d: path(expected), class: "bn-running__stroke--theory" }));
    picture.append(inside);
    inside.append(s("path", { d: path(of.line), class: "bn-running__stroke" }), s("circle", { cx: x(of.line.length - 1), cy: y(of.line[of.line.length - 1]), r: 3.5, class: "bn-running__end" }));
    return picture;
  }

  customElements.define("bn-running", Running);
})();
