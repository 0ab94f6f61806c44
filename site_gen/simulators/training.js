/* Two networks that differ in batch norm alone: the same first weights, the same batches. They train on points in the plane with the
   engine, and what is read on the way is kept within bounds, however long it goes on. Nothing here draws. */

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
 * @property {number[]} spreads  distribution shift of the step, of the dense layers from the second on, in standard deviations
 * @property {number[]} travelled  the same in the unit of the values
 * @property {number[]} turned  gradient shift ‖G′ − G‖/‖G‖ of the step, of the same layers
 * @property {number[][]} bands  15th, 50th and 85th percentile of what enters the first activation of every hidden layer
 * @property {Float64Array[]} gamma  of every unit
 * @property {Float64Array[]} beta
 */

/* global BatchNorm */
var BatchNormTraining = (function () {
  "use strict";

  const B = BatchNorm;
  const SAMPLES = 256, PROBE = 64; // points to learn from, and those of them that the shift is read on
  const KEPT = 240; // readings at most
  const PERCENTILES = [0.15, 0.5, 0.85];

  /** Where a point of class 0 or 1 lies: its position t along the shape, uniform in (0, 1), and normal noise. As in experiments/data
   *  where that has the same shape.
   *  @type {Object<string, (label: number, t: number, normal: () => number) => [number, number]>} */
  const data = {
    moons: (label, t, normal) => {
      const angle = Math.PI * t, side = label ? -1 : 1;
      return [0.6 * (side * Math.cos(angle) - side * 0.5) + 0.06 * normal(), 0.6 * (side * Math.sin(angle) - side * 0.25) + 0.06 * normal()];
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
      const radius = label ? 0.85 : 0.4;
      return [radius * Math.cos(2 * Math.PI * t) + 0.07 * normal(), radius * Math.sin(2 * Math.PI * t) + 0.07 * normal()];
    },
  };

  /** As many points of one class as of the other, in random order.
   *  @type {(kind: string, samples: number, random: ReturnType<typeof B.random>) => {x: Matrix, labels: number[]}} */
  function points(kind, samples, random) {
    const labels = shuffled(samples, random).map(i => i % 2), x = B.matrix(samples, 2);
    labels.forEach((label, i) => x.data.set(data[kind](label, random.uniform(), random.normal), 2 * i));
    return { x: x, labels: labels };
  }

  /** 0 … n − 1 in random order (Fisher and Yates).
   *  @type {(n: number, random: ReturnType<typeof B.random>) => number[]} */
  function shuffled(n, random) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random.uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Rows of a matrix.
   *  @type {(x: any, rows: number[]) => any} */
  function taken(x, rows) {
    const some = B.matrix(rows.length, x.cols);
    rows.forEach((row, i) => { for (let j = 0; j < x.cols; j++) some.data[i * x.cols + j] = x.data[row * x.cols + j]; });
    return some;
  }

  /** @type {(values: Float64Array) => number} */
  function length(values) {
    let sum = 0;
    for (const value of values) sum += value * value;
    return Math.sqrt(sum);
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
        const losses = [this.kept[i - 1].loss, this.kept[i].loss].filter(loss => loss === loss);
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
        layers.push(B.dense(choice.width, choice.scale));
        if (normalized) layers.push(B.standardize(), B.affine(choice.gamma, choice.beta));
        if (normalized && choice.noise) layers.push(B.noise(choice.noise, pass => B.random(15485863 * choice.seed + 104729 * pass + 7919 * l).uniform));
        layers.push(B.activations[choice.activation]());
      }
      layers.push(B.dense(2));
      this.net = B.network(layers);
      this.rate = choice.rate;
      this.frozen = choice.frozen === "both" ? ["gamma", "beta"] : [choice.frozen];
      /** @type {(kinds: string[]) => number[]} */
      const at = kinds => layers.flatMap((layer, i) => (kinds.includes(layer.kind) ? [i] : []));
      this.dense = at(["dense"]);
      this.affine = at(["affine"]);
      this.active = at([choice.activation]);
      const start = this.net.init(B.random(7919 * choice.seed + 1).normal, 2);
      this.params = start.params;
      this.state = start.state;
      this.diverged = 0; // the step after which a number was not finite any more
      this.history = new History();
      this.sum = this.summed = 0; // of losses since the last reading
    }

    /** Loss and gradients of a batch. @param {any} x @param {number[]} labels */
    pass(x, labels) {
      const passed = this.net.forward(this.params, this.state, x, true), { loss, dlogits } = B.softmaxCrossEntropy(passed.y, labels);
      return { loss: loss, state: passed.state, grads: this.net.backward(this.params, passed.saved, dlogits).grads };
    }

    /** One step of gradient descent; `probe` where this step is to be read. It yields wherever it can be interrupted.
     *  @param {number} step @param {any} x @param {number[]} labels @param {any} probe @returns {Generator<void>} */
    *step(step, x, labels, probe) {
      if (this.diverged) return;
      const { loss, state, grads } = this.pass(x, labels), before = this.params, old = this.state;
      const after = B.stepped(before, grads, this.rate, this.frozen);
      if (!Number.isFinite(loss) || !after.every(layer => Object.values(layer).every(values => values.every(Number.isFinite)))) {
        this.diverged = step;
        return;
      }
      this.sum += loss;
      this.summed++;
      this.params = after;
      this.state = state;
      yield;
      if (!probe) return;
      const inner = this.dense.slice(1), { travelled, spreads } = B.distributionShift(this.net, before, after, old, state, probe, inner);
      const turned = [];
      for (const layer of inner) {
        yield;
        turned.push(B.gradientShift(this.net, before, after, old, grads, x, labels, [layer]).relative[0]);
      }
      yield;
      this.read(step, probe, { gradients: this.dense.map(layer => length(grads[layer].weight)), spreads: spreads, travelled: travelled, turned: turned });
    }

    /** @param {number} step @param {any} probe @param {any} measured */
    read(step, probe, measured) {
      const saved = this.net.forward(this.params, this.state, probe, true).saved;
      const bands = this.active.map(layer => {
        const x = saved[layer].x;
        return percentiles(x.data.filter((/** @type {number} */ _, /** @type {number} */ i) => i % x.cols === 0).sort());
      });
      this.history.add(Object.assign({
        step: step, loss: this.summed ? this.sum / this.summed : NaN, bands: bands,
        gamma: this.affine.map(layer => this.params[layer].gamma), beta: this.affine.map(layer => this.params[layer].beta),
      }, measured));
      this.sum = this.summed = 0;
    }

    /** Probability of class 1 in evaluation mode. @param {any} x @returns {Float64Array} */
    predict(x) {
      const y = this.net.forward(this.params, this.state, x, false).y.data, p = new Float64Array(x.rows);
      for (let i = 0; i < p.length; i++) p[i] = 1 / (1 + Math.exp(y[2 * i] - y[2 * i + 1]));
      return p;
    }

    /** Share of points that are classified right in evaluation mode. @param {any} x @param {number[]} labels */
    accuracy(x, labels) {
      return this.predict(x).reduce((sum, p, i) => sum + Number((p > 0.5 ? 1 : 0) === labels[i]), 0) / labels.length;
    }
  }

  class Pair {
    /** @param {Choice} choice */
    constructor(choice) {
      const random = B.random(104729 * choice.seed + 2);
      const { x, labels } = points(choice.data, SAMPLES, random);
      this.x = x;
      this.labels = labels;
      this.fresh = points(choice.data, SAMPLES, random); // to be judged by
      this.batch = choice.batch;
      this.order = B.random(1299709 * choice.seed + 3);
      /** @type {number[]} */
      this.left = [];
      this.steps = 0;
      this.probe = taken(x, Array.from({ length: PROBE }, (_, i) => i));
      /** @type {Object<string, Learner>} */
      this.learners = { "batch norm": new Learner(choice, true), none: new Learner(choice, false) };
      this.upcoming = this.drawn();
      const { rows, of } = this.upcoming;
      for (const learner of Object.values(this.learners)) learner.read(0, this.probe, this.begin(learner, rows, of));
      // what the gradients would be at the usual start
      const usual = new Learner(Object.assign({}, choice, { gamma: 1, beta: 0 }), true);
      this.usual = this.begin(usual, rows, of).gradients;
    }

    /** What is read before the first step. @param {Learner} learner @param {any} rows @param {number[]} of
     *  @returns {{gradients: number[], spreads: number[], travelled: number[], turned: number[]}} */
    begin(learner, rows, of) {
      const grads = learner.pass(rows, of).grads;
      return { gradients: learner.dense.map(layer => length(grads[layer].weight)), spreads: [], travelled: [], turned: [] };
    }

    /** The next batch: all points in a new random order, epoch after epoch. */
    drawn() {
      if (!this.left.length) this.left = shuffled(SAMPLES, this.order);
      const rows = this.left.splice(0, this.batch);
      return { rows: taken(this.x, rows), of: rows.map(row => this.labels[row]) };
    }

    /** One step of both, in slices. */
    *slices() {
      const { rows, of } = this.upcoming, step = this.steps + 1;
      for (const learner of Object.values(this.learners)) yield* learner.step(step, rows, of, step % learner.history.every ? null : this.probe);
      this.upcoming = this.drawn();
      this.steps = step;
    }

    /** One step of both. */
    step() {
      for (const slice of this.slices()) void slice;
    }
  }

  return { Pair: Pair, data: data, points: points, percentiles: percentiles, KEPT: KEPT };
})();
