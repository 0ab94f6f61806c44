/* Two networks that differ in batch norm alone: the same first weights, the same batches. They train on points in the
   plane with the engine. What is read on the way stays within bounds, however long they train. Nothing here draws. */

/**
 * @typedef {Object} Choice  what the controls say
 * @property {string} data  a key of `data`
 * @property {number} rate
 * @property {number} scale  of the first weights, in units of 1/√fan-in
 * @property {number} depth  hidden layers
 * @property {number} width  units of each
 * @property {number} batch
 * @property {string} activation
 * @property {number} gamma
 * @property {number} beta
 * @property {string} frozen  "none", "gamma", "beta" or "both"
 * @property {number} noise  behind batch norm
 * @property {number} seed
 * @typedef {Object} Reading  at one step; lists are one number a layer, from the first on
 * @property {number} step
 * @property {number} loss  mean over the batches since the reading before
 * @property {number[]} gradients  ‖∂L/∂W‖ of every dense layer
 * @property {number[]} spreads  distribution shift of the step in standard deviations, of dense layers but the first
 * @property {number[]} travelled  the same in the unit of the values
 * @property {number[]} turned  gradient shift ‖G′ − G‖/‖G‖ of the step, of the same layers
 * @property {number[][]} bands  15th, 50th and 85th percentile of what enters the first unit of every hidden layer
 * @property {Float64Array[]} gamma  of every unit
 * @property {Float64Array[]} beta
 * @typedef {{gradients: number[], spreads: number[], travelled: number[], turned: number[]}} Measured  at one step
 * @typedef {{x: Matrix, labels: number[]}} Points
 */

/* global BatchNorm */
var BatchNormTraining = (() => {
  "use strict";

  const B = BatchNorm;
  const SAMPLES = 256, PROBE = 64; // points to learn from, and those among them that the shift is read on
  const KEPT = 240; // readings at most
  const PERCENTILES = [0.15, 0.5, 0.85];

  /** Where a point of class 0 or 1 lies: its position t along the shape, uniform in (0, 1), and normal noise. The
   *  spirals are those of experiments/data.
   *  @type {Object<string, (label: number, t: number, normal: () => number) => [number, number]>} */
  const data = {
    moons: (label, t, normal) => {
      const angle = Math.PI * t, side = label ? -1 : 1;
      const x = side * (Math.cos(angle) - 0.5), y = side * (Math.sin(angle) - 0.25);
      return [0.6 * x + 0.06 * normal(), 0.6 * y + 0.06 * normal()];
    },
    spirals: (label, t, normal) => {
      const angle = 2 * Math.PI * t + Math.PI * label, radius = 0.1 + 0.9 * t;
      return [radius * Math.cos(angle) + 0.03 * normal(), radius * Math.sin(angle) + 0.03 * normal()];
    },
    clusters: (label, t, normal) => {
      const side = t < 0.5 ? -1 : 1;
      return [0.5 * side + 0.14 * normal(), 0.5 * (label ? -side : side) + 0.14 * normal()];
    },
    rings: (label, t, normal) => {
      const radius = label ? 0.85 : 0.4, angle = 2 * Math.PI * t;
      return [radius * Math.cos(angle) + 0.07 * normal(), radius * Math.sin(angle) + 0.07 * normal()];
    },
  };

  /** As many points of one class as of the other, in random order.
   *  @type {(kind: string, samples: number, random: InstanceType<typeof B.Random>) => Points} */
  function points(kind, samples, random) {
    const labels = shuffled(samples, random).map(i => i % 2), x = B.matrix(samples, 2);
    labels.forEach((label, i) => x.data.set(data[kind](label, random.uniform(), random.normal), 2 * i));
    return { x, labels };
  }

  /** 0 … n − 1 in random order (Fisher and Yates).
   *  @type {(n: number, random: InstanceType<typeof B.Random>) => number[]} */
  function shuffled(n, random) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random.uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Rows of a matrix.
   *  @type {(x: Matrix, rows: number[]) => Matrix} */
  function taken({ cols, data }, rows) {
    const some = B.matrix(rows.length, cols);
    rows.forEach((row, i) => some.data.set(data.subarray(row * cols, (row + 1) * cols), i * cols));
    return some;
  }

  /** Percentiles of values in ascending order, linear in between, as NumPy has them.
   *  @type {(sorted: Float64Array) => number[]} */
  function percentiles(sorted) {
    return PERCENTILES.map(share => {
      const at = share * (sorted.length - 1), low = Math.floor(at);
      return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
    });
  }

  /** Readings at even distances. Once they are too many, every other one goes and the distance doubles. */
  class History {
    constructor() {
      this.every = 1;
      /** @type {Reading[]} */
      this.kept = [];
    }

    /** @param {Reading} reading */
    add(reading) {
      this.kept.push(reading);
      if (this.kept.length <= KEPT) return;
      this.every *= 2;
      for (let i = 2; i < this.kept.length; i += 2) {
        const losses = [this.kept[i - 1].loss, this.kept[i].loss].filter(loss => !Number.isNaN(loss));
        this.kept[i].loss = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      }
      this.kept = this.kept.filter((_, i) => i % 2 === 0);
    }
  }

  class Learner {
    /** @param {Choice} choice @param {boolean} normalized */
    constructor(choice, normalized) {
      /** @type {Layer[]} */
      const layers = [];
      for (let l = 0; l < choice.depth; l++) {
        layers.push(new B.Dense(choice.width, choice.scale));
        if (normalized) layers.push(new B.Standardize(), new B.Affine(choice.gamma, choice.beta));
        if (normalized && choice.noise) {
          const seed = 15485863 * choice.seed + 7919 * l;
          layers.push(new B.Noise(choice.noise, pass => new B.Random(seed + 104729 * pass).uniform));
        }
        layers.push(B.activations[choice.activation]());
      }
      layers.push(new B.Dense(2));
      this.net = new B.Network(layers);
      this.rate = choice.rate;
      this.frozen = choice.frozen === "both" ? ["gamma", "beta"] : [choice.frozen];
      /** @type {(kinds: string[]) => number[]} */
      const at = kinds => layers.flatMap((layer, i) => (kinds.includes(layer.kind) ? [i] : []));
      this.dense = at(["dense"]);
      this.affine = at(["affine"]);
      this.active = at([choice.activation]);
      const start = this.net.init(new B.Random(7919 * choice.seed + 1).normal, 2);
      this.params = start.params;
      this.state = start.state;
      this.diverged = 0; // the first step after which some number was not finite
      this.history = new History();
      this.sum = this.summed = 0; // of losses since the last reading
    }

    /** Loss and gradients of a batch. @param {Points} batch */
    pass({ x, labels }) {
      const passed = this.net.forward(this.params, this.state, x, true);
      const { loss, dlogits } = B.softmaxCrossEntropy(passed.y, labels);
      return { loss, state: passed.state, grads: this.net.backward(this.params, passed.saved, dlogits).grads };
    }

    /** The length of each layer's gradient, before any step. @param {Points} batch @returns {Measured} */
    begin(batch) {
      return { gradients: this.lengths(this.pass(batch).grads), spreads: [], travelled: [], turned: [] };
    }

    /** ‖∂L/∂W‖ of every dense layer. @param {Arrays[]} grads */
    lengths(grads) {
      return this.dense.map(layer => B.norm(grads[layer].weight));
    }

    /** One step of gradient descent; `probe` where this step is to be read. It yields wherever it can be interrupted.
     *  @param {number} step @param {Points} batch @param {Matrix | null} probe @returns {Generator<void>} */
    *step(step, batch, probe) {
      if (this.diverged) return;
      const { loss, state, grads } = this.pass(batch), before = this.params, old = this.state;
      const after = B.stepped(before, grads, this.rate, this.frozen);
      const arrays = after.flatMap(layer => Object.values(layer));
      if (!Number.isFinite(loss) || !arrays.every(values => values.every(Number.isFinite))) {
        this.diverged = step;
        return;
      }
      this.sum += loss;
      this.summed++;
      this.params = after;
      this.state = state;
      yield;
      if (!probe) return;
      const inner = this.dense.slice(1), { x, labels } = batch;
      const { travelled, spreads } = B.distributionShift(this.net, before, after, old, state, probe, inner);
      const turned = [];
      for (const layer of inner) {
        yield;
        turned.push(B.gradientShift(this.net, before, after, old, grads, x, labels, [layer]).relative[0]);
      }
      yield;
      this.read(step, probe, { gradients: this.lengths(grads), spreads, travelled, turned });
    }

    /** @param {number} step @param {Matrix} probe @param {Measured} measured */
    read(step, probe, measured) {
      const saved = this.net.forward(this.params, this.state, probe, true).saved;
      this.history.add({
        step,
        loss: this.summed ? this.sum / this.summed : NaN,
        bands: this.active.map(layer => percentiles(B.column(saved[layer].x, 0).sort())),
        gamma: this.affine.map(layer => this.params[layer].gamma),
        beta: this.affine.map(layer => this.params[layer].beta),
        ...measured,
      });
      this.sum = this.summed = 0;
    }

    /** Probability of class 1 in evaluation mode. @param {Matrix} x @returns {Float64Array} */
    predict(x) {
      const y = this.net.forward(this.params, this.state, x, false).y.data;
      return Float64Array.from({ length: x.rows }, (_, i) => 1 / (1 + Math.exp(y[2 * i] - y[2 * i + 1])));
    }

    /** Share of points that are classified right in evaluation mode. @param {Points} points */
    accuracy({ x, labels }) {
      return this.predict(x).reduce((sum, p, i) => sum + Number(Number(p > 0.5) === labels[i]), 0) / labels.length;
    }
  }

  class Pair {
    steps = 0;
    /** @type {number[]} */
    #left = []; // rows of this epoch that no batch has had
    #order;
    #choice;

    /** @param {Choice} choice */
    constructor(choice) {
      const random = new B.Random(104729 * choice.seed + 2);
      this.#choice = choice;
      this.points = points(choice.data, SAMPLES, random);
      this.fresh = points(choice.data, SAMPLES, random); // for the accuracy
      this.#order = new B.Random(1299709 * choice.seed + 3);
      this.probe = taken(this.points.x, Array.from({ length: PROBE }, (_, i) => i));
      /** @type {Object<string, Learner>} */
      this.learners = { "batch norm": new Learner(choice, true), none: new Learner(choice, false) };
      this.upcoming = this.#drawn();
      for (const learner of Object.values(this.learners)) learner.read(0, this.probe, learner.begin(this.upcoming));
      // what the gradients would be from the usual start
      this.usual = new Learner({ ...choice, gamma: 1, beta: 0 }, true).begin(this.upcoming).gradients;
    }

    /** The next batch: all points in a new random order, epoch after epoch. @returns {Points} */
    #drawn() {
      if (!this.#left.length) this.#left = shuffled(SAMPLES, this.#order);
      const rows = this.#left.splice(0, this.#choice.batch), { x, labels } = this.points;
      return { x: taken(x, rows), labels: rows.map(row => labels[row]) };
    }

    /** One step of both, in slices. */
    *slices() {
      const step = this.steps + 1;
      for (const learner of Object.values(this.learners)) {
        yield* learner.step(step, this.upcoming, step % learner.history.every ? null : this.probe);
      }
      this.upcoming = this.#drawn();
      this.steps = step;
    }

    /** One step of both. */
    step() {
      for (const slice of this.slices()) void slice;
    }
  }

  return { Pair, data, points, percentiles, KEPT };
})();
