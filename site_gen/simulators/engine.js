/* The engine of experiments/engine in plain JavaScript: one run, float64, the same formulas, layer by layer.
   tests/browser/test_engine.py compares the two. A classic script: modules do not load from disk. */

/**
 * @typedef {Object<string, Float64Array>} Arrays  parameters, state or gradients of one layer, by name
 * @typedef {{eps: number, rate: number, unbiased: boolean}} Convention  as in experiments/engine/standardize.py
 * @typedef {() => number} Draw
 * @typedef {{rows: number, cols: number, data: Float64Array}} Matrix  samples in rows, features in columns
 * @typedef {{loss: number, dlogits: Matrix}} Loss
 * @typedef {Object} Layer  pure: what changes is passed in and comes back
 * @property {string} kind
 * @property {(normal: Draw, features: number) => {params: Arrays, state: Arrays, features: number}} init
 * @property {(params: Arrays, state: Arrays, x: Matrix, training: boolean) => Passed} forward
 * @property {(params: Arrays, saved: any, dy: Matrix) => {dx: Matrix, grads: Arrays}} backward
 * @typedef {{y: Matrix, saved: any, state: Arrays}} Passed  `saved` is what the backward pass needs
 */

var BatchNorm = (() => {
  "use strict";

  /** @type {(rows: number, cols: number, data?: ArrayLike<number>) => Matrix} */
  function matrix(rows, cols, data) {
    return { rows, cols, data: data ? Float64Array.from(data) : new Float64Array(rows * cols) };
  }

  /** An array with the value of every index: several times as fast as `Float64Array.from` and `map`.
   *  @type {(length: number, value: (i: number) => number) => Float64Array} */
  function array(length, value) {
    const filled = new Float64Array(length);
    for (let i = 0; i < length; i++) filled[i] = value(i);
    return filled;
  }

  /** A matrix of the same shape, with the value of every index of its data.
   *  @type {(like: Matrix, value: (at: number) => number) => Matrix} */
  const shaped = ({ rows, cols }, value) => ({ rows, cols, data: array(rows * cols, value) });

  /** y = x W + b. Parameters: weight (fan_in × features), drawn from N(0, scale²/fan_in), and bias, zero at first.
   *  @implements {Layer} */
  class Dense {
    kind = "dense";
    #features;
    #scale;

    /** @param {number} features @param {number} [scale] */
    constructor(features, scale = 1) {
      this.#features = features;
      this.#scale = scale;
    }

    /** @type {Layer["init"]} */
    init(normal, fanIn) {
      const features = this.#features, std = this.#scale / Math.sqrt(fanIn);
      const weight = array(fanIn * features, () => std * normal());
      return { params: { weight, bias: new Float64Array(features) }, state: {}, features };
    }

    /** @type {Layer["forward"]} */
    forward({ weight, bias }, state, x) {
      const features = this.#features, y = matrix(x.rows, features), from = x.data, to = y.data;
      for (let i = 0; i < x.rows; i++) {
        const row = i * features;
        to.set(bias, row);
        for (let k = 0; k < x.cols; k++) {
          const value = from[i * x.cols + k], weights = k * features;
          for (let j = 0; j < features; j++) to[row + j] += value * weight[weights + j];
        }
      }
      return { y, saved: { x }, state };
    }

    /** ∂L/∂x = ∂L/∂y Wᵀ, ∂L/∂W = xᵀ ∂L/∂y, ∂L/∂b = Σ_samples ∂L/∂y. @type {Layer["backward"]} */
    backward({ weight }, { x }, dy) {
      const features = this.#features, dx = matrix(x.rows, x.cols), from = x.data, g = dy.data;
      const dweight = new Float64Array(weight.length), dbias = new Float64Array(features);
      for (let i = 0; i < x.rows; i++) {
        const row = i * features;
        for (let j = 0; j < features; j++) dbias[j] += g[row + j];
        for (let k = 0; k < x.cols; k++) {
          const at = i * x.cols + k, value = from[at], weights = k * features;
          let sum = 0;
          for (let j = 0; j < features; j++) {
            sum += g[row + j] * weight[weights + j];
            dweight[weights + j] += value * g[row + j];
          }
          dx.data[at] = sum;
        }
      }
      return { dx, grads: { weight: dweight, bias: dbias } };
    }
  }

  /** Mean over the samples, feature by feature. @type {(x: Matrix) => Float64Array} */
  function columnMeans({ rows, cols, data }) {
    const mean = new Float64Array(cols);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) mean[j] += data[i * cols + j];
    return mean.map(sum => sum / rows);
  }

  /** @type {Convention} */
  const PYTORCH = { eps: 1e-5, rate: 0.1, unbiased: true };

  /** x̂ = (x − μ)/√(σ² + ε), with the mean μ and the biased variance σ² of the batch in training, and the running ones
   *  in evaluation. The statistics are those of x minus its first row, so a large common offset costs no digits.
   *  @implements {Layer} */
  class Standardize {
    kind = "standardize";
    #convention;

    /** @param {Convention} [convention] */
    constructor(convention = PYTORCH) {
      this.#convention = convention;
    }

    /** @type {Layer["init"]} */
    init(_, features) {
      const state = {
        running_mean: new Float64Array(features),
        running_var: new Float64Array(features).fill(1),
      };
      return { params: {}, state, features };
    }

    /** @type {Layer["forward"]} */
    forward(_, state, x, training) {
      return training ? this.#train(state, x) : this.#evaluate(state, x);
    }

    /** @type {(variance: Float64Array) => Float64Array} */
    #inverseStd(variance) {
      return variance.map(v => 1 / Math.sqrt(v + this.#convention.eps));
    }

    /** @type {(state: Arrays, x: Matrix) => Passed} */
    #evaluate(state, x) {
      const mean = state.running_mean, variance = state.running_var, invStd = this.#inverseStd(variance), n = x.cols;
      const y = shaped(x, at => (x.data[at] - mean[at % n]) * invStd[at % n]);
      return { y, saved: { x, xhat: y, mean, var: variance, invStd, constant: true }, state };
    }

    /** @type {(state: Arrays, x: Matrix) => Passed} */
    #train(state, x) {
      const { rows: m, cols: n, data: from } = x, { rate, unbiased } = this.#convention;
      if (m < 2) throw new RangeError("a batch of 1 sample has no variance to train with; it takes at least 2");
      const xhat = matrix(m, n), to = xhat.data, square = matrix(m, n);
      for (let at = 0; at < to.length; at++) to[at] = from[at] - from[at % n];
      const mean = columnMeans(xhat);
      for (let at = 0; at < to.length; at++) {
        to[at] -= mean[at % n];
        square.data[at] = to[at] * to[at];
      }
      const variance = columnMeans(square), invStd = this.#inverseStd(variance);
      for (let at = 0; at < to.length; at++) to[at] *= invStd[at % n];
      for (let j = 0; j < n; j++) mean[j] += from[j];
      const correction = unbiased ? m / (m - 1) : 1;
      /** @type {(running: Float64Array, ofBatch: Float64Array, factor: number) => Float64Array} */
      const updated = (running, ofBatch, factor) => running.map((v, j) => (1 - rate) * v + rate * factor * ofBatch[j]);
      return {
        y: xhat,
        saved: { x, xhat, mean, var: variance, invStd, constant: false },
        state: {
          running_mean: updated(state.running_mean, mean, 1),
          running_var: updated(state.running_var, variance, correction),
        },
      };
    }

    /** ∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε) with g = ∂L/∂x̂; with running statistics g/√(σ² + ε).
     *  @type {Layer["backward"]} */
    backward(_, { xhat, invStd, constant }, dy) {
      const { rows: m, cols: n, data: g } = dy, dx = matrix(m, n), normalized = xhat.data;
      const mean = new Float64Array(n), along = new Float64Array(n);
      for (let at = 0; at < g.length && !constant; at++) {
        mean[at % n] += g[at] / m;
        along[at % n] += g[at] * normalized[at] / m;
      }
      for (let at = 0; at < g.length; at++) {
        const j = at % n;
        dx.data[at] = (g[at] - mean[j] - normalized[at] * along[j]) * invStd[j];
      }
      return { dx, grads: {} };
    }
  }

  /** y = γ x + β, feature by feature. @implements {Layer} */
  class Affine {
    kind = "affine";
    #start;

    /** Where γ and β start. @param {number} [gamma] @param {number} [beta] */
    constructor(gamma = 1, beta = 0) {
      this.#start = { gamma, beta };
    }

    /** @type {Layer["init"]} */
    init(_, features) {
      const { gamma, beta } = this.#start;
      const params = { gamma: new Float64Array(features).fill(gamma), beta: new Float64Array(features).fill(beta) };
      return { params, state: {}, features };
    }

    /** @type {Layer["forward"]} */
    forward({ gamma, beta }, state, x) {
      const n = x.cols;
      const y = shaped(x, at => x.data[at] * gamma[at % n] + beta[at % n]);
      return { y, saved: { x }, state };
    }

    /** ∂L/∂x = γ ∂L/∂y, ∂L/∂γ = Σ x ∂L/∂y, ∂L/∂β = Σ ∂L/∂y. @type {Layer["backward"]} */
    backward({ gamma }, { x }, dy) {
      const { rows, cols: n, data: g } = dy, dx = matrix(rows, n);
      const dgamma = new Float64Array(n), dbeta = new Float64Array(n);
      for (let at = 0; at < g.length; at++) {
        const j = at % n;
        dgamma[j] += g[at] * x.data[at];
        dbeta[j] += g[at];
        dx.data[at] = g[at] * gamma[j];
      }
      return { dx, grads: { gamma: dgamma, beta: dbeta } };
    }
  }

  /** y = s x + d in training, with s = 1 + a/2 · u and d = a · u for draws u from (−1, 1), new ones for each feature in
   *  each pass and the same for all samples; y = x in evaluation. @implements {Layer} */
  class Noise {
    kind = "noise";
    #size;
    #draws;

    /** @param {number} size  a
     *  @param {(pass: number) => Draw} draws  from (0, 1), for each pass by its number: shifts first, then scales */
    constructor(size, draws) {
      this.#size = size;
      this.#draws = draws;
    }

    /** @type {Layer["init"]} */
    init(_, features) {
      return { params: {}, state: { passes: new Float64Array(1) }, features };
    }

    /** @type {Layer["forward"]} */
    forward(_, state, x, training) {
      if (!training) return { y: x, saved: { scale: null }, state };
      const n = x.cols, draw = this.#draws(state.passes[0]), size = this.#size;
      const shift = array(n, () => size * (2 * draw() - 1)), scale = array(n, () => 1 + size / 2 * (2 * draw() - 1));
      const y = shaped(x, at => x.data[at] * scale[at % n] + shift[at % n]);
      return { y, saved: { scale }, state: { passes: state.passes.map(count => count + 1) } };
    }

    /** ∂L/∂x = s ∂L/∂y. @type {Layer["backward"]} */
    backward(_, { scale }, dy) {
      return { dx: scale ? shaped(dy, at => dy.data[at] * scale[at % dy.cols]) : dy, grads: {} };
    }
  }

  /** A function of each number by itself. @implements {Layer} */
  class Elementwise {
    #value;
    #slope;

    /** @param {string} kind @param {(x: number) => number} value @param {(x: number, y: number) => number} slope */
    constructor(kind, value, slope) {
      this.kind = kind;
      this.#value = value;
      this.#slope = slope;
    }

    /** @type {Layer["init"]} */
    init(_, features) {
      return { params: {}, state: {}, features };
    }

    /** @type {Layer["forward"]} */
    forward(_, state, x) {
      const value = this.#value, y = shaped(x, at => value(x.data[at]));
      return { y, saved: { x, y }, state };
    }

    /** @type {Layer["backward"]} */
    backward(_, { x, y }, dy) {
      const slope = this.#slope, from = x.data, to = y.data, g = dy.data;
      return { dx: shaped(dy, at => g[at] * slope(from[at], to[at])), grads: {} };
    }
  }

  /** @type {Object<string, () => Layer>} */
  const activations = {
    sigmoid: () => new Elementwise("sigmoid", x => 1 / (1 + Math.exp(-x)), (_, y) => y * (1 - y)),
    tanh: () => new Elementwise("tanh", Math.tanh, (_, y) => 1 - y * y),
    relu: () => new Elementwise("relu", x => (x > 0 || Number.isNaN(x) ? x : 0), x => (x > 0 ? 1 : 0)),
  };

  /** Layers, one after the other. */
  class Network {
    /** @param {Layer[]} layers */
    constructor(layers) {
      this.layers = layers;
    }

    /** @type {(normal: Draw, features: number) => {params: Arrays[], state: Arrays[]}} */
    init(normal, features) {
      const made = this.layers.map(layer => {
        const one = layer.init(normal, features);
        features = one.features;
        return one;
      });
      return { params: made.map(one => one.params), state: made.map(one => one.state) };
    }

    /** @type {(params: Arrays[], state: Arrays[], x: Matrix, training: boolean) =>
     *         {y: Matrix, saved: any[], state: Arrays[]}} */
    forward(params, state, x, training) {
      const passed = this.layers.map((layer, i) => {
        const one = layer.forward(params[i], state[i], x, training);
        x = one.y;
        return one;
      });
      return { y: x, saved: passed.map(one => one.saved), state: passed.map(one => one.state) };
    }

    /** @type {(params: Arrays[], saved: any[], dy: Matrix) => {dx: Matrix, grads: Arrays[]}} */
    backward(params, saved, dy) {
      /** @type {Arrays[]} */
      const grads = new Array(this.layers.length);
      for (let i = this.layers.length - 1; i >= 0; i--) {
        const passed = this.layers[i].backward(params[i], saved[i], dy);
        grads[i] = passed.grads;
        dy = passed.dx;
      }
      return { dx: dy, grads };
    }
  }

  /** L = mean_samples(log Σ_k exp(z_k) − z_label), in nats, and ∂L/∂z = (softmax(z) − onehot(label))/m.
   *  @type {(logits: Matrix, labels: ArrayLike<number>) => Loss} */
  function softmaxCrossEntropy({ rows, cols, data }, labels) {
    const dlogits = matrix(rows, cols), to = dlogits.data;
    let loss = 0;
    for (let i = 0; i < rows; i++) {
      const row = i * cols, own = row + labels[i];
      let largest = -Infinity, total = 0;
      for (let at = row; at < row + cols; at++) largest = Math.max(largest, data[at]); // then exp cannot overflow
      for (let at = row; at < row + cols; at++) total += (to[at] = Math.exp(data[at] - largest));
      loss += Math.log(total) - (data[own] - largest);
      for (let at = row; at < row + cols; at++) to[at] = (to[at] / total - (at === own ? 1 : 0)) / rows;
    }
    return { loss: loss / rows, dlogits };
  }

  /** Parameters after one step of gradient descent, p − η ∂L/∂p, in new arrays; those that are frozen stay.
   *  @type {(params: Arrays[], grads: Arrays[], rate: number, frozen?: string[]) => Arrays[]} */
  function stepped(params, grads, rate, frozen = []) {
    return params.map((layer, i) => Object.fromEntries(Object.entries(layer).map(([name, values]) => {
      const g = grads[i][name];
      return [name, frozen.includes(name) ? values : array(g.length, at => values[at] - rate * g[at])];
    })));
  }

  /** @type {(values: Float64Array) => number} */
  const norm = values => Math.sqrt(dot(values, values));

  /** @type {(a: Float64Array, b: Float64Array) => number} */
  function dot(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }

  /** Internal covariate shift as Santurkar et al. 2018 define it: the gradient G = ∂L/∂W of a layer against G′, the
   *  same once only the layers before it have moved from `before` to `after`. Gives cos(G, G′), ‖G′ − G‖ and
   *  ‖G′ − G‖/‖G‖, one number for each layer.
   *  @param {Network} net
   *  @param {Arrays[]} before
   *  @param {Arrays[]} after
   *  @param {Arrays[]} state  as before the step
   *  @param {Arrays[]} grads  ∂L/∂params at `before`, on the same batch
   *  @param {Matrix} x
   *  @param {ArrayLike<number>} labels
   *  @param {number[]} layers  indices of dense layers */
  function gradientShift(net, before, after, state, grads, x, labels, layers) {
    const moved = net.forward(after, state, x, true).saved;
    /** @type {{cosine: number[], absolute: number[], relative: number[]}} */
    const shift = { cosine: [], absolute: [], relative: [] };
    for (const layer of layers) {
      const rest = new Network(net.layers.slice(layer)), params = before.slice(layer);
      const passed = rest.forward(params, state.slice(layer), moved[layer].x, true);
      const { dlogits } = softmaxCrossEntropy(passed.y, labels);
      const g = grads[layer].weight, gAfter = rest.backward(params, passed.saved, dlogits).grads[0].weight;
      const change = norm(gAfter.map((value, i) => value - g[i]));
      shift.cosine.push(dot(g, gAfter) / (norm(g) * norm(gAfter)));
      shift.absolute.push(change);
      shift.relative.push(change / norm(g));
    }
    return shift;
  }

  /** The values of one feature. @type {(x: Matrix, feature: number) => Float64Array} */
  function column({ rows, cols, data }, feature) {
    return array(rows, i => data[i * cols + feature]);
  }

  /** How far the distribution of each of a layer's inputs moves on samples that stay the same: Wasserstein-1 distance,
   *  mean over the inputs, in their own unit (`travelled`) and in standard deviations before the step (`spreads`), one
   *  number for each layer.
   *  @param {Network} net
   *  @param {Arrays[]} before
   *  @param {Arrays[]} after
   *  @param {Arrays[]} state
   *  @param {Arrays[]} nextState
   *  @param {Matrix} probe
   *  @param {number[]} layers  not 0, whose inputs are the data */
  function distributionShift(net, before, after, state, nextState, probe, layers) {
    const old = net.forward(before, state, probe, true).saved, moved = net.forward(after, nextState, probe, true).saved;
    /** @type {{travelled: number[], spreads: number[]}} */
    const shift = { travelled: [], spreads: [] };
    for (const layer of layers) {
      const x = old[layer].x;
      let travelled = 0, spreads = 0;
      for (let j = 0; j < x.cols; j++) {
        const values = column(x, j).sort(), others = column(moved[layer].x, j).sort();
        const distance = values.reduce((sum, value, i) => sum + Math.abs(value - others[i]) / x.rows, 0);
        travelled += distance / x.cols;
        spreads += distance / moments(values).std / x.cols;
      }
      shift.travelled.push(travelled);
      shift.spreads.push(spreads);
    }
    return shift;
  }

  /** Mean and population standard deviation (divisor m), centred on the first value as in `Standardize`.
   *  @type {(values: ArrayLike<number>) => {mean: number, std: number}} */
  function moments(values) {
    const m = values.length, first = values[0];
    let mean = 0, variance = 0;
    for (let i = 0; i < m; i++) mean += (values[i] - first) / m;
    for (let i = 0; i < m; i++) variance += (values[i] - first - mean) ** 2 / m;
    return { mean: first + mean, std: Math.sqrt(variance) };
  }

  /** Random numbers from a seed. The methods can be passed on by themselves. */
  class Random {
    #state;

    /** @param {number} seed */
    constructor(seed) {
      this.#state = seed >>> 0;
    }

    /** In (0, 1), with 32 bits (mulberry32). */
    uniform = () => {
      const state = this.#state = (this.#state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
    };

    /** From N(0, 1) (Box and Muller). */
    normal = () => Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  return {
    matrix, column, norm, moments, Random, Dense, Standardize, Affine, Noise, activations, Network, softmaxCrossEntropy,
    stepped, gradientShift, distributionShift,
  };
})();
