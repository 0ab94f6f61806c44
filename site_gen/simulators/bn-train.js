/* Two networks train side by side, with batch norm and without. Nothing runs before somebody presses Run, nor while it
   is out of sight. A frame trains for a few milliseconds and draws a part of the pictures. */
/* global BatchNorm, BatchNormKit, BatchNormCharts, BatchNormTraining */
(() => {
  "use strict";

  const B = BatchNorm, { h, told } = BatchNormKit, C = BatchNormCharts, T = BatchNormTraining;
  const BUDGET = 5; // milliseconds of training in a frame
  const TELL = 400, ANNOUNCE = 10000; // milliseconds between sentences while it runs, to be read and to be heard
  const GRID = 33; // points of a decision picture in either direction
  const EDGE = 1.2; // coordinates go from −EDGE to EDGE
  const PLACES = B.matrix(GRID * GRID, 2, Array.from({ length: GRID * GRID }, (_, i) => {
    const [x, y] = [i % GRID, Math.floor(i / GRID)].map(k => EDGE * (2 * k / (GRID - 1) - 1));
    return [x, -y];
  }).flat()); // of a decision picture, from the upper left corner on
  const UNITS = 8; // whose γ and β are drawn
  const NETWORKS = [
    { key: "batch norm", name: "With batch norm", tone: "batch-norm" },
    { key: "none", name: "Without", tone: "none" },
  ];
  const BEHIND = NETWORKS.slice().reverse(); // the order of drawing: batch norm lies on top
  // the settings that a training begins with: others only say how to show it
  const WORDS = ["data", "activation", "frozen"];
  const NUMBERS = ["rate", "scale", "depth", "width", "batch", "gamma", "beta", "noise", "seed"];

  /** @type {(values: number[]) => number} */
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  /** @type {(value: number) => string} */
  const shown = value => (Number.isFinite(value) ? told(value) : "undefined");
  /** @type {(share: number) => string} */
  const percent = share => `${(100 * share).toFixed(1)} %`;

  /** @typedef {InstanceType<typeof T.Pair>["learners"][string]} Learner */
  /** @typedef {{points: Point[], ink: Ink, end?: number, dots?: number}} Line  breaks off at step `end`; `dots` is the
   *    radius of a dot at each point */
  /** @typedef {{paper: InstanceType<typeof C.CanvasPaper>, now: HTMLElement}} Part  a picture, and its numbers */

  class Train extends BatchNormKit.Simulator {
    running = false;
    seen = true; // whether it is in sight
    waiting = false; // for the next frame
    turn = 0; // of the pictures
    spoken = 0; // when the sentence was written, and when it was read out
    announced = 0;
    trained = ""; // the settings that this training began with
    /** @type {InstanceType<typeof T.Pair>} */
    pair;
    /** @type {Generator | null} */
    slices = null;
    theme = new C.Theme(this);
    /** @type {Object<string, Part>} */
    parts = {};
    /** @type {Object<string, Part>} */
    charts = {};
    layers = h("div", { class: "bn-train__layers" });
    /** @type {HTMLButtonElement} */
    runner;
    /** @type {HTMLCanvasElement | null} */
    dots = null; // a picture of the points

    furnish() {
      const pair = NETWORKS.map(({ key, name, tone }) => {
        const { paper, now } = this.parts[key] = this.picture(h("p", { class: "bn-number" }));
        const title = h("p", { class: "bn-train__name" }, name);
        return h("div", { style: `--tone: var(--bn-${tone})` }, title, paper.canvas, now);
      });
      const charts = (/** @type {Object<string, string>} */ titles) => h("div", { class: "bn-train__charts" },
        ...Object.entries(titles).map(([key, title]) => this.chart(key, title)));
      const learning = charts({ loss: "Loss of the batches", gradients: "Length of the gradient, layer by layer" });
      const shifts = charts({ distribution: "Distribution shift in a step", turned: "Gradient shift in a step" });
      const top = h("div", { class: "bn-train__top" }, h("div", { class: "bn-train__pair" }, ...pair), learning);
      this.stage.append(top, this.sentence, shifts, this.layers);
      this.buttons();
      // settings beside the pictures where there is room; folded away on a phone, so that pictures come before them
      const body = h("div", { class: "bn-train__body" }), open = window.matchMedia("(min-width: 45em)").matches;
      this.stage.before(this.actions, body);
      const settings = { class: "bn-train__settings", open };
      body.append(h("details", settings, h("summary", {}, "Settings"), this.controls), this.stage);
      this.listen();
    }

    buttons() {
      this.runner = this.action("Run", () => (this.running ? this.pause() : this.run()));
      this.runner.className = "bn-sim__main";
      this.action("One step", () => {
        this.pause();
        this.advance(1);
      });
      this.action("Reset", () => {
        this.pause();
        this.reset();
        this.refresh();
      });
      this.action("Other weights", () => this.set("seed", Number(this.settings.seed) % 1000000 + 1));
    }

    /** Notice whether it is seen, when the page is left, and another theme. */
    listen() {
      const look = (/** @type {boolean} */ seen) => {
        this.seen = seen;
        this.wake();
      };
      if (typeof IntersectionObserver === "undefined") look(true);
      else new IntersectionObserver(entries => look(entries[entries.length - 1].isIntersecting)).observe(this);
      document.addEventListener("visibilitychange", () => this.wake());
      window.addEventListener("pagehide", () => this.pause());
      const recolour = new MutationObserver(() => {
        this.theme.forget();
        this.dots = null;
        this.paint();
      });
      recolour.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
    }

    disconnectedCallback() {
      this.pause();
    }

    /** @param {HTMLElement} now @returns {Part} */
    picture(now) {
      return { paper: new C.CanvasPaper(this.theme), now };
    }

    /** A picture with its title; `now` beside it holds numbers. @param {string} key @param {string} title */
    chart(key, title) {
      const { paper, now } = this.charts[key] = this.picture(h("p", { class: "bn-train__now bn-number" }));
      return h("div", { class: "bn-train__chart" }, h("p", { class: "bn-train__title" }, title), now, paper.canvas);
    }

    /** Four small charts for every hidden layer, the last one first. */
    rows() {
      const depth = Number(this.settings.depth);
      if (this.layers.children.length === depth) return;
      const names = Array.from({ length: depth }, (_, layer) => `Hidden layer ${layer + 1}`);
      names[0] = depth === 1 ? "The hidden layer" : `${names[0]}, the first`;
      if (depth > 1) names[depth - 1] += ", the last";
      const inputs = { bn: "a unit, with batch norm", none: "a unit, without" };
      const titles = { ...inputs, gamma: "γ of its units", beta: "β of its units" };
      this.layers.replaceChildren(...names.map((name, layer) => {
        const charts = Object.entries(titles).map(([key, title]) => {
          const { paper, now } = this.charts[`${key} ${layer}`] = this.picture(h("p", {}, title));
          return h("div", { class: "bn-train__small" }, now, paper.canvas);
        });
        return h("div", { class: "bn-train__layer" }, h("p", { class: "bn-train__title" }, name), ...charts);
      }).reverse());
    }

    // -------------------------------------------------------------------------------------------------------- Training

    /** What a training begins with. @returns {any} */
    get choice() {
      const { settings } = this;
      return Object.fromEntries([
        ...WORDS.map(name => [name, String(settings[name])]),
        ...NUMBERS.map(name => [name, Number(settings[name])]),
      ]);
    }

    /** Everything from step 0. */
    reset() {
      this.pair = new T.Pair(this.choice);
      this.trained = JSON.stringify(this.choice);
      this.slices = this.dots = null;
      this.rows();
    }

    run() {
      this.running = true;
      this.spoken = this.announced = performance.now();
      this.runner.textContent = "Pause";
      this.wake();
    }

    pause() {
      if (!this.running) return;
      this.running = false;
      this.runner.textContent = "Run";
      this.finish();
      this.paint();
      this.tell();
      this.announce();
    }

    /** Ask for the next frame, if there is anything to do and anybody to see it. */
    wake() {
      if (!this.running || !this.seen || document.hidden || this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        if (this.running && this.seen && !document.hidden) this.frame();
      });
    }

    frame() {
      const begin = performance.now(), speed = Number(this.settings.speed);
      for (let done = 0; done < speed && performance.now() - begin < BUDGET;) {
        this.slices = this.slices || this.pair.slices();
        if (!this.slices.next().done) continue;
        this.slices = null;
        done++;
        if (this.due()) return this.pause();
      }
      this.paint(this.turn++);
      const now = performance.now();
      if (now - this.spoken > TELL) {
        this.spoken = now;
        this.tell();
      }
      if (now - this.announced > ANNOUNCE) {
        this.announced = now;
        this.announce();
      }
      this.wake();
    }

    due() {
      return this.pair.steps % Number(this.settings.until) === 0;
    }

    /** The step that is under way, to its end. */
    finish() {
      if (this.slices) while (!this.slices.next().done);
      this.slices = null;
    }

    /** So many steps at once. @param {number} steps */
    advance(steps) {
      this.finish();
      for (let i = 0; i < steps; i++) this.pair.step();
      this.paint();
      this.tell();
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.announce(), 600);
    }

    /** @type {(values: any) => void} */
    choose(values) {
      this.pause();
      this.trained = ""; // a chosen situation begins anew, also where no setting changes
      super.choose(values);
    }

    draw() {
      if (this.trained !== JSON.stringify(this.choice)) {
        this.pause();
        this.reset();
      }
      for (const { paper } of [...Object.values(this.parts), ...Object.values(this.charts)]) paper.measure();
      this.dots = null;
      this.paint();
      return this.summary();
    }

    // --------------------------------------------------------------------------------------------------------- Numbers

    /** What the simulator says, as numbers. */
    get readings() {
      const { steps, usual, learners } = this.pair;
      const networks = Object.fromEntries(NETWORKS.map(({ key }) => [key, this.reading(learners[key])]));
      return { steps, networks, usual, settled: { gamma: this.settled("gamma"), beta: this.settled("beta") } };
    }

    /** Numbers of one network. Shifts are means over layers and over all readings so far. @param {Learner} learner */
    reading(learner) {
      const { kept } = learner.history, last = kept[kept.length - 1], past = kept.filter(one => one.step);
      const recent = past.filter(one => one.step > last.step - 20 || one === last);
      /** @type {(name: "spreads" | "travelled" | "turned") => number} */
      const average = name => mean(past.map(one => mean(one[name])));
      return {
        loss: mean(recent.map(one => one.loss)),
        accuracy: learner.accuracy(this.pair.fresh),
        diverged: learner.diverged,
        spreads: average("spreads"),
        travelled: average("travelled"),
        turned: average("turned"),
        gradients: last.gradients,
        kept: kept.length,
      };
    }

    /** Distance from the start after a tenth of the steps, as a share of the distance now: mean over the units of the
     *  last hidden layer. @param {"gamma" | "beta"} name */
    settled(name) {
      const { kept } = this.pair.learners["batch norm"].history, last = kept[kept.length - 1];
      const early = kept.find(one => one.step >= last.step / 10) || last;
      const values = (/** @type {Reading} */ one) => Array.from(one[name][one[name].length - 1]);
      const start = values(kept[0]);
      const far = (/** @type {Reading} */ one) => mean(values(one).map((value, j) => Math.abs(value - start[j])));
      return far(early) / far(last);
    }

    summary() {
      const { steps, networks, usual, settled } = this.readings, bn = networks["batch norm"];
      if (!steps) {
        const begun = "Nothing is trained yet: both networks have the same first weights.";
        const shares = bn.gradients.map((length, i) => length / usual[i]);
        if (!this.moved() || !shares.every(Number.isFinite)) return `${begun} Press Run.`;
        return `${begun} With batch norm, the gradients of the layers are ${shares.map(one => told(one)).join(", ")} `
          + "times what they would be from γ = 1 and β = 0.";
      }
      const fate = (/** @type {typeof bn} */ { diverged, loss, accuracy }) => (diverged
        ? `it diverged at step ${diverged}: its numbers left the range that a computer holds`
        : `the loss is ${shown(loss)}, and ${percent(accuracy)} of new points are put into the right class`);
      const said = `After ${steps} ${steps === 1 ? "step" : "steps"}, with batch norm ${fate(bn)}. `
        + `Without, ${fate(networks.none)}.`;
      if (!Number.isFinite(settled.gamma) || !Number.isFinite(settled.beta) || steps < 10 || bn.diverged) return said;
      return `${said} After a tenth of the steps, γ of the last hidden layer were ${percent(settled.gamma)} as far `
        + `from their start as now, β ${percent(settled.beta)}.`;
    }

    /** Whether γ and β start from other values than usual. */
    moved() {
      return this.settings.gamma !== 1 || this.settings.beta !== 0;
    }

    /** Sentence and numbers. */
    tell() {
      this.sentence.textContent = this.summary();
      this.label();
    }

    label() {
      const { steps, networks } = this.readings, { loss, distribution, turned, gradients } = this.charts;
      for (const { key } of NETWORKS) {
        const one = networks[key], right = `right ${percent(one.accuracy)}`;
        this.parts[key].now.textContent = one.diverged ? `diverged at step ${one.diverged}`
          : steps ? `loss ${shown(one.loss)}, ${right}` : right;
      }
      /** @type {(name: "loss" | "spreads" | "travelled" | "turned", when?: string) => (Node | string)[]} */
      const both = (name, when = "on average ") => {
        const [bn, none] = NETWORKS.map(({ key, tone }) =>
          h("span", { style: `color: var(--bn-${tone})` }, shown(networks[key][name])));
        return steps ? [when, bn, " and ", none] : [" "];
      };
      loss.now.replaceChildren(...both("loss", "at last "));
      const unit = this.settings.unit === "spreads" ? "spreads" : "travelled";
      const still = steps && unit === "spreads" && NETWORKS.some(({ key }) => !Number.isFinite(networks[key].spreads));
      distribution.now.replaceChildren(...both(unit), still ? ": there is a unit that does not vary" : "");
      turned.now.replaceChildren(...both("turned"));
      const names = { "batch norm": "with batch norm", none: "without batch norm" };
      const zeros = Object.entries(names).flatMap(([key, name]) => {
        const layers = networks[key].gradients.flatMap((length, layer) => (length === 0 ? [layer + 1] : []));
        return layers.length ? [`${name} zero in layer ${layers.join(", ")}`] : [];
      });
      gradients.now.textContent = zeros.join("; ") || (steps ? "at the last reading" : "before the first step");
    }

    // -------------------------------------------------------------------------------------------------------- Pictures

    /** All pictures, or, of a run, those whose turn it is. @param {number} [turn] */
    paint(turn) {
      if (!this.pair) return;
      const turns = [
        () => { this.landscape("batch norm"); this.curves(); },
        () => this.shifts(),
        () => { this.landscape("none"); this.slopes(); },
        () => this.bands(),
      ];
      if (turn !== undefined) return turns[turn % turns.length]();
      for (const draw of turns) draw();
      this.label();
    }

    /** Where a network says which class, and the points. @param {"batch norm" | "none"} key */
    landscape(key) {
      const { paper } = this.parts[key], { width, height } = paper;
      if (!width) return;
      const learner = this.pair.learners[key], tone = key === "none" ? "none" : "batch-norm";
      const p = learner.predict(PLACES);
      paper.clear();
      paper.path(C.box(0, 0, width, height), { fill: "paper" });
      paper.shade(p, GRID, tone);
      paper.path(C.contour(p, GRID, 0.5, width / (GRID - 1)), { stroke: tone, width: 2 });
      this.dots = this.dots || this.points(paper);
      paper.pen.drawImage(this.dots, 0, 0, width, height);
      if (!learner.diverged) return;
      paper.path(C.box(0, height / 2 - 16, width, 32), { fill: "paper", fillOpacity: 0.8 });
      paper.text(width / 2, height / 2, `diverged at step ${learner.diverged}`, { middle: true, strong: true });
    }

    /** A picture of the points, which do not move: full ones and hollow ones. @param {Part["paper"]} like */
    points({ width, height, ratio }) {
      const paper = new C.CanvasPaper(this.theme), { x, labels } = this.pair.points, radius = width < 240 ? 1.8 : 2.4;
      paper.resize(width, height, ratio);
      paper.clear();
      const chart = new C.Chart(paper, { x: [-EDGE, EDGE], y: [-EDGE, EDGE] });
      labels.forEach((label, i) => {
        chart.dots([[x.data[2 * i], x.data[2 * i + 1]]], radius, { fill: label ? "ink" : "paper", stroke: "ink" });
      });
      return paper.canvas;
    }

    /** How far the axis of the steps goes. */
    reach() {
      const until = Number(this.settings.until), { steps } = this.pair;
      if (until <= 5000) return Math.max(1, Math.ceil(steps / until)) * until;
      let far = 500;
      while (far < steps) far *= 2;
      return far;
    }

    /** Lines of both networks over the steps: faint ones for every layer, or, where there are none, for every reading;
     *  a strong one for the mean.
     *  @type {(key: string, of: (one: Reading) => number[], floor: number, ceiling: number) => void} */
    overtime(key, of, floor, ceiling) {
      const lines = BEHIND.flatMap(network => {
        const learner = this.pair.learners[network.key], kept = learner.history.kept.filter(one => one.step);
        const count = kept.length ? of(kept[0]).length : 0, stroke = network.tone;
        /** @type {(value: (one: Reading) => number) => Point[]} */
        const points = value => kept.map(one => [one.step, value(one)]);
        const faint = count > 1 ? Array.from({ length: count }, (_, layer) => smooth(points(one => of(one)[layer])))
          : [points(one => of(one)[0])];
        const average = smooth(points(one => mean(of(one)))), strong = { stroke, width: 2.2 };
        return [
          ...faint.map(line => ({ points: line, ink: { stroke, opacity: 0.4 } })),
          { points: average, ink: strong, end: learner.diverged },
        ];
      });
      this.steps(this.charts[key], lines, decades(lines, floor, ceiling));
    }

    curves() {
      this.overtime("loss", one => [one.loss], 1e-4, 1e3);
    }

    shifts() {
      const unit = this.settings.unit === "spreads" ? "spreads" : "travelled";
      this.overtime("distribution", one => one[unit], 1e-5, 1e2);
      this.overtime("turned", one => one.turned, 1e-4, 1e2);
    }

    /** Lines over the steps, on a logarithmic axis. @param {Part} part @param {Line[]} lines @param {Ends} y */
    steps({ paper }, lines, y) {
      if (!paper.width) return;
      const chart = this.axes(paper, { x: [0, this.reach()], y, log: true, left: 42, bottom: 20 });
      chart.below(C.marks(0, this.reach(), Math.max(3, paper.width / 110)), "steps");
      draw(chart, lines);
    }

    /** @param {Part["paper"]} paper @param {Frame} frame */
    axes(paper, frame) {
      const chart = new C.Chart(paper, { right: 6, top: 6, ...frame }), [low, high] = frame.y;
      paper.clear();
      chart.grid(frame.log ? C.powers(low, high) : C.fewMarks(low, high));
      return chart;
    }

    /** The gradient of every layer at the last reading; dotted, before the first step, what it would be from γ = 1 and
     *  β = 0. */
    slopes() {
      const { paper } = this.charts.gradients, { learners, usual } = this.pair;
      if (!paper.width) return;
      /** @type {(gradients: number[]) => Point[]} */
      const points = gradients => gradients.map((value, layer) => [layer + 1, value]);
      /** @type {Line[]} */
      const lines = BEHIND.map(({ key, tone }) => {
        const { diverged, history } = learners[key], opacity = diverged ? 0.35 : 1;
        const ink = { stroke: tone, width: 2.2, opacity };
        return { points: points(history.kept[history.kept.length - 1].gradients), ink, dots: 3.5 };
      });
      const dotted = { stroke: "theory", width: 1.5, dashes: [2, 3] };
      if (this.moved()) lines.unshift({ points: points(usual), ink: dotted });
      const count = usual.length, x = /** @type {Ends} */ ([0.7, count + 0.3]);
      const chart = this.axes(paper, { x, y: decades(lines, 1e-8, 1e6), log: true, left: 42, bottom: 20 });
      chart.below(usual.map((_, layer) => [layer + 1, layer + 1 === count ? "output" : String(layer + 1)]));
      draw(chart, lines);
    }

    /** Percentiles of what enters a unit, and γ and β, of every hidden layer. */
    bands() {
      for (let layer = 0; layer < Number(this.settings.depth); layer++) {
        this.percentiles(layer);
        this.parameters("gamma", layer);
        this.parameters("beta", layer);
      }
    }

    /** @param {string} key @param {number} layer @param {Ends} y */
    small(key, layer, y) {
      const { paper } = this.charts[`${key} ${layer}`];
      return paper.width ? this.axes(paper, { x: [0, this.reach()], y, left: 34, bottom: 6 }) : null;
    }

    /** @param {number} layer */
    percentiles(layer) {
      const { "batch norm": bn, none } = this.pair.learners;
      const kept = [bn, none].flatMap(one => one.history.kept), ends = kept.flatMap(one => one.bands[layer]);
      for (const [key, { history, diverged }, tone] of /** @type {[string, Learner, string][]} */ (
        [["bn", bn, "batch-norm"], ["none", none, "none"]])) {
        const chart = this.small(key, layer, C.around(ends, 1, 20));
        const [low, middle, high] = [0, 1, 2].map(at =>
          history.kept.map(one => /** @type {Point} */ ([one.step, one.bands[layer][at]])));
        const line = { points: middle, ink: { stroke: tone, width: 1.8 }, end: diverged };
        if (chart) draw(chart, [line], { low, high, tone });
      }
    }

    /** γ or β of the first units of a layer. @param {"gamma" | "beta"} key @param {number} layer */
    parameters(key, layer) {
      const { kept } = this.pair.learners["batch norm"].history, start = Number(this.settings[key]);
      const units = Math.min(UNITS, Number(this.settings.width));
      const ink = { stroke: "batch-norm", width: 1.2, opacity: 0.75 };
      const moves = kept.flatMap(one => Array.from(one[key][layer].subarray(0, units), value => value - start));
      const [low, high] = C.around(moves, 0.2, 1e6), chart = this.small(key, layer, [start + low, start + high]);
      const points = (/** @type {number} */ unit) =>
        kept.map(one => /** @type {Point} */ ([one.step, one[key][layer][unit]]));
      if (chart) draw(chart, Array.from({ length: units }, (_, unit) => ({ points: points(unit), ink })));
    }
  }

  /** Means over the last readings, a twentieth of them.
   *  @type {(points: Point[]) => Point[]} */
  function smooth(points) {
    const window = Math.ceil(points.length / 20), values = points.map(([, value]) => value);
    return points.map(([step], i) => [step, mean(values.slice(Math.max(0, i + 1 - window), i + 1))]);
  }

  /** @type {(lines: Line[], floor: number, ceiling: number) => Ends} */
  const decades = (lines, floor, ceiling) =>
    C.decades(lines.flatMap(line => line.points.map(point => point[1])), floor, ceiling);

  /** Lines, over a band if there is one; a line of a single point is a dot.
   *  @type {(chart: InstanceType<typeof C.Chart>, lines: Line[],
   *          band?: {low: Point[], high: Point[], tone: string}) => void} */
  function draw(chart, lines, band) {
    chart.inside(() => {
      if (band) chart.band(band.low, band.high, { fill: band.tone, fillOpacity: 0.25 });
      for (const { points, ink, end, dots } of lines) {
        chart.line(points, ink);
        const radius = dots || (points.length === 1 ? 1.5 : 0);
        if (radius) chart.dots(points, radius, { fill: ink.stroke, fillOpacity: ink.opacity });
        if (end) chart.breakOff(points, end, ink);
      }
    });
  }

  customElements.define("bn-train", Train);
})();
