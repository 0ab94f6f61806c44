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
        var y = matrix(x.rows, features), weight = params.weight, bias = params.bias, out = y.data, into = x.data;
        for (var i = 0; i < x.rows; i++) {
          var to = i * features, from = i * x.cols;
          for (var j = 0; j < features; j++) out[to + j] = bias[j];
          for (var k = 0; k < x.cols; k++) {
            var value = into[from + k], row = k * features;
            for (j = 0; j < features; j++) out[to + j] += value * weight[row + j];
          }
        }
        return { y: y, saved: { x: x }, state: state };
      },
      /* ∂L/∂x = ∂L/∂y Wᵀ, ∂L/∂W = xᵀ ∂L/∂y, ∂L/∂b = Σ_samples ∂L/∂y. */
      backward: function (params, saved, dy) {
        var x = saved.x, weight = params.weight, dx = matrix(x.rows, x.cols), into = x.data, g = dy.data;
        var dweight = new Float64Array(weight.length), dbias = new Float64Array(features);
        for (var i = 0; i < x.rows; i++) {
          var at = i * features, from = i * x.cols;
          for (var j = 0; j < features; j++) dbias[j] += g[at + j];
          for (var k = 0; k < x.cols; k++) {
            var value = into[from + k], row = k * features, sum = 0;
            for (j = 0; j < features; j++) {
              sum += g[at + j] * weight[row + j];
              dweight[row + j] += value * g[at + j];
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
    var from = x.data, n = x.cols;
    for (var i = 0; i < x.rows; i++) for (var j = 0; j < n; j++) mean[j] += from[i * n + j];
    for (j = 0; j < n; j++) mean[j] /= x.rows;
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
        var centred = matrix(x.rows, x.cols), square = matrix(x.rows, x.cols), m = x.rows, n = x.cols, i, j;
        var from = x.data, to = centred.data, squares = square.data;
        for (i = 0; i < m; i++) for (j = 0; j < n; j++) to[i * n + j] = from[i * n + j] - from[j];
        var mean = columnMeans(centred);
        for (i = 0; i < m; i++) for (j = 0; j < n; j++) {
          var value = (to[i * n + j] -= mean[j]);
          squares[i * n + j] = value * value;
        }
        var variance = columnMeans(square), invStd = variance.map(function (v) { return 1 / Math.sqrt(v + rule.eps); });
        for (i = 0; i < m; i++) for (j = 0; j < n; j++) to[i * n + j] *= invStd[j];
        for (j = 0; j < n; j++) mean[j] += from[j];
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
        var dx = matrix(dy.rows, dy.cols), m = dy.rows, n = dy.cols, g = dy.data, xhat = saved.xhat.data, invStd = saved.invStd, i, j, at;
        var to = dx.data, mean = new Float64Array(n), along = new Float64Array(n);
        if (!saved.constant) for (i = 0; i < m; i++) for (j = 0; j < n; j++) {
          at = i * n + j;
          mean[j] += g[at] / m;
          along[j] += g[at] * xhat[at] / m;
        }
        for (i = 0; i < m; i++) for (j = 0; j < n; j++) {
          at = i * n + j;
          to[at] = (g[at] - mean[j] - xhat[at] * along[j]) * invStd[j];
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
        var y = matrix(x.rows, x.cols), n = x.cols, from = x.data, to = y.data, gamma = params.gamma, beta = params.beta;
        for (var i = 0; i < x.rows; i++) for (var j = 0; j < n; j++) to[i * n + j] = from[i * n + j] * gamma[j] + beta[j];
        return { y: y, saved: { x: x }, state: state };
      },
      /* ∂L/∂x = γ ∂L/∂y, ∂L/∂γ = Σ x ∂L/∂y, ∂L/∂β = Σ ∂L/∂y. */
      backward: function (params, saved, dy) {
        var dx = matrix(dy.rows, dy.cols), n = dy.cols, dgamma = new Float64Array(n), dbeta = new Float64Array(n);
        var g = dy.data, from = saved.x.data, to = dx.data, gamma = params.gamma;
        for (var i = 0; i < dy.rows; i++) for (var j = 0; j < n; j++) {
          var at = i * n + j;
          dgamma[j] += g[at] * from[at];
          dbeta[j] += g[at];
          to[at] = g[at] * gamma[j];
        }
        return { dx: dx, grads: { gamma: dgamma, beta: dbeta } };
      },
    };
  }

  /** y = s x + d in training, with s = 1 + a/2 · u and d = a · u for draws u from (−1, 1), anew for each feature at each pass and the same
   *  for all samples; y = x in evaluation. `draws` gives a source of numbers in (0, 1) for the pass of a number: the shifts come first.
   *  @type {(size: number, draws: (pass: number) => () => number) => Layer} */
  function noise(size, draws) {
    return {
      kind: "noise",
      init: function (normal, features) { return { params: {}, state: { passes: new Float64Array(1) }, features: features }; },
      forward: function (params, state, x, training) {
        if (!training) return { y: x, saved: { x: x, scale: null }, state: state };
        var draw = draws(state.passes[0]), shift = new Float64Array(x.cols), scale = new Float64Array(x.cols), y = matrix(x.rows, x.cols);
        for (var j = 0; j < x.cols; j++) shift[j] = size * (2 * draw() - 1);
        for (j = 0; j < x.cols; j++) scale[j] = 1 + size / 2 * (2 * draw() - 1);
        for (var i = 0; i < x.rows; i++) for (j = 0; j < x.cols; j++) y.data[i * x.cols + j] = x.data[i * x.cols + j] * scale[j] + shift[j];
        return { y: y, saved: { x: x, scale: scale }, state: { passes: state.passes.map(function (n) { return n + 1; }) } };
      },
      /* ∂L/∂x = s ∂L/∂y. */
      backward: function (params, saved, dy) {
        var dx = matrix(dy.rows, dy.cols, dy.data);
        if (saved.scale) for (var i = 0; i < dx.data.length; i++) dx.data[i] *= saved.scale[i % dy.cols];
        return { dx: dx, grads: {} };
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
        var y = matrix(x.rows, x.cols), from = x.data, to = y.data;
        for (var i = 0; i < to.length; i++) to[i] = value(from[i]);
        return { y: y, saved: { x: x, y: y }, state: state };
      },
      backward: function (params, saved, dy) {
        var dx = matrix(dy.rows, dy.cols), x = saved.x.data, y = saved.y.data, g = dy.data, to = dx.data;
        for (var i = 0; i < to.length; i++) to[i] = g[i] * slope(x[i], y[i]);
        return { dx: dx, grads: {} };
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
        if (frozen && frozen.indexOf(name) >= 0) { after[name] = layer[name]; return; }
        var p = layer[name], g = grads[i][name], next = (after[name] = new Float64Array(p.length));
        for (var at = 0; at < p.length; at++) next[at] = p[at] - rate * g[at];
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
      var values = new Float64Array(x.rows);
      for (var i = 0; i < x.rows; i++) values[i] = x.data[i * x.cols + j];
      return values.sort();
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
        var distance = 0, others = b[j];
        for (var i = 0; i < values.length; i++) distance += Math.abs(values[i] - others[i]) / values.length;
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
    var m = values.length, mean = 0, variance = 0, i;
    for (i = 0; i < m; i++) mean += (values[i] - values[0]) / m;
    for (i = 0; i < m; i++) variance += Math.pow(values[i] - values[0] - mean, 2) / m;
    return { mean: values[0] + mean, std: Math.sqrt(variance) };
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

  return { matrix: matrix, dense: dense, standardize: standardize, affine: affine, noise: noise, activations: activations, network: network,
    softmaxCrossEntropy: softmaxCrossEntropy, stepped: stepped, gradientShift: gradientShift, distributionShift: distributionShift,
    moments: moments, random: random, PYTORCH: PYTORCH };
})();
