/* Settings of one framework into another's. What the frameworks do comes from the measurements behind the table of the
   page; only the code to paste is written here. */
/* global BatchNormKit */
(() => {
  "use strict";

  const { h, told } = BatchNormKit;
  const TRAINING_MODE = 14; // the first operator set of ONNX whose batch norm has this attribute
  const LARGE_EPSILON = 0.01; // frameworks start from 10⁻³ or 10⁻⁵

  /** @typedef {"pytorch" | "keras" | "flax" | "onnx"} Key */
  /** @typedef {{name: string, tenth: number, factor: number, momentum: number, eps: number}} Framework  as measured */
  /** @typedef {{eps: string, momentum: string, training: boolean, opset: number}} Made  what a layer is made with */
  /**
   * @typedef {Object} Code  in Python, line by line
   * @property {string[]} imports
   * @property {(of: Made) => string[]} make  a new layer
   * @property {string[]} get  γ, β, mean and variance of the old layer: γ = 1 and β = 0 where it has none
   * @property {(training: boolean) => string[]} set  them in the new layer
   * @property {string} position  what arguments mean that are passed by position
   */

  /** A number as Python reads it. @type {(value: number) => string} */
  const python = value => {
    const number = Number(value.toPrecision(12));
    if (number !== 0 && number < 1e-4) return number.toExponential().replace(/e-(\d)$/, "e-0$1");
    return Number.isInteger(number) ? `${number}.0` : String(number);
  };

  /** @type {Record<Key, Code>} */
  const CODE = {
    pytorch: {
      imports: ["import torch"],
      make: ({ eps, momentum }) => [`new = torch.nn.BatchNorm1d(features, eps=${eps}, momentum=${momentum})`],
      get: [
        "def array(tensor):",
        "    return tensor.detach().cpu().float().numpy()",
        "",
        "mean, var = array(old.running_mean), array(old.running_var)",
        "gamma = np.ones_like(mean) if old.weight is None else array(old.weight)",
        "beta = np.zeros_like(mean) if old.bias is None else array(old.bias)",
      ],
      set: training => [
        "with torch.no_grad():",
        "    held = (new.weight, new.bias, new.running_mean, new.running_var)",
        "    for tensor, values in zip(held, (gamma, beta, mean, var)):",
        "        tensor.copy_(torch.tensor(values))",
        ...(training ? [] : ["new.eval()"]),
      ],
      position: "PyTorch’s second argument is ε.",
    },
    keras: {
      imports: ["import keras"],
      make: ({ eps, momentum }) => [`new = keras.layers.BatchNormalization(epsilon=${eps}, momentum=${momentum})`],
      get: [
        "*held, mean, var = (np.asarray(one, np.float32) for one in old.get_weights())",
        "gamma = held.pop(0) if old.scale else np.ones_like(mean)",
        "beta = held.pop(0) if old.center else np.zeros_like(mean)",
      ],
      set: () => ["new.build((None, len(gamma)))", "new.set_weights([gamma, beta, mean, var])"],
      position: "Keras takes the axis first, then momentum, then ε.",
    },
    flax: {
      imports: ["from flax import linen"],
      make: ({ eps, momentum }) => [
        `new = linen.BatchNorm(epsilon=${eps}, momentum=${momentum}, use_fast_variance=False)`,
      ],
      get: [
        "held = variables.get(\"params\", {}).get(name, {})  # name: of the layer",
        "stats = variables[\"batch_stats\"][name]",
        "mean, var = (np.asarray(stats[key], np.float32) for key in (\"mean\", \"var\"))",
        "gamma = np.asarray(held.get(\"scale\", np.ones_like(mean)), np.float32)",
        "beta = np.asarray(held.get(\"bias\", np.zeros_like(mean)), np.float32)",
      ],
      set: () => [
        "variables = {",
        "    \"params\": {\"scale\": gamma, \"bias\": beta},",
        "    \"batch_stats\": {\"mean\": mean, \"var\": var},",
        "}",
      ],
      position: "Flax takes use_running_average and the axis first, then momentum, then ε.",
    },
    onnx: {
      imports: ["import onnx"],
      make: ({ eps, momentum, training, opset }) => {
        const modern = opset >= TRAINING_MODE, statistics = ", \"next_mean\", \"next_var\"";
        const outputs = training ? statistics + (modern ? "" : ", \"saved_mean\", \"saved_var\"") : "";
        return [
          `opset = onnx.helper.make_opsetid("", ${opset})  # of the model`,
          "new = onnx.helper.make_node(",
          "    \"BatchNormalization\",",
          "    [\"x\", \"gamma\", \"beta\", \"mean\", \"var\"],",
          `    ["y"${outputs}],`,
          `    epsilon=${eps},`,
          `    momentum=${momentum},`,
          ...(modern ? [`    training_mode=${Number(training)},`] : []),
          ")",
        ];
      },
      get: [
        "tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}",
        "gamma, beta, mean, var = (tensors[name].astype(np.float32) for name in old.input[1:])",
      ],
      set: () => [
        "names = (\"gamma\", \"beta\", \"mean\", \"var\")",
        "initializers = [",
        "    onnx.numpy_helper.from_array(array, name)",
        "    for array, name in zip((gamma, beta, mean, var), names)",
        "]",
      ],
      position: "ONNX takes both by name.",
    },
  };

  /** Whether momentum is the weight of the new batch, and whether the unbiased variance is averaged: both inferred from
   *  what was measured. @type {(one: Framework) => {ofNew: boolean, unbiased: boolean}} */
  const read = ({ tenth, factor }) => {
    const [ofNew, unbiased] = [tenth - 0.1, factor - 4 / 3].map(difference => Math.abs(difference) < 0.01);
    return { ofNew, unbiased };
  };

  /** One minus a number, without the round-off of the subtraction. @type {(value: number) => number} */
  const rest = value => Number((1 - value).toPrecision(12));

  /** @type {(is: {unbiased: boolean}) => string} */
  const averaged = ({ unbiased }) => (unbiased ? "unbiased" : "biased");

  class Convert extends BatchNormKit.Simulator {
    head = h("tr", { role: "row" });
    body = h("tbody", { role: "rowgroup" });
    code = h("code");
    warnings = h("ul", { class: "bn-convert__warnings" });
    copied = h("span", { role: "status", class: "bn-convert__copied" });

    furnish() {
      const copy = h("button", { type: "button", class: "bn-sim__main" }, "Copy the code");
      copy.addEventListener("click", () => this.copy());
      const table = { class: "bn-table bn-convert", role: "table", "aria-label": "The settings in both frameworks" };
      this.stage.append(
        h("table", table, h("thead", { role: "rowgroup" }, this.head), this.body),
        h("pre", { class: "bn-convert__code" }, h("span", {}, this.code)),
        h("p", { class: "bn-convert__copy" }, copy, this.copied), this.warnings);
      this.stage.before(this.controls);
      this.action("Defaults of the first", () => {
        const { momentum, eps } = this.told.facts[this.settings.from];
        this.replace({ momentum, epsilon: eps });
      });
      this.action("Swap", () => {
        const { from, to } = this.settings, { momentum, epsilon } = this.result();
        this.replace({ from: to, to: from, momentum, epsilon });
      });
    }

    /** Other settings, which are good ones. @param {Object<string, number | string>} values */
    replace(values) {
      Object.assign(this.settings, values);
      ["momentum", "epsilon"].forEach(name => this.complain(name, ""));
      this.refresh();
    }

    copy() {
      const text = this.code.textContent;
      const select = () => {
        const range = document.createRange(), selection = /** @type {Selection} */ (window.getSelection());
        range.selectNodeContents(this.code);
        selection.removeAllRanges();
        selection.addRange(range);
        this.copied.textContent = "The code is selected: copy it with your keyboard.";
      };
      if (!navigator.clipboard) return select();
      navigator.clipboard.writeText(text).then(() => { this.copied.textContent = "Copied."; }, select);
    }

    /** The settings in the other framework. */
    result() {
      const { from, to } = this.settings, facts = this.told.facts, there = read(facts[from]), here = read(facts[to]);
      const [given, epsilon, m] = ["momentum", "epsilon", "batch"].map(name => Number(this.settings[name]));
      const weight = there.ofNew ? given : rest(given), momentum = here.ofNew ? weight : rest(weight);
      const factor = there.unbiased === here.unbiased ? 1 : there.unbiased ? (m - 1) / m : m / (m - 1);
      return { momentum, epsilon, weight, factor, names: [facts[from].name, facts[to].name], there, here, m };
    }

    /** What is to be said about the settings. @param {ReturnType<Convert["result"]>} result */
    remarks({ epsilon, weight, factor, names, there, here, m }) {
      const { from, to, what } = this.settings, [one, other] = names, inexact = factor !== 1, remarks = [];
      if (epsilon >= LARGE_EPSILON) remarks.push(`Is this a momentum? ${CODE[/** @type {Key} */ (from)].position}`);
      if (weight > 0.5) {
        remarks.push(`Is this another framework’s momentum? In ${one} it makes a new batch weigh more than the past.`);
      }
      if (weight === 0) remarks.push("A new batch weighs nothing: the running statistics stay at their start.");
      if (inexact && what === "settings") {
        remarks.push(`There is no exact translation of the running variance: ${one} averages the ${averaged(there)} `
          + `variance, ${other} the ${averaged(here)} one, and no setting changes that. At m = ${m} what enters `
          + `differs by the factor m/(m − 1) = ${told(m / (m - 1))}.`);
      }
      if (inexact && what === "continue") {
        remarks.push(`There is no exact translation of the running variance: the factor ${told(factor)} is right if `
          + `all batches have m = ${m} values and the start of the average is forgotten. With batches of many sizes `
          + "there is none.");
      }
      if (from === "pytorch" && what !== "settings") {
        remarks.push("With track_running_stats=False, PyTorch keeps no mean and variance: nothing can be taken over.");
      }
      if (from === to) return remarks;
      if (from === "pytorch") {
        remarks.push("PyTorch’s momentum=None, the plain average of all batches, has no counterpart elsewhere.");
      }
      if (to === "keras") remarks.push("Keras computes batch norm in float32 even for float64 data.");
      if (to === "flax") {
        remarks.push("By default Flax takes the variance in one pass, which loses digits far from zero: hence "
          + "use_fast_variance=False.");
      }
      if (to === "onnx") remarks.push("ONNX keeps ε and momentum in float32: they are rounded there.");
      return remarks;
    }

    /** The code to paste, line by line. @param {ReturnType<Convert["result"]>} result */
    lines({ momentum, epsilon, factor, m }) {
      const { from, to, what, opset } = this.settings, training = what !== "trained";
      const source = CODE[/** @type {Key} */ (from)], target = CODE[/** @type {Key} */ (to)];
      const make = target.make({ eps: python(epsilon), momentum: python(momentum), training, opset: Number(opset) });
      if (what === "settings") return [...target.imports, "", ...make];
      const reading = from === "onnx" ? source.imports : [];
      const scaled = what === "continue" && factor !== 1;
      return [
        ...new Set(["import numpy as np", ...reading, ...target.imports]),
        "",
        ...source.get,
        ...(scaled ? [`m = ${m}  # values in a batch: samples, times pixels`] : []),
        ...(scaled ? [`var = var * ${factor < 1 ? "(m - 1) / m" : "m / (m - 1)"}`] : []),
        "",
        ...make.map(line => line.replace("(features,", "(len(gamma),")),
        ...target.set(training),
      ];
    }

    draw() {
      const { from, to, what } = this.settings, found = this.result(), { names, there, here, weight, factor } = found;
      const momentum = python(found.momentum), eps = python(found.epsilon);
      const warnings = this.remarks(found);
      this.figures = { ...found, warnings };
      this.copied.textContent = "";
      const title = (/** @type {string} */ text) => h("th", { role: "columnheader", scope: "col" }, text);
      const cell = (/** @type {string} */ text) => h("td", { role: "cell", class: "bn-number" }, text);
      this.head.replaceChildren(...["Setting", ...names].map(title));
      const rows = [
        ["momentum", python(Number(this.settings.momentum)), momentum],
        ["… multiplies the", there.ofNew ? "new value" : "old value", here.ofNew ? "new value" : "old value"],
        ["so a new batch weighs", python(weight), python(weight)],
        ["ε", eps, eps],
        ["variance that is averaged", averaged(there), averaged(here)],
      ];
      this.body.replaceChildren(...rows.map(([name, one, other]) =>
        h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row" }, name), cell(one), cell(other))));
      this.code.textContent = this.lines(found).join("\n");
      this.warnings.replaceChildren(...warnings.map(text => h("li", {}, text)));
      this.reveal("opset", to === "onnx");
      if (from === to) return "The same framework on both sides: there is nothing to convert.";
      const calls = there.ofNew === here.ofNew ? `as ${names[0]} does` : `one minus what ${names[0]} calls momentum`;
      const trained = what === "trained" ? "γ, β, mean, variance and ε go over as they are."
        : what === "continue" && factor !== 1 ? `The running variance is multiplied by ${told(factor)}.`
        : "ε is written out, since the defaults differ from one framework to another.";
      return `${names[1]} takes momentum=${momentum}, ${calls}. ${trained}`;
    }
  }

  customElements.define("bn-convert", Convert);
})();
