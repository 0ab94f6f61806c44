/* What all simulators share: controls made from the declaration beside each of them, their state in the address, sentences for
   input that makes no sense, and small drawings. Whatever a reader types is shown as text and never as HTML. */

/**
 * @typedef {Object} Setting  one control, as declared in the simulator's JSON file
 * @property {string} name
 * @property {string} label
 * @property {"number" | "ladder" | "choice" | "numbers"} kind
 * @property {number | string} start
 * @property {string} [unit]
 * @property {string} [hint]
 * @property {number} [low]  ends of the slider; without them there is only a box
 * @property {number} [high]
 * @property {number} [step]
 * @property {number} [least]  ends of what can be typed
 * @property {number} [most]
 * @property {boolean} [whole]
 * @property {boolean} [hidden]  no control of its own
 * @property {boolean} [view]  says how to show it, not what: presets leave it alone
 * @property {number[]} [values]
 * @property {Object<string, string>} [words]  what stands for some of the values
 * @property {Object<string, string>} [choices]
 * @typedef {Object<string, number | string>} Values
 * @typedef {{label: string, watch: string, set: Values}} Preset
 * @typedef {{declared: {title: string, settings: Setting[], presets: Object<string, Preset>}, start: Values, preset: string, facts: any}} Told
 */

/* global BatchNorm */
var BatchNormKit = (function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const PAUSE = 600; // milliseconds of rest before screen readers are told, and the address is written

  /** @type {<K extends keyof HTMLElementTagNameMap>(tag: K, attributes?: Object<string, any>, ...children: (Node | string)[]) => HTMLElementTagNameMap[K]} */
  function h(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
    }
    made.append(...children);
    return made;
  }

  /** @type {<K extends keyof SVGElementTagNameMap>(tag: K, attributes?: Object<string, any>, text?: string) => SVGElementTagNameMap[K]} */
  function s(tag, attributes, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /** A number for readers: three digits after the point, or three significant ones; what is below `scale` × 10⁻¹² is round-off.
   *  @type {(value: number, scale?: number) => string} */
  function told(value, scale) {
    if (Number.isNaN(value)) return "not a number";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    if (size <= 1e-12 * (scale || 0)) return "0";
    const text = size === 0 ? "0" : size >= 1e5 || size < 1e-3 ? value.toExponential(1) : size >= 100 ? value.toPrecision(4) : value.toFixed(3);
    return signed(text);
  }

  /** With a real minus sign, and powers of ten as people write them.
   *  @type {(text: string) => string} */
  function signed(text) {
    const raised = /** @type {Object<string, string>} */ ({ "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" });
    const [digits, power] = text.split("e");
    const minus = digits.replace("-", "−");
    if (power === undefined) return minus;
    const exponent = Array.from(power.replace("+", ""), one => raised[one]).join("");
    return /^−?1(\.0)?$/.test(minus) ? minus.replace(/1.*/, "10") + exponent : minus + " · 10" + exponent;
  }

  /** A number as it stands in a box: six digits, as somebody would type it.
   *  @type {(value: number) => string} */
  function short(value) {
    const rounded = Number(value.toPrecision(6));
    return (rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded)).replace(/-/g, "−");
  }

  /** A number as people type it, with either minus sign; undefined if it is none.
   *  @type {(text: string) => number | undefined} */
  function parse(text) {
    const plain = text.trim().replace(/[−–]/g, "-");
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
  }

  /** What a reader typed, cut so that it fits into a sentence.
   *  @type {(text: string) => string} */
  function quoted(text) {
    return "“" + (text.length > 24 ? text.slice(0, 24) + "…" : text) + "”";
  }

  /** What is wrong with a value of a setting, as a sentence; "" if nothing is.
   *  @type {(setting: Setting, text: string) => string} */
  function fault(setting, text) {
    if (setting.kind === "numbers") return "";
    if (setting.kind === "choice") return text in /** @type {any} */ (setting.choices) ? "" : `${setting.label} cannot be ${quoted(text)}.`;
    const value = parse(text), range = setting.values ? [setting.values[0], setting.values[setting.values.length - 1]]
      : [setting.least, setting.most];
    const rule = `${setting.label} is a ${setting.whole ? "whole " : ""}number from ${signed(String(range[0]))} to ${signed(String(range[1]))}`;
    if (!text.trim()) return `${rule}. The box is empty.`;
    if (value === undefined) return `${rule}; ${quoted(text)} is not a number.`;
    if (setting.values ? !setting.values.includes(value) : !(value >= Number(range[0]) && value <= Number(range[1])) || (setting.whole && value % 1 !== 0)) {
      return `${rule}; ${quoted(text)} is not${setting.values ? " one of its steps" : ""}.`;
    }
    return "";
  }

  class Simulator extends HTMLElement {
    /* Fields get their values once the element stands in the page. */
    /** @type {Told} */
    told;
    /** @type {Told["declared"]} */
    declared;
    /** @type {Values} */
    begin;
    /** @type {Values} */
    settings;
    /** @type {Object<string, (value: number | string) => void>} */
    show;
    /** @type {Object<string, {box: any, wrong: HTMLElement}>} */
    boxes;
    /** @type {number} */
    timer;
    /** @type {HTMLElement} */
    presets;
    /** @type {HTMLElement} */
    watch;
    /** @type {HTMLElement} */
    stage;
    /** @type {HTMLElement} */
    sentence;
    /** @type {HTMLElement} */
    status;
    /** @type {HTMLElement} */
    controls;
    /** @type {HTMLElement} */
    actions;
    /** What the drawing shows, in numbers: for tests and for the curious. @type {any} */
    figures;

    connectedCallback() {
      if (this.settings) return;
      this.told = JSON.parse(/** @type {any} */ (this.querySelector("script")).textContent);
      this.declared = this.told.declared;
      this.begin = Object.assign(Object.fromEntries(this.declared.settings.map(one => [one.name, one.start])), this.told.start);
      this.settings = Object.assign({}, this.begin);
      this.show = {};
      this.boxes = {};
      this.timer = 0;
      const faults = this.fromAddress();
      this.build();
      for (const [name, sentence] of faults) this.complain(name, sentence);
      this.refresh(true);
      let width = 0;
      const resized = () => {
        if (this.clientWidth !== width) this.refresh(true);
        width = this.clientWidth;
      };
      if (typeof ResizeObserver === "undefined") window.addEventListener("resize", resized);
      else new ResizeObserver(resized).observe(this);
      const still = this.closest(".bn-simulator");
      window.addEventListener("beforeprint", () => still && still.querySelectorAll("img").forEach(image => { image.loading = "eager"; }));
    }

    /** Take over what the address says; sentences for what it says wrongly.
     *  @returns {[string, string][]} */
    fromAddress() {
      const asked = new URLSearchParams(location.search);
      /** @type {[string, string][]} */
      const faults = [];
      for (const setting of this.declared.settings) {
        const text = asked.get(`${this.id}.${setting.name}`);
        if (text === null) continue;
        const wrong = fault(setting, text);
        if (wrong) faults.push([setting.name, wrong]);
        else this.settings[setting.name] = setting.kind === "number" || setting.kind === "ladder" ? Number(parse(text)) : text;
      }
      return faults;
    }

    /** Write what differs from the start into the address, and leave alone what belongs to others. */
    toAddress() {
      const query = new URLSearchParams(location.search);
      for (const setting of this.declared.settings) {
        const key = `${this.id}.${setting.name}`;
        if (this.settings[setting.name] === this.begin[setting.name]) query.delete(key);
        else query.set(key, String(this.settings[setting.name]));
      }
      const text = query.toString();
      try { history.replaceState(null, "", location.pathname + (text ? "?" + text : "") + location.hash); }
      catch (refused) { /* some browsers keep the address of a file fixed */ }
    }

    /** All but the drawing, which is the simulator's own. */
    build() {
      this.title = "";
      this.presets = h("div", { class: "bn-sim__presets", role: "group", "aria-label": "Situations" });
      for (const [name, preset] of Object.entries(this.declared.presets)) {
        const button = h("button", { type: "button", "data-preset": name }, preset.label);
        button.addEventListener("click", () => this.choose(Object.assign({}, this.begun(), this.viewed(), preset.set)));
        this.presets.append(button);
      }
      this.watch = h("p", { class: "bn-sim__watch" });
      this.stage = h("div", { class: "bn-sim__stage" });
      this.sentence = h("p", { class: "bn-sim__sentence" });
      this.status = h("p", { class: "bn-sim__hidden", role: "status" });
      this.controls = h("div", { class: "bn-sim__controls" });
      for (const setting of this.declared.settings) if (!setting.hidden) this.controls.append(this.control(setting));
      this.actions = h("div", { class: "bn-sim__actions" });
      this.append(h("section", { class: "bn-sim", "aria-labelledby": `${this.id}-title` },
        h("p", { class: "bn-sim__title", id: `${this.id}-title` }, this.declared.title),
        this.presets, this.watch, this.stage, this.sentence, this.controls, this.actions, this.status));
      this.furnish();
      this.action("Start over", () => this.choose(this.begin));
    }

    /** What a simulator adds to the common parts. */
    furnish() {}

    /** Settings as declared, without those that the page chose: what presets start from. */
    begun() {
      return /** @type {Values} */ (Object.fromEntries(this.declared.settings.map(one => [one.name, one.start])));
    }

    /** How it is shown at present. */
    viewed() {
      return /** @type {Values} */ (Object.fromEntries(this.declared.settings.filter(one => one.view).map(one => [one.name, this.settings[one.name]])));
    }

    /** @type {(label: string, act: () => void) => HTMLButtonElement} */
    action(label, act) {
      const button = h("button", { type: "button" }, label);
      button.addEventListener("click", act);
      this.actions.append(button);
      return button;
    }

    /** One setting as a label with its native inputs and a place for a sentence.
     *  @param {Setting} setting */
    control(setting) {
      const id = `${this.id}-${setting.name}`, name = setting.name;
      const label = h("label", { for: id }, setting.label), parts = h("div", { class: `bn-sim__inputs bn-sim__inputs--${setting.kind}${setting.kind === "number" && setting.low === undefined ? " bn-sim__inputs--box" : ""}` });
      const wrong = h("p", { class: "bn-sim__fault", id: `${id}-fault`, role: "status" });
      /** @type {<T extends HTMLElement>(box: T) => T} */
      const described = box => { this.boxes[name] = { box: box, wrong: wrong }; box.setAttribute("aria-describedby", `${id}-fault`); return box; };
      if (setting.kind === "choice") {
        const select = described(h("select", { id: id }, ...Object.entries(setting.choices || {}).map(([value, text]) => h("option", { value: value }, text))));
        select.addEventListener("change", () => this.set(name, select.value));
        this.show[name] = value => { select.value = String(value); };
        parts.append(select);
      } else if (setting.kind === "ladder") {
        const values = setting.values || [], words = setting.words || {};
        /** @type {(value: any) => string} */
        const inWords = value => (words[value] || signed(value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value))) + (setting.unit && !words[value] ? " " + setting.unit : "");
        const slider = described(h("input", { type: "range", id: id, min: 0, max: values.length - 1, step: 1 }));
        const shown = h("output", { for: id });
        slider.addEventListener("input", () => this.set(name, values[slider.valueAsNumber]));
        this.show[name] = value => {
          slider.value = String(values.indexOf(Number(value)));
          slider.setAttribute("aria-valuetext", inWords(value));
          shown.textContent = inWords(value);
        };
        parts.append(slider, shown);
      } else if (setting.kind === "number") {
        const slider = h("input", { type: "range", id: `${id}-slider`, min: setting.low, max: setting.high, step: setting.step, "aria-label": `${setting.label}, slider` });
        const box = described(h("input", { type: "text", inputmode: "decimal", id: id, autocomplete: "off", spellcheck: "false" }));
        slider.addEventListener("input", () => this.set(name, slider.valueAsNumber));
        box.addEventListener("input", () => this.typed(setting, box.value));
        box.addEventListener("change", () => { if (!box.hasAttribute("aria-invalid")) this.show[name](this.settings[name]); });
        this.show[name] = value => {
          slider.value = String(value);
          if (document.activeElement !== box || parse(box.value) !== value) box.value = short(Number(value));
        };
        if (setting.low === undefined) parts.append(box);
        else parts.append(slider, box);
      } else {
        const box = described(h("input", { type: "text", id: id, autocomplete: "off", spellcheck: "false" }));
        box.addEventListener("input", () => this.set(name, box.value));
        this.show[name] = value => { if (box.value !== value) box.value = String(value); };
        parts.append(box);
      }
      const whole = h("div", { class: "bn-sim__control", "data-setting": name }, label, parts, wrong);
      if (setting.hint) label.append(h("span", { class: "bn-sim__hint" }, setting.hint));
      return whole;
    }

    /** @type {(setting: Setting, text: string) => void} */
    typed(setting, text) {
      const wrong = fault(setting, text);
      if (wrong) this.complain(setting.name, `${wrong} What is drawn is still ${short(Number(this.settings[setting.name]))}.`);
      else this.set(setting.name, Number(parse(text)));
    }

    /** Put a sentence beside a control, or take it away.
     *  @type {(name: string, sentence: string) => void} */
    complain(name, sentence) {
      const place = this.boxes[name];
      if (!place) return;
      if (place.wrong.textContent !== sentence) place.wrong.textContent = sentence;
      if (sentence) place.box.setAttribute("aria-invalid", "true");
      else place.box.removeAttribute("aria-invalid");
    }

    /** @type {(name: string, value: number | string) => void} */
    set(name, value) {
      this.settings[name] = value;
      this.complain(name, "");
      this.refresh();
    }

    /** @type {(values: Values) => void} */
    choose(values) {
      this.settings = Object.assign({}, values);
      Object.keys(this.boxes).forEach(name => this.complain(name, ""));
      this.refresh();
    }

    /** Draw what the settings say. @param {boolean} [quietly]  tell neither screen readers nor the address */
    refresh(quietly) {
      for (const [name, show] of Object.entries(this.show)) if (!this.boxes[name].box.hasAttribute("aria-invalid")) show(this.settings[name]);
      const begun = Object.assign(this.begun(), this.viewed());
      let watch = "";
      for (const button of this.presets.querySelectorAll("button")) {
        const preset = this.declared.presets[String(button.dataset.preset)], wanted = Object.assign({}, begun, preset.set);
        const on = Object.keys(wanted).every(name => wanted[name] === this.settings[name] || this.declared.settings.some(one => one.name === name && one.hidden && one.kind === "number"));
        button.setAttribute("aria-pressed", String(on));
        if (on) watch = preset.watch;
      }
      this.watch.textContent = watch;
      this.sentence.textContent = this.draw();
      if (quietly) return;
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => {
        this.announce();
        this.toAddress();
      }, PAUSE);
    }

    /** Tell screen readers what the sentence says. */
    announce() {
      this.status.textContent = this.sentence.textContent;
    }

    /** Draw, and say in a sentence what is to be seen. @returns {string} */
    draw() { return ""; }
  }

  /** Ends and steps of an axis from low to high, at 1, 2 or 5 times a power of ten, at most `most` of them.
   *  @type {(low: number, high: number, most: number) => number[]} */
  function ticks(low, high, most) {
    const rough = (high - low) / most, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough * (1 - 1e-9)) || rough;
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
    return found;
  }

  return { h: h, s: s, told: told, signed: signed, parse: parse, quoted: quoted, ticks: ticks, Simulator: Simulator };
})();
