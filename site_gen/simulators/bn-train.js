/* Two networks train side by side, with batch norm and without. Nothing runs before somebody presses Run, and nothing that is out of
   sight. A frame trains for a few milliseconds and draws a part of the pictures. */
/* global BatchNorm, BatchNormKit, BatchNormTraining */
(function () {
  "use strict";

  const B = BatchNorm, { h, told, signed, ticks } = BatchNormKit, T = BatchNormTraining;
  const BUDGET = 5; // milliseconds of training in a frame
  const TELL = 400, ANNOUNCE = 10000; // milliseconds between sentences while it runs, to be read and to be heard
  const GRID = 33; // points of a decision picture in either direction
  const EDGE = 1.2; // coordinates go from −EDGE to EDGE
  const UNITS = 8; // whose γ and β are drawn
  const NETWORKS = [{ key: "batch norm", name: "With batch norm", tone: "--bn-batch-norm" }, { key: "none", name: "Without", tone: "--bn-none" }];
  const TOLD = ["data", "rate", "scale", "activation", "depth", "width", "batch", "gamma", "beta", "frozen", "noise", "seed"]; // what a new training begins with

  /** @type {(values: number[]) => number} */
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  /** @type {(value: number) => string} */
  const shown = value => (Number.isFinite(value) ? told(value) : "undefined");
  /** @type {(share: number) => string} */
  const percent = share => `${(100 * share).toFixed(1)} %`;

  /**
   * @typedef {{width: number, height: number, ratio: number}} Size  in pixels of the style sheet, and how many of the screen one of them is
   * @typedef {{canvas: HTMLCanvasElement, now: HTMLElement, size: Size}} Part  a canvas with the numbers beside it, and its size once measured
   */

  /** A part whose canvas says nothing to screen readers. @param {HTMLElement} [now] @returns {Part} */
  const part = now => ({ canvas: h("canvas", { "aria-hidden": "true" }), now: now || h("p"), size: { width: 0, height: 0, ratio: 1 } });
  /** @type {(canvas: HTMLCanvasElement) => CanvasRenderingContext2D} */
  const penOf = canvas => /** @type {any} */ (canvas.getContext("2d"));

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
    /** @type {Object<string, Part>} */
    parts = {};
    /** @type {Object<string, Part>} */
    charts = {};
    layers = h("div", { class: "bn-train__layers" });
    /** @type {HTMLButtonElement} */
    runner;
    /** @type {Object<string, string>} */
    tones = {}; // of the theme in force, once read
    font = "";
    /** @type {HTMLCanvasElement | null} */
    dots = null; // a picture of the points
    grid = B.matrix(0, 2); // of a decision picture, and the picture in as many pixels
    small = h("canvas", { width: GRID, height: GRID });

    furnish() {
      const pair = h("div", { class: "bn-train__pair" }, ...NETWORKS.map(one => {
        const { canvas, now } = this.parts[one.key] = part(h("p", { class: "bn-number" }));
        return h("div", { style: `--tone: var(${one.tone})` }, h("p", { class: "bn-train__name" }, one.name), canvas, now);
      }));
      /** @type {(...of: string[][]) => any} */
      const charts = (...of) => h("div", { class: "bn-train__charts" }, ...of.map(([key, title]) => this.chart(key, title)));
      this.stage.append(h("div", { class: "bn-train__top" }, pair, charts(["loss", "Loss of the batches"], ["gradients", "Length of the gradient, layer by layer"])),
        this.sentence, charts(["distribution", "Distribution shift in a step"], ["turned", "Gradient shift in a step"]), this.layers);
      this.runner = this.action("Run", () => (this.running ? this.pause() : this.run()));
      this.runner.className = "bn-sim__main";
      this.action("One step", () => { this.pause(); this.advance(1); });
      this.action("Reset", () => { this.pause(); this.reset(); this.refresh(); });
      this.action("Other weights", () => this.set("seed", Number(this.settings.seed) % 1000000 + 1));
      // settings beside the pictures where there is room; folded away on a phone, so that pictures come before them
      const body = h("div", { class: "bn-train__body" });
      this.stage.before(this.actions, body);
      body.append(h("details", { class: "bn-train__settings", open: window.matchMedia("(min-width: 45em)").matches }, h("summary", {}, "Settings"), this.controls), this.stage);
      const look = (/** @type {boolean} */ seen) => {
        this.seen = seen;
        this.wake();
      };
      if (typeof IntersectionObserver === "undefined") look(true);
      else new IntersectionObserver(entries => look(entries[entries.length - 1].isIntersecting)).observe(this);
      document.addEventListener("visibilitychange", () => this.wake());
      window.addEventListener("pagehide", () => this.pause());
      new MutationObserver(() => { this.tones = {}; this.dots = null; this.paint(); }).observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
    }

    disconnectedCallback() { this.pause(); }

    /** A canvas with its title; `now` beside it holds numbers. @param {string} key @param {string} title */
    chart(key, title) {
      const { canvas, now } = this.charts[key] = part(h("p", { class: "bn-train__now bn-number" }));
      return h("div", { class: "bn-train__chart" }, h("p", { class: "bn-train__title" }, title), now, canvas);
    }

    /** Four small charts for every hidden layer, the last one first. */
    rows() {
      const depth = Number(this.settings.depth);
      if (this.layers.children.length === depth) return;
      this.layers.replaceChildren(...Array.from({ length: depth }, (_, i) => {
        const layer = depth - 1 - i, name = depth === 1 ? "The hidden layer" : `Hidden layer ${layer + 1}${i === 0 ? ", the last" : layer === 0 ? ", the first" : ""}`;
        return h("div", { class: "bn-train__layer" }, h("p", { class: "bn-train__title" }, name), ...[["bn", "a unit, with batch norm"], ["none", "a unit, without"], ["gamma", "γ of its units"], ["beta", "β of its units"]].map(([key, title]) => {
          const { canvas, now } = this.charts[`${key} ${layer}`] = part(h("p", {}, title));
          return h("div", { class: "bn-train__small" }, now, canvas);
        }));
      }));
    }

    // ------------------------------------------------------------------------------------------------------------- Training

    /** Everything from step 0. */
    reset() {
      const { data, activation, frozen } = this.settings;
      const number = /** @type {(name: string) => number} */ (name => Number(this.settings[name]));
      this.pair = new T.Pair({ data: String(data), rate: number("rate"), scale: number("scale"), depth: number("depth"), width: number("width"), batch: number("batch"),
        activation: String(activation), gamma: number("gamma"), beta: number("beta"), frozen: String(frozen), noise: number("noise"), seed: number("seed") });
      this.trained = this.asked();
      this.slices = this.dots = null;
      this.rows();
    }

    asked() { return JSON.stringify(TOLD.map(name => this.settings[name])); }

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

    due() { return this.pair.steps % Number(this.settings.until) === 0; }

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
      this.trained = ""; // also where nothing changes: whoever chooses a situation wants it from its start
      super.choose(values);
    }

    draw() {
      if (this.trained !== this.asked()) {
        this.pause();
        this.reset();
      }
      this.measure();
      this.paint();
      return this.summary();
    }

    // -------------------------------------------------------------------------------------------------------------- Numbers

    /** What the simulator says, as numbers. Shifts are means over layers and over all readings so far. */
    get readings() {
      const { pair } = this;
      const of = Object.fromEntries(NETWORKS.map(({ key }) => {
        const learner = pair.learners[key], kept = learner.history.kept, last = kept[kept.length - 1];
        const past = kept.filter(one => one.step), recent = past.filter(one => one.step > last.step - 20 || one === last);
        /** @type {(name: "spreads" | "travelled" | "turned") => number} */
        const average = name => mean(past.map(one => mean(one[name])));
        return [key, { loss: mean(recent.map(one => one.loss)), accuracy: learner.accuracy(pair.fresh.x, pair.fresh.labels), diverged: learner.diverged,
          spreads: average("spreads"), travelled: average("travelled"), turned: average("turned"), gradients: last.gradients, kept: kept.length }];
      }));
      return { steps: pair.steps, networks: of, usual: pair.usual, settled: { gamma: this.settled("gamma"), beta: this.settled("beta") } };
    }

    /** Distance from the start after a tenth of the steps, in parts of the distance now: mean over the units of the last hidden layer.
     *  @param {"gamma" | "beta"} name */
    settled(name) {
      const kept = this.pair.learners["batch norm"].history.kept, last = kept[kept.length - 1], top = last[name].length - 1;
      const early = kept.find(one => one.step >= last.step / 10) || last;
      /** @type {(one: any) => number} */
      const far = one => mean(Array.from(one[name][top], (value, j) => Math.abs(value - kept[0][name][top][j])));
      return far(early) / far(last);
    }

    summary() {
      const { steps, networks, usual, settled } = this.readings, bn = networks["batch norm"], plain = networks.none;
      if (!steps) {
        const changed = this.settings.gamma !== 1 || this.settings.beta !== 0, shares = bn.gradients.map((length, i) => length / usual[i]);
        return "Nothing is trained yet: both networks have the same first weights. " + (changed && shares.every(Number.isFinite)
          ? `With batch norm, the gradients of the layers are ${shares.map(one => told(one)).join(", ")} times what they would be from γ = 1 and β = 0.` : "Press Run.");
      }
      /** @type {(one: any) => string} */
      const fate = one => (one.diverged ? `it diverged at step ${one.diverged}: its numbers left the range that a computer holds`
        : `the loss is ${shown(one.loss)}, and ${percent(one.accuracy)} of new points are put into the right class`);
      const way = Number.isFinite(settled.gamma) && Number.isFinite(settled.beta) && steps >= 10 && !bn.diverged
        ? ` After a tenth of the steps, γ of the last hidden layer were ${percent(settled.gamma)} as far from their start as now, β ${percent(settled.beta)}.` : "";
      return `After ${steps} ${steps === 1 ? "step" : "steps"}, with batch norm ${fate(bn)}. Without, ${fate(plain)}.${way}`;
    }

    /** Sentence and numbers. */
    tell() {
      this.sentence.textContent = this.summary();
      this.label();
    }

    label() {
      const { networks } = this.readings;
      for (const { key } of NETWORKS) {
        const one = networks[key];
        this.parts[key].now.textContent = one.diverged ? `diverged at step ${one.diverged}` : `${this.pair.steps ? `loss ${shown(one.loss)}, ` : ""}right ${percent(one.accuracy)}`;
      }
      /** @type {(name: string, when?: string) => (Node | string)[]} */
      const both = (name, when = "on average ") => (this.pair.steps ? [when, ...NETWORKS.flatMap(({ key, tone }, i) => [i ? " and " : "", h("span", { style: `color: var(${tone})` }, shown(/** @type {any} */ (networks[key])[name]))])] : [" "]);
      this.charts.loss.now.replaceChildren(...both("loss", "at last "));
      const unit = String(this.settings.unit), still = unit === "spreads" && NETWORKS.some(({ key }) => !Number.isFinite(networks[key].spreads));
      this.charts.distribution.now.replaceChildren(...both(unit), this.pair.steps && still ? ": there is a unit that does not vary" : "");
      this.charts.turned.now.replaceChildren(...both("turned"));
      this.charts.gradients.now.textContent = NETWORKS.map(({ key, name }) => {
        const zero = networks[key].gradients.flatMap((/** @type {number} */ length, /** @type {number} */ l) => (length === 0 ? [l + 1] : []));
        return zero.length ? `${name.toLowerCase()}${key === "none" ? " batch norm" : ""} zero in layer ${zero.join(", ")}` : "";
      }).filter(text => text).join("; ") || (this.pair.steps ? "at the last reading" : "before the first step");
    }

    // ------------------------------------------------------------------------------------------------------------- Pictures

    /** Take the sizes, so that no frame has to ask for them. */
    measure() {
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      for (const part of [...Object.values(this.parts), ...Object.values(this.charts)]) {
        const { canvas } = part, width = canvas.clientWidth, height = canvas.clientHeight;
        if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
        if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
        part.size = { width: width, height: height, ratio: ratio };
      }
      this.dots = null;
    }

    /** All pictures, or, of a run, those whose turn it is. @param {number} [turn] */
    paint(turn) {
      if (!this.pair) return;
      if (!this.tones.ink) {
        const style = getComputedStyle(this);
        this.tones = Object.fromEntries(["paper", "ink", "muted", "grid", "rule", "batch-norm", "none", "theory"].map(name => [name, style.getPropertyValue(`--bn-${name}`).trim()]));
        this.font = `11px ${style.getPropertyValue("--md-text-font") || "sans-serif"}`;
      }
      const all = turn === undefined, now = Number(turn) % 4;
      if (all || now === 0) { this.landscape("batch norm"); this.curves(); }
      if (all || now === 1) this.shifts();
      if (all || now === 2) { this.landscape("none"); this.slopes(); }
      if (all || now === 3) this.bands();
      if (all) this.label();
    }

    /** Where a network says which class, and the points. @param {string} key */
    landscape(key) {
      const { canvas, size } = this.parts[key], { width, height, ratio } = size, pen = penOf(canvas), tones = this.tones;
      if (!width) return;
      const learner = this.pair.learners[key], tone = tones[key === "none" ? "none" : "batch-norm"];
      if (!this.grid.rows) {
        this.grid = B.matrix(GRID * GRID, 2);
        for (let i = 0; i < GRID * GRID; i++) this.grid.data.set([EDGE * (2 * (i % GRID) / (GRID - 1) - 1), EDGE * (1 - 2 * Math.floor(i / GRID) / (GRID - 1))], 2 * i);
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.fillStyle = tones.paper;
      pen.fillRect(0, 0, width, height);
      const p = learner.predict(this.grid), brush = penOf(this.small), image = brush.createImageData(GRID, GRID);
      const [red, green, blue] = rgb(tone);
      for (let i = 0; i < p.length; i++) image.data.set([red, green, blue, Number.isFinite(p[i]) ? 150 * p[i] : 0], 4 * i);
      brush.putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = true;
      const cell = width / (GRID - 1); // the middles of the outermost pixels lie on the edge
      pen.drawImage(this.small, -cell / 2, -cell / 2, width + cell, height + cell);
      pen.strokeStyle = tone;
      pen.lineWidth = 2;
      pen.beginPath();
      contour(p, GRID, 0.5, (x, y) => pen.moveTo(x * cell, y * cell), (x, y) => pen.lineTo(x * cell, y * cell));
      pen.stroke();
      if (!this.dots) this.dots = this.points(size);
      pen.drawImage(this.dots, 0, 0, width, height);
      if (!learner.diverged) return;
      pen.fillStyle = tones.paper;
      pen.globalAlpha = 0.8;
      pen.fillRect(0, height / 2 - 16, width, 32);
      pen.globalAlpha = 1;
      pen.fillStyle = tones.ink;
      pen.font = this.font.replace("11px", "600 13px");
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(`diverged at step ${learner.diverged}`, width / 2, height / 2);
    }

    /** A picture of the points, which do not move: full ones and hollow ones. @param {Size} size */
    points({ width, height, ratio }) {
      const picture = h("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio) }), pen = penOf(picture), { x, labels } = this.pair;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.strokeStyle = this.tones.ink;
      labels.forEach((label, i) => {
        pen.beginPath();
        pen.arc(width * (x.data[2 * i] / EDGE + 1) / 2, height * (1 - x.data[2 * i + 1] / EDGE) / 2, width < 240 ? 1.8 : 2.4, 0, 2 * Math.PI);
        pen.fillStyle = label ? this.tones.ink : this.tones.paper;
        pen.fill();
        pen.stroke();
      });
      return picture;
    }

    /** How far the axis of the steps goes. */
    reach() {
      const until = Number(this.settings.until), { steps } = this.pair;
      if (until <= 5000) return Math.max(1, Math.ceil(steps / until)) * until;
      let far = 500;
      while (far < steps) far *= 2;
      return far;
    }

    /** Lines of both networks over the steps: faint ones for every layer, or, where there are none, for every reading; a strong one for the mean.
     *  @type {(key: string, of: (one: any) => number[], floor: number, ceiling: number) => void} */
    overtime(key, of, floor, ceiling) {
      const lines = NETWORKS.slice().reverse().flatMap(network => {
        const learner = this.pair.learners[network.key], kept = learner.history.kept.filter(one => one.step), count = kept.length ? of(kept[0]).length : 0;
        const tone = this.tones[network.key === "none" ? "none" : "batch-norm"];
        /** @type {(value: (one: any) => number) => number[][]} */
        const points = value => kept.map(one => [one.step, value(one)]);
        const faint = count > 1 ? Array.from({ length: count }, (_, l) => smooth(points(one => of(one)[l]))) : [points(one => of(one)[0])];
        return [...faint.map(line => ({ points: line, tone: tone, width: 1, alpha: 0.4 })), { points: smooth(points(one => mean(of(one)))), tone: tone, width: 2.2, alpha: 1, end: learner.diverged }];
      });
      const values = lines.flatMap(line => line.points.map(point => point[1])).filter(value => value > 0 && Number.isFinite(value));
      plot(this, this.charts[key], { x: [0, this.reach()], y: decades(values, floor, ceiling), log: true, lines: lines });
    }

    curves() { this.overtime("loss", one => [one.loss], 1e-4, 1e3); }

    shifts() {
      this.overtime("distribution", one => one[String(this.settings.unit)], 1e-5, 1e2);
      this.overtime("turned", one => one.turned, 1e-4, 1e2);
    }

    /** The gradient of every layer at the last reading; dotted, what it would be before the first step from γ = 1 and β = 0. */
    slopes() {
      const count = this.pair.learners.none.dense.length;
      const lines = /** @type {any[]} */ (NETWORKS.slice().reverse().map(network => {
        const learner = this.pair.learners[network.key], kept = learner.history.kept;
        return { points: kept[kept.length - 1].gradients.map((value, l) => [l + 1, value]), tone: this.tones[network.key === "none" ? "none" : "batch-norm"], width: 2.2, alpha: learner.diverged ? 0.35 : 1, dots: true };
      }));
      if (this.settings.gamma !== 1 || this.settings.beta !== 0) lines.unshift({ points: this.pair.usual.map((value, l) => [l + 1, value]), tone: this.tones.theory, width: 1.5, alpha: 1, dashed: true });
      const values = lines.flatMap(line => line.points.map((/** @type {number[]} */ point) => point[1])).filter(value => value > 0 && Number.isFinite(value));
      plot(this, this.charts.gradients, { x: [0.7, count + 0.3], y: decades(values, 1e-8, 1e6), log: true, lines: lines,
        names: Array.from({ length: count }, (_, l) => [l + 1, l + 1 === count ? "output" : String(l + 1)]) });
    }

    /** Percentiles of what enters a unit, and γ and β, of every hidden layer. */
    bands() {
      const bn = this.pair.learners["batch norm"], plain = this.pair.learners.none, reach = this.reach();
      for (let layer = 0; layer < Number(this.settings.depth); layer++) {
        const both = [bn, plain].flatMap(learner => learner.history.kept.flatMap(one => [one.bands[layer][0], one.bands[layer][2]]));
        const y = around(both, 1, 20);
        for (const [key, learner, tone] of /** @type {[string, typeof bn, string][]} */ ([["bn", bn, "batch-norm"], ["none", plain, "none"]])) {
          const kept = learner.history.kept;
          plot(this, this.charts[`${key} ${layer}`], { x: [0, reach], y: y, small: true, band: { low: kept.map(one => [one.step, one.bands[layer][0]]), high: kept.map(one => [one.step, one.bands[layer][2]]), tone: this.tones[tone] },
            lines: [{ points: kept.map(one => [one.step, one.bands[layer][1]]), tone: this.tones[tone], width: 1.8, alpha: 1, end: learner.diverged }] });
        }
        for (const [key, start] of /** @type {["gamma" | "beta", number][]} */ ([["gamma", Number(this.settings.gamma)], ["beta", Number(this.settings.beta)]])) {
          const kept = bn.history.kept, units = Math.min(UNITS, Number(this.settings.width));
          const values = kept.flatMap(one => Array.from(one[key][layer].subarray(0, units), value => value - start));
          const [low, high] = around(values, 0.2, 1e6);
          plot(this, this.charts[`${key} ${layer}`], { x: [0, reach], y: [start + low, start + high], small: true,
            lines: Array.from({ length: units }, (_, j) => ({ points: kept.map(one => [one.step, one[key][layer][j]]), tone: this.tones["batch-norm"], width: 1.2, alpha: 0.75 })) });
        }
      }
    }
  }

  /** Means over the last readings, a twentieth of them.
   *  @type {(points: number[][]) => number[][]} */
  function smooth(points) {
    const window = Math.ceil(points.length / 20);
    return points.map(([step], i) => [step, mean(points.slice(Math.max(0, i + 1 - window), i + 1).map(point => point[1]))]);
  }

  /** @type {(colour: string) => number[]} */
  function rgb(colour) {
    const code = parseInt(colour.replace("#", ""), 16);
    return [code >> 16 & 255, code >> 8 & 255, code & 255];
  }

  /** Whole decades around positive values, at least two and at most six of them.
   *  @type {(values: number[], floor: number, ceiling: number) => [number, number]} */
  function decades(values, floor, ceiling) {
    let low = Infinity, high = -Infinity;
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [0.01, 1];
    let top = Math.ceil(Math.log10(Math.min(ceiling, Math.max(floor * 100, high))) - 1e-9), bottom = Math.floor(Math.log10(Math.min(ceiling, Math.max(floor, low))) + 1e-9);
    bottom = Math.max(bottom, top - 6);
    if (top - bottom < 2) bottom = top - 2;
    return [Math.pow(10, bottom), Math.pow(10, top)];
  }

  /** An axis around zero that holds the values: at least `least` in either direction and at most `most`.
   *  @type {(values: number[], least: number, most: number) => [number, number]} */
  function around(values, least, most) {
    let far = least;
    for (const value of values) if (Number.isFinite(value)) far = Math.max(far, Math.abs(value));
    far = Math.min(far, most) * 1.05;
    return [-far, far];
  }

  /** Axes, a band and lines. What is not finite leaves a gap; what leaves the axes is cut off there; where a network diverged stands a cross.
   *  @type {(on: Train, part: Part, what: any) => void} */
  function plot(on, { canvas, size }, what) {
    const { width, height, ratio } = size, pen = penOf(canvas), tones = on.tones;
    if (!width) return;
    const left = what.small ? 34 : 42, right = 6, top = 6, bottom = height - (what.small ? 6 : 20);
    const scale = /** @type {(value: number) => number} */ (what.log ? Math.log10 : value => value);
    const [low, high] = what.y.map(scale), [begin, end] = what.x;
    const x = /** @type {(value: number) => number} */ (value => left + (width - left - right) * (value - begin) / (end - begin));
    const y = /** @type {(value: number) => number} */ (value => bottom - (bottom - top) * (Math.max(low - 1, Math.min(high + 1, scale(value))) - low) / (high - low));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = on.font;
    pen.lineWidth = 1;
    pen.fillStyle = tones.muted;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const marks = what.log ? Array.from({ length: Math.round(high - low) + 1 }, (_, i) => low + i).filter((_, i) => (high - low) <= 4 || i % 2 === 0).map(power => [Math.pow(10, power), signed(Math.pow(10, power).toExponential(0))])
      : marked(low, high).map(value => [value, signed(Math.abs(value) < 1e4 ? String(value) : value.toExponential(0)).replace(/ /g, "")]);
    for (const [value, text] of /** @type {[number, string][]} */ (marks)) {
      pen.strokeStyle = tones.grid;
      pen.beginPath();
      pen.moveTo(left, y(value));
      pen.lineTo(width - right, y(value));
      pen.stroke();
      pen.fillText(plain(text), left - 5, y(value));
    }
    if (!what.small) {
      pen.textBaseline = "alphabetic";
      pen.textAlign = "center";
      /** @type {[number, string][]} */
      const names = what.names || ticks(begin, end, Math.max(3, width / 110)).map(value => [value, String(value)]);
      names.forEach((/** @type {[number, string]} */ [value, text], /** @type {number} */ i) => {
        const last = !what.names && i === names.length - 1, edge = last && x(value) > width - 32;
        pen.textAlign = edge ? "right" : "center";
        pen.fillText(last ? `${text} steps` : text, edge ? width : x(value), height - 4);
      });
    }
    pen.save();
    pen.beginPath();
    pen.rect(left, top - 3, width - left - right + 3, bottom - top + 6);
    pen.clip();
    if (what.band) {
      pen.globalAlpha = 0.25;
      pen.fillStyle = what.band.tone;
      pen.beginPath();
      what.band.low.forEach((/** @type {number[]} */ point) => pen.lineTo(x(point[0]), y(point[1])));
      what.band.high.slice().reverse().forEach((/** @type {number[]} */ point) => pen.lineTo(x(point[0]), y(point[1])));
      pen.fill();
    }
    for (const line of what.lines) {
      pen.globalAlpha = line.alpha;
      pen.strokeStyle = pen.fillStyle = line.tone;
      pen.lineWidth = line.width;
      pen.lineJoin = "round";
      pen.setLineDash(line.dashed ? [2, 3] : []);
      pen.beginPath();
      let open = false, last = null;
      for (const [at, value] of line.points) {
        const fine = Number.isFinite(value) && (!what.log || value > 0);
        if (fine) {
          if (open) pen.lineTo(x(at), y(value));
          else pen.moveTo(x(at), y(value));
          last = [x(at), Math.max(top, Math.min(bottom, y(value)))];
        }
        open = fine;
      }
      pen.stroke();
      if (line.dots || line.points.length === 1) for (const [at, value] of line.points) if (Number.isFinite(value) && (!what.log || value > 0)) {
        pen.beginPath();
        pen.arc(x(at), y(value), line.dots ? 3.5 : 1.5, 0, 2 * Math.PI);
        pen.fill();
      }
      if (line.end) {
        const [mx, my] = last || [x(Math.min(line.end, end)), bottom];
        pen.beginPath();
        pen.moveTo(mx - 4, my - 4);
        pen.lineTo(mx + 4, my + 4);
        pen.moveTo(mx + 4, my - 4);
        pen.lineTo(mx - 4, my + 4);
        pen.stroke();
      }
    }
    pen.restore();
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  /** At least three marks of an axis. @type {(low: number, high: number) => number[]} */
  function marked(low, high) {
    for (let most = 3; most < 8; most++) {
      const found = ticks(low, high, most);
      if (found.length > 2) return found;
    }
    return ticks(low, high, 8);
  }

  /** Powers of ten near one as decimals. @type {(text: string) => string} */
  function plain(text) {
    return /** @type {Object<string, string>} */ ({ "10⁰": "1", "10¹": "10", "10⁻¹": "0.1", "10⁻²": "0.01", "10²": "100" })[text] || text;
  }

  /** Where values on a square grid pass a level: straight pieces, cell by cell.
   *  @type {(values: Float64Array, size: number, level: number, move: (x: number, y: number) => void, line: (x: number, y: number) => void) => void} */
  function contour(values, size, level, move, line) {
    for (let row = 0; row + 1 < size; row++) for (let col = 0; col + 1 < size; col++) {
      const at = row * size + col, corners = [[col, row, values[at]], [col + 1, row, values[at + 1]], [col + 1, row + 1, values[at + size + 1]], [col, row + 1, values[at + size]]];
      const cut = corners.flatMap(([x, y, value], i) => {
        const [nx, ny, next] = corners[(i + 1) % 4], share = (level - value) / (next - value);
        return (value > level) !== (next > level) ? [[x + share * (nx - x), y + share * (ny - y)]] : [];
      });
      for (let i = 0; i + 1 < cut.length; i += 2) {
        move(cut[i][0], cut[i][1]);
        line(cut[i + 1][0], cut[i + 1][1]);
      }
    }
  }

  customElements.define("bn-train", Train);
})();
