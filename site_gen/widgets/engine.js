/* The engine of experiments/engine in plain JavaScript: one run, float64, the same formulas, layer by layer.
   tests/browser/test_engine.py holds it to the original. A classic script: modules do not load from disk. */

/**
 * Samples in rows, features in columns.
 * @typedef {{rows: number, cols: number, data: Float64Array}} Matrix
 * @typedef {Object<string, Float64Array>} Arrays  parameters, state or gradients of one layer, by name
 * @typedef {{eps: number, rate: number, unbiased: boolean}} Convention  as in experiments/engine/standardize.py
 * @typedef {() => number} Normal  draws from N(0, 1)
 * @typedef {Object} Layer
 * @property {string} kind
 * @property {(normal: Normal, features: number) => {params: Arrays, state: Arrays, features: number}} init
 * @property {(params: Arrays, state: Arrays, x: Matrix, training: boolean) => {y: Matrix, saved: any, state: Arrays}} forward
 * @property {(params: Arrays, saved: any, dy: Matrix) => {dx: Matrix, grads: Arrays}} backward
 */

var BatchNorm = (function () {
  "use strict";

  /** @type {(rows: number, cols: number, data?: ArrayLike<number>) => Matrix} */
  function matrix(rows, cols, data) {
    return { rows: rows, cols: cols, data: data ? Float64Array.from(data) : new Float64Array(rows * cols) };
  }

  /** y = x W + b. Parameters: weight (fan_in × features), drawn from N(0, scale²/fan_in), and bias, which starts at zero.
   *  @type {(features: number, scale?: number) => Layer} */
  function dense(features, scale) {
    return {
      kind: "dense",
      init: function (normal, fanIn) {
        var weight = new Float64Array(fanIn * features), size = (scale === undefined ? 1 : scale) / Math.sqrt(fanIn);
        for (var i = 0; i < weight.length; i++) weight[i] = size * normal();
        return { params: { weight: weight, bias: new Float64Array(features) }, state: {}, features: features };
      },
      forward: function (params, state, x) {
        var y = matrix(x.rows, features), weight = params.weight, bias = params.bias;
        for (var i = 0; i < x.rows; i++) {
          var to = i * features, from = i * x.cols;
          for (var j = 0; j < features; j++) y.data[to + j] = bias[j];
          for (var k = 0; k < x.cols; k++) {
            var value = x.data[from + k], row = k * features;
            for (j = 0; j < features; j++) y.data[to + j] += value * weight[row + j];
          }
        }
        return { y: y, saved: { x: x }, state: state };
      },
      /* ∂L/∂x = ∂L/∂y Wᵀ, ∂L/∂W = xᵀ ∂L/∂y, ∂L/∂b = Σ_samples ∂L/∂y. */
      backward: function (params, saved, dy) {
        var x = saved.x, weight = params.weight, dx = matrix(x.rows, x.cols);
        var dweight = new Float64Array(weight.length), dbias = new Float64Array(features);
        for (var i = 0; i < x.rows; i++) {
          var at = i * features, from = i * x.cols;
          for (var j = 0; j < features; j++) dbias[j] += dy.data[at + j];
          for (var k = 0; k < x.cols; k++) {
            var value = x.data[from + k], row = k * features, sum = 0;
            for (j = 0; j < features; j++) {
              sum += dy.data[at + j] * weight[row + j];
              dweight[row + j] += value * dy.data[at + j];
            }
            dx.data[from + k] = sum;
          }
        }
        return { dx: dx, grads: { weight: dweight, bias: dbias } };
      },
    };
  }

  /** Mean over the samples, feature by feature.
   *  @type {(x: Matrix) => Float64Array} */
  function columnMeans(x) {
    var mean = new Float64Array(x.cols);
    for (var i = 0; i < x.rows; i++) for (var j = 0; j < x.cols; j++) mean[j] += x.data[i * x.cols + j];
    for (j = 0; j < x.cols; j++) mean[j] /= x.rows;
    return mean;
  }

  var PYTORCH = { eps: 1e-5, rate: 0.1, unbiased: true };

  /** x̂ = (x − μ)/√(σ² + ε), with mean μ and biased variance σ² over the batch, or with running ones if not training.
   *  The statistics are those of x minus its first row, so a large common offset costs no digits.
   *  @type {(convention?: Convention) => Layer} */
  function standardize(convention) {
    var rule = convention || PYTORCH;

    /** @type {(x: Matrix, mean: Float64Array, variance: Float64Array, constant: boolean) => any} */
    function scaled(x, mean, variance, constant) {
      var xhat = matrix(x.rows, x.cols), invStd = variance.map(function (v) { return 1 / Math.sqrt(v + rule.eps); });
      for (var i = 0; i < x.rows; i++) for (var j = 0; j < x.cols; j++) {
        var at = i * x.cols + j;
        xhat.data[at] = (x.data[at] - mean[j]) * invStd[j];
      }
      return { x: x, xhat: xhat, mean: mean, var: variance, invStd: invStd, constant: constant };
    }

    return {
      kind: "standardize",
      init: function (normal, features) {
        return { params: {}, features: features,
          state: { running_mean: new Float64Array(features), running_var: new Float64Array(features).fill(1) } };
      },
      forward: function (params, state, x, training) {
        if (!training) {
          var kept = scaled(x, state.running_mean, state.running_var, true);
          return { y: kept.xhat, saved: kept, state: state };
        }
        if (x.rows < 2) throw new RangeError("a batch of 1 sample has no variance to train with; it takes at least 2");
        var centred = matrix(x.rows, x.cols), square = matrix(x.rows, x.cols), m = x.rows, i, j;
        for (i = 0; i < m; i++) for (j = 0; j < x.cols; j++) centred.data[i * x.cols + j] = x.data[i * x.cols + j] - x.data[j];
        var mean = columnMeans(centred);
        for (i = 0; i < m; i++) for (j = 0; j < x.cols; j++) {
          var value = (centred.data[i * x.cols + j] -= mean[j]);
          square.data[i * x.cols + j] = value * value;
        }
        var variance = columnMeans(square), invStd = variance.map(function (v) { return 1 / Math.sqrt(v + rule.eps); });
        for (i = 0; i < m; i++) for (j = 0; j < x.cols; j++) centred.data[i * x.cols + j] *= invStd[j];
        for (j = 0; j < x.cols; j++) mean[j] += x.data[j];
        var correction = rule.unbiased ? m / (m - 1) : 1;
        return {
          y: centred,
          saved: { x: x, xhat: centred, mean: mean, var: variance, invStd: invStd, constant: false },
          state: {
            running_mean: mean.map(function (v, j) { return (1 - rule.rate) * state.running_mean[j] + rule.rate * v; }),
            running_var: variance.map(function (v, j) { return (1 - rule.rate) * state.running_var[j] + rule.rate * correction * v; }),
          },
        };
      },
      /* ∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε) with g = ∂L/∂x̂; with running statistics g/√(σ² + ε). */
      backward: function (params, saved, dy) {
        var dx = matrix(dy.rows, dy.cols), xhat = saved.xhat, i, j, at;
        var mean = new Float64Array(dy.cols), along = new Float64Array(dy.cols);
        if (!saved.constant) for (i = 0; i < dy.rows; i++) for (j = 0; j < dy.cols; j++) {
          at = i * dy.cols + j;
          mean[j] += dy.data[at] / dy.rows;
          along[j] += dy.data[at] * xhat.data[at] / dy.rows;
        }
        for (i = 0; i < dy.rows; i++) for (j = 0; j < dy.cols; j++) {
          at = i * dy.cols + j;
          dx.data[at] = (dy.data[at] - mean[j] - xhat.data[at] * along[j]) * saved.invStd[j];
        }
        return { dx: dx, grads: {} };
      },
    };
  }

  /** y = γ x + β, feature by feature, from γ = 1 and β = 0 unless said otherwise.
   *  @type {(gamma?: number, beta?: number) => Layer} */
  function affine(gamma, beta) {
    return {
      kind: "affine",
      init: function (normal, features) {
        var start = { gamma: new Float64Array(features).fill(gamma === undefined ? 1 : gamma),
          beta: new Float64Array(features).fill(beta || 0) };
        return { params: start, state: {}, features: features };
      },
      forward: function (params, state, x) {
        var y = matrix(x.rows, x.cols);
        for (var i = 0; i < x.rows; i++) for (var j = 0; j < x.cols; j++) {
          y.data[i * x.cols + j] = x.data[i * x.cols + j] * params.gamma[j] + params.beta[j];
        }
        return { y: y, saved: { x: x }, state: state };
      },
      /* ∂L/∂x = γ ∂L/∂y, ∂L/∂γ = Σ x ∂L/∂y, ∂L/∂β = Σ ∂L/∂y. */
      backward: function (params, saved, dy) {
        var dx = matrix(dy.rows, dy.cols), dgamma = new Float64Array(dy.cols), dbeta = new Float64Array(dy.cols);
        for (var i = 0; i < dy.rows; i++) for (var j = 0; j < dy.cols; j++) {
          var at = i * dy.cols + j;
          dgamma[j] += dy.data[at] * saved.x.data[at];
          dbeta[j] += dy.data[at];
          dx.data[at] = dy.data[at] * params.gamma[j];
        }
        return { dx: dx, grads: { gamma: dgamma, beta: dbeta } };
      },
    };
  }

  /** A function of every number by itself; its slope is a function of x and of the value y.
   *  @type {(kind: string, value: (x: number) => number, slope: (x: number, y: number) => number) => Layer} */
  function elementwise(kind, value, slope) {
    return {
      kind: kind,
      init: function (normal, features) { return { params: {}, state: {}, features: features }; },
      forward: function (params, state, x) {
        var y = { rows: x.rows, cols: x.cols, data: x.data.map(value) };
        return { y: y, saved: { x: x, y: y }, state: state };
      },
      backward: function (params, saved, dy) {
        var x = saved.x.data, y = saved.y.data;
        return { dx: { rows: dy.rows, cols: dy.cols, data: dy.data.map(function (g, i) { return g * slope(x[i], y[i]); }) }, grads: {} };
      },
    };
  }

  /** @type {Object<string, () => Layer>} */
  var activations = {
    sigmoid: function () { return elementwise("sigmoid", function (x) { return 1 / (1 + Math.exp(-x)); }, function (x, y) { return y * (1 - y); }); },
    tanh: function () { return elementwise("tanh", Math.tanh, function (x, y) { return 1 - y * y; }); },
    relu: function () { return elementwise("relu", function (x) { return x > 0 ? x : x === x ? 0 : x; }, function (x) { return x > 0 ? 1 : 0; }); },
  };

  /** Layers, one after the other.
   *  @param {Layer[]} layers */
  function network(layers) {
    return {
      layers: layers,
      /** @type {(normal: Normal, features: number) => {params: Arrays[], state: Arrays[]}} */
      init: function (normal, features) {
        /** @type {{params: Arrays[], state: Arrays[]}} */
        var start = { params: [], state: [] };
        layers.forEach(function (layer) {
          var made = layer.init(normal, features);
          start.params.push(made.params);
          start.state.push(made.state);
          features = made.features;
        });
        return start;
      },
      /** @type {(params: Arrays[], state: Arrays[], x: Matrix, training: boolean) => {y: Matrix, saved: any[], state: Arrays[]}} */
      forward: function (params, state, x, training) {
        /** @type {any[]} */
        var saved = [];
        /** @type {Arrays[]} */
        var next = [];
        layers.forEach(function (layer, i) {
          var passed = layer.forward(params[i], state[i], x, training);
          saved.push(passed.saved);
          next.push(passed.state);
          x = passed.y;
        });
        return { y: x, saved: saved, state: next };
      },
      /** @type {(params: Arrays[], saved: any[], dy: Matrix) => {dx: Matrix, grads: Arrays[]}} */
      backward: function (params, saved, dy) {
        /** @type {Arrays[]} */
        var grads = new Array(layers.length);
        for (var i = layers.length - 1; i >= 0; i--) {
          var passed = layers[i].backward(params[i], saved[i], dy);
          grads[i] = passed.grads;
          dy = passed.dx;
        }
        return { dx: dy, grads: grads };
      },
    };
  }

  /** L = mean_samples(log Σ_k exp(z_k) − z_label), in nats, and ∂L/∂z = (softmax(z) − onehot(label))/m.
   *  @type {(logits: Matrix, labels: ArrayLike<number>) => {loss: number, dlogits: Matrix}} */
  function softmaxCrossEntropy(logits, labels) {
    var dlogits = matrix(logits.rows, logits.cols), loss = 0, k = logits.cols;
    for (var i = 0; i < logits.rows; i++) {
      var row = i * k, largest = -Infinity, total = 0;
      for (var j = 0; j < k; j++) largest = Math.max(largest, logits.data[row + j]); // then exp cannot overflow
      for (j = 0; j < k; j++) total += (dlogits.data[row + j] = Math.exp(logits.data[row + j] - largest));
      loss += Math.log(total) - (logits.data[row + labels[i]] - largest);
      for (j = 0; j < k; j++) dlogits.data[row + j] = (dlogits.data[row + j] / total - (j === labels[i] ? 1 : 0)) / logits.rows;
    }
    return { loss: loss / logits.rows, dlogits: dlogits };
  }

  /** Parameters after one step of gradient descent, p − η ∂L/∂p; those that were passed in stay as they are.
   *  @type {(params: Arrays[], grads: Arrays[], rate: number, frozen?: string[]) => Arrays[]} */
  function stepped(params, grads, rate, frozen) {
    return params.map(function (layer, i) {
      /** @type {Arrays} */
      var after = {};
      Object.keys(layer).forEach(function (name) {
        var g = grads[i][name], still = frozen && frozen.indexOf(name) >= 0;
        after[name] = still ? layer[name] : layer[name].map(function (p, at) { return p - rate * g[at]; });
      });
      return after;
    });
  }

  /** @type {(a: Float64Array, b: Float64Array) => number} */
  function dot(a, b) {
    var sum = 0;
    for (var i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }

  /** Internal covariate shift as Santurkar et al. 2018 define it: G = ∂L/∂W of a layer against G′, the same once only the
   *  layers before it have moved from `before` to `after`. Gives cos(G, G′), ‖G′ − G‖ and ‖G′ − G‖/‖G‖, a number a layer.
   *  @param {ReturnType<typeof network>} net
   *  @param {Arrays[]} before
   *  @param {Arrays[]} after
   *  @param {Arrays[]} state  as before the step
   *  @param {Arrays[]} grads  ∂L/∂params at `before`, on the same batch
   *  @param {Matrix} x
   *  @param {ArrayLike<number>} labels
   *  @param {number[]} layers  indices of dense layers */
  function gradientShift(net, before, after, state, grads, x, labels, layers) {
    var moved = net.forward(after, state, x, true).saved;
    /** @type {{cosine: number[], absolute: number[], relative: number[]}} */
    var found = { cosine: [], absolute: [], relative: [] };
    layers.forEach(function (layer) {
      var rest = network(net.layers.slice(layer)), kept = before.slice(layer);
      var passed = rest.forward(kept, state.slice(layer), moved[layer].x, true);
      var g = grads[layer].weight;
      var anew = rest.backward(kept, passed.saved, softmaxCrossEntropy(passed.y, labels).dlogits).grads[0].weight;
      var change = anew.map(function (value, i) { return value - g[i]; });
      found.cosine.push(dot(g, anew) / (Math.sqrt(dot(g, g)) * Math.sqrt(dot(anew, anew))));
      found.absolute.push(Math.sqrt(dot(change, change)));
      found.relative.push(Math.sqrt(dot(change, change)) / Math.sqrt(dot(g, g)));
    });
    return found;
  }

  /** Each feature's values in ascending order.
   *  @type {(x: Matrix) => Float64Array[]} */
  function ordered(x) {
    return Array.from({ length: x.cols }, function (_, j) {
      return Float64Array.from({ length: x.rows }, function (_, i) { return x.data[i * x.cols + j]; }).sort();
    });
  }

  /** How far the distribution of each of a layer's inputs moves on samples that stay the same: Wasserstein-1 distance, mean over the
   *  inputs, in their own unit (`travelled`) and in standard deviations before (`spreads`), a number a layer.
   *  @param {ReturnType<typeof network>} net
   *  @param {Arrays[]} before
   *  @param {Arrays[]} after
   *  @param {Arrays[]} state
   *  @param {Arrays[]} nextState
   *  @param {Matrix} probe
   *  @param {number[]} layers  not 0, whose inputs are the data */
  function distributionShift(net, before, after, state, nextState, probe, layers) {
    var old = net.forward(before, state, probe, true).saved, anew = net.forward(after, nextState, probe, true).saved;
    /** @type {{travelled: number[], spreads: number[]}} */
    var found = { travelled: [], spreads: [] };
    layers.forEach(function (layer) {
      var a = ordered(old[layer].x), b = ordered(anew[layer].x), travelled = 0, spreads = 0;
      a.forEach(function (values, j) {
        var distance = 0;
        values.forEach(function (value, i) { distance += Math.abs(value - b[j][i]) / values.length; });
        travelled += distance / a.length;
        spreads += distance / moments(values).std / a.length;
      });
      found.travelled.push(travelled);
      found.spreads.push(spreads);
    });
    return found;
  }

  /** Mean and population standard deviation (divisor m), centred on the first value as in `standardize`.
   *  @type {(values: ArrayLike<number>) => {mean: number, std: number}} */
  function moments(values) {
    var passed = standardize({ eps: 0, rate: 0, unbiased: false });
    var saved = passed.forward({}, passed.init(function () { return 0; }, 1).state, matrix(values.length, 1, values), true).saved;
    return { mean: saved.mean[0], std: Math.sqrt(saved.var[0]) };
  }

  /** Random numbers from a seed: uniform in (0, 1) with 32 bits (mulberry32) and normal (Box–Muller).
   *  @type {(seed: number) => {uniform: () => number, normal: Normal}} */
  function random(seed) {
    var state = seed >>> 0;
    function uniform() {
      state = (state + 0x6d2b79f5) >>> 0;
      var t = Math.imul(state ^ (state >>> 15), state | 1);
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
    }
    return { uniform: uniform, normal: function () { return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()); } };
  }

  return { matrix: matrix, dense: dense, standardize: standardize, affine: affine, activations: activations, network: network,
    softmaxCrossEntropy: softmaxCrossEntropy, stepped: stepped, gradientShift: gradientShift, distributionShift: distributionShift,
    moments: moments, random: random, PYTORCH: PYTORCH };
})();
