/* Settings of one framework into another's. What the frameworks do comes from the measurements behind the table of the page; only the
   code to paste is written here. */
/* global BatchNormKit */
(function () {
  "use strict";

  const { h, told } = BatchNormKit;

  /** @typedef {{name: string, tenth: number, factor: number, momentum: number, eps: number}} Framework  as measured */

  /** A number as Python reads it. @type {(value: number) => string} */
  const python = value => {
    const number = Number(value.toPrecision(12));
    return number !== 0 && number < 1e-4 ? number.toExponential().replace(/e-(\d)$/, "e-0$1") : String(number).replace(/^(\d+)$/, "$1.0");
  };

  /** How each framework makes a layer, hands out what it holds, and takes it in.
   *  @type {Object<string, {imports: string, make: (eps: string, momentum: string, training: boolean) => string, get: string, set: string}>} */
  const CODE = {
    pytorch: {
      imports: "import torch",
      make: (eps, momentum) => `new = torch.nn.BatchNorm1d(features, eps=${eps}, momentum=${momentum})`,
      get: "held = (old.weight, old.bias, old.running_mean, old.running_var)\ngamma, beta, mean, var = (t.detach().numpy() for t in held)",
      set: "with torch.no_grad():\n    held = (new.weight, new.bias, new.running_mean, new.running_var)\n    for tensor, array in zip(held, (gamma, beta, mean, var)):\n        tensor.copy_(torch.as_tensor(array))",
    },
    keras: {
      imports: "import keras",
      make: (eps, momentum) => `new = keras.layers.BatchNormalization(epsilon=${eps}, momentum=${momentum})`,
      get: "gamma, beta, mean, var = old.get_weights()",
      set: "new.build((None, len(gamma)))\nnew.set_weights([gamma, beta, mean, var])",
    },
    flax: {
      imports: "import numpy as np\nfrom flax import linen",
      make: (eps, momentum) => `new = linen.BatchNorm(epsilon=${eps}, momentum=${momentum}, use_fast_variance=False)`,
      get: "gamma, beta = (np.asarray(variables[\"params\"][name]) for name in (\"scale\", \"bias\"))\nmean, var = (np.asarray(variables[\"batch_stats\"][name]) for name in (\"mean\", \"var\"))",
      set: "variables = {\n    \"params\": {\"scale\": gamma, \"bias\": beta},\n    \"batch_stats\": {\"mean\": mean, \"var\": var},\n}",
    },
    onnx: {
      imports: "import onnx",
      make: (eps, momentum, training) => `new = onnx.helper.make_node(\n    "BatchNormalization",\n    ["x", "gamma", "beta", "mean", "var"],\n    ["y"${training ? ', "next_mean", "next_var"' : ""}],\n    epsilon=${eps},\n    momentum=${momentum},\n    training_mode=${training ? 1 : 0},\n)`,
      get: "tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}\ngamma, beta, mean, var = (tensors[name] for name in old.input[1:])",
      set: "names = (\"gamma\", \"beta\", \"mean\", \"var\")\ninitializers = [\n    onnx.numpy_helper.from_array(array, name)\n    for array, name in zip((gamma, beta, mean, var), names)\n]",
    },
  };

  /** Whether momentum is the weight of the new batch there, and whether the unbiased variance is averaged: both read off what was measured.
   *  @type {(one: Framework) => {ofNew: boolean, unbiased: boolean}} */
  const read = one => ({ ofNew: Math.abs(one.tenth - 0.1) < 0.01, unbiased: Math.abs(one.factor - 4 / 3) < 0.01 });

  class Convert extends BatchNormKit.Simulator {
    /** @type {HTMLElement} */
    head;
    /** @type {HTMLElement} */
    body;
    /** @type {HTMLElement} */
    code;
    /** @type {HTMLElement} */
    warnings;
    /** @type {HTMLElement} */
    copied;

    furnish() {
      this.head = h("tr", { role: "row" });
      this.body = h("tbody", { role: "rowgroup" });
      this.code = h("code", {});
      this.warnings = h("ul", { class: "bn-convert__warnings" });
      this.copied = h("span", { role: "status", class: "bn-convert__copied" });
      const copy = h("button", { type: "button", class: "bn-sim__main" }, "Copy the code");
      copy.addEventListener("click", () => this.copy());
      this.stage.append(
        h("table", { class: "bn-table bn-convert", role: "table", "aria-label": "The settings in both frameworks" }, h("thead", { role: "rowgroup" }, this.head), this.body),
        h("pre", { class: "bn-convert__code" }, h("span", {}, this.code)), h("p", { class: "bn-convert__copy" }, copy, this.copied), this.warnings);
      this.stage.before(this.controls);
      this.action("Defaults of the first", () => {
        const one = this.told.facts[this.settings.from];
        Object.assign(this.settings, { momentum: one.momentum, epsilon: one.eps });
        ["momentum", "epsilon"].forEach(name => this.complain(name, ""));
        this.refresh();
      });
      this.action("Swap", () => {
        const { from, to } = this.settings, { momentum, epsilon } = this.result();
        Object.assign(this.settings, { from: to, to: from, momentum: momentum, epsilon: epsilon });
        ["momentum", "epsilon"].forEach(name => this.complain(name, ""));
        this.refresh();
      });
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

    /** The settings in the other framework, and what is to be said about them. */
    result() {
      const { from, to, what, batch } = this.settings, facts = this.told.facts, there = read(facts[from]), here = read(facts[to]);
      const given = Number(this.settings.momentum), weight = there.ofNew ? given : Number((1 - given).toPrecision(12));
      const momentum = here.ofNew ? weight : Number((1 - weight).toPrecision(12)), m = Number(batch);
      const factor = there.unbiased === here.unbiased ? 1 : there.unbiased ? (m - 1) / m : m / (m - 1);
      const warnings = [], names = [facts[from].name, facts[to].name];
      if (factor !== 1 && what === "settings") warnings.push(`There is no exact translation of the running variance: ${names[0]} averages the ${there.unbiased ? "unbiased" : "biased"} variance, ${names[1]} the ${here.unbiased ? "unbiased" : "biased"} one, and no setting changes that. At m = ${m} what enters differs by the factor m/(m − 1) = ${told(m / (m - 1))}.`);
      if (factor !== 1 && what === "continue") warnings.push(`There is no exact translation of the running variance: the factor ${told(factor)} is right if all batches have m = ${m} values and the start of the average is forgotten. With batches of many sizes there is none.`);
      if (from !== to && from === "pytorch") warnings.push("PyTorch’s momentum=None, the plain average of all batches, has no counterpart elsewhere.");
      if (to === "keras" && from !== to) warnings.push("Keras computes batch norm in float32 even for float64 data.");
      if (to === "flax" && from !== to) warnings.push("By default Flax takes the variance in one pass, which loses digits far from zero: hence use_fast_variance=False.");
      if (to === "onnx" && from !== to) warnings.push("ONNX keeps ε and momentum in float32: they are rounded there.");
      if (weight === 0) warnings.push("A new batch weighs nothing: the running statistics stay at their start.");
      return { momentum: momentum, epsilon: Number(this.settings.epsilon), weight: weight, factor: factor, warnings: warnings, names: names, there: there, here: here, m: m };
    }

    draw() {
      const { from, to, what } = this.settings, found = this.result(), eps = python(found.epsilon);
      this.figures = found;
      this.copied.textContent = "";
      const cell = /** @type {(text: string) => Node} */ (text => h("td", { role: "cell", class: "bn-number" }, text));
      const kept = /** @type {(is: any) => string} */ (is => (is.unbiased ? "unbiased" : "biased"));
      this.head.replaceChildren(...["Setting", found.names[0], found.names[1]].map(text => h("th", { role: "columnheader", scope: "col" }, text)));
      this.body.replaceChildren(...[
        ["momentum", python(Number(this.settings.momentum)), python(found.momentum)],
        ["… multiplies the", found.there.ofNew ? "new value" : "old value", found.here.ofNew ? "new value" : "old value"],
        ["so a new batch weighs", python(found.weight), python(found.weight)],
        ["ε", eps, eps],
        ["variance that is averaged", kept(found.there), kept(found.here)],
      ].map(([name, one, other]) => h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row" }, name), cell(one), cell(other))));
      const source = CODE[from], target = CODE[to], lines = [...new Set([...(what === "settings" ? [] : source.imports.split("\n")), ...target.imports.split("\n")])];
      const make = target.make(eps, python(found.momentum), what !== "trained");
      if (what === "settings") lines.push("", make);
      else {
        lines.push("", source.get);
        if (what === "continue" && found.factor !== 1) lines.push(`m = ${found.m}  # values in a batch: samples, times pixels`, `var = var * ${found.factor < 1 ? "(m - 1) / m" : "m / (m - 1)"}`);
        lines.push("", make.replace("(features,", "(len(gamma),"), target.set);
      }
      this.code.textContent = lines.join("\n");
      this.warnings.replaceChildren(...found.warnings.map(text => h("li", {}, text)));
      if (from === to) return "The same framework on both sides: there is nothing to convert.";
      const same = found.there.ofNew === found.here.ofNew;
      return `${found.names[1]} takes momentum=${python(found.momentum)}${same ? ", as " + found.names[0] + " does" : ", one minus what " + found.names[0] + " calls momentum"}. ${what === "trained" ? "γ, β, mean, variance and ε go over as they are." : what === "continue" && found.factor !== 1 ? `The running variance is multiplied by ${told(found.factor)}.` : "ε is written out, since the defaults differ from one framework to another."}`;
    }
  }

  customElements.define("bn-convert", Convert);
})();
