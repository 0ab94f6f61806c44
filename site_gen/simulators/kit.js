/* What a simulator is: controls made from the declaration beside it, their state in the address, and sentences for
   input that makes no sense. Whatever a reader types is shown as text and never as HTML. */

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
 * @typedef {{title: string, settings: Setting[], presets: Object<string, Preset>}} Declared
 * @typedef {{declared: Declared, start: Values, preset: string, facts: any}} Told  by the page
 * @typedef {HTMLInputElement | HTMLSelectElement} Box
 * @typedef {{box: Box, wrong: HTMLElement}} Field  a control and its sentence
 * @typedef {{box: Box, show: (value: number | string) => void, inputs: HTMLElement[]}} Inputs  all of a control; `show`
 *   writes a value into it
 */

var BatchNormKit = (() => {
  "use strict";

  const PAUSE = 600; // milliseconds of rest before screen readers are told, and the address is written

  /** An element with attributes and children.
   *  @type {<K extends keyof HTMLElementTagNameMap>(
   *    tag: K, attributes?: Object<string, any>, ...children: (Node | string)[]) => HTMLElementTagNameMap[K]} */
  function h(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
    }
    made.append(...children);
    return made;
  }

  /** A number for readers: three decimals, or the leading digits; what is below `scale` × 10⁻¹² is round-off.
   *  @type {(value: number, scale?: number) => string} */
  function told(value, scale = 0) {
    if (Number.isNaN(value)) return "not a number";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    if (size <= 1e-12 * scale) return "0";
    if (size >= 1e5 || size < 1e-3) return signed(value.toExponential(1));
    return signed(size >= 100 ? value.toPrecision(4) : value.toFixed(3));
  }

  /** With a real minus sign, and powers of ten as people write them.
   *  @type {(text: string) => string} */
  function signed(text) {
    const [digits, power] = text.replace(/-/g, "−").split("e");
    if (power === undefined) return digits;
    const raised = (/** @type {string} */ one) => (one === "−" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(one)]);
    const exponent = Array.from(power.replace("+", ""), raised).join("");
    return /^−?1(\.0)?$/.test(digits) ? digits.replace(/1.*/, "10") + exponent : `${digits} · 10${exponent}`;
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
    return `“${text.length > 24 ? `${text.slice(0, 24)}…` : text}”`;
  }

  /** What is wrong with a value of a setting, as a sentence; "" if nothing is.
   *  @type {(setting: Setting, text: string) => string} */
  function fault({ kind, label, choices = {}, values, least = -Infinity, most = Infinity, whole }, text) {
    if (kind === "numbers") return "";
    if (kind === "choice") return text in choices ? "" : `${label} cannot be ${quoted(text)}.`;
    const value = parse(text), [low, high] = values ? [values[0], values[values.length - 1]] : [least, most];
    const range = `from ${signed(String(low))} to ${signed(String(high))}`;
    const rule = `${label} is a ${whole ? "whole " : ""}number ${range}`;
    if (!text.trim()) return `${rule}. The box is empty.`;
    if (value === undefined) return `${rule}; ${quoted(text)} is not a number.`;
    if (values) return values.includes(value) ? "" : `${rule}; ${quoted(text)} is not one of its steps.`;
    return value >= low && value <= high && !(whole && value % 1) ? "" : `${rule}; ${quoted(text)} is not.`;
  }

  class Simulator extends HTMLElement {
    /* Fields get their values once the element stands in the page. */
    /** @type {Told} */
    told;
    /** @type {Declared} */
    declared;
    /** @type {Values} */
    begin;
    /** @type {Values} */
    settings;
    /** @type {Object<string, (value: number | string) => void>} */
    show;
    /** @type {Object<string, Field>} */
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
    /** What the drawing shows, in numbers, for tests and for the curious. @type {any} */
    figures;

    connectedCallback() {
      if (this.settings) return;
      this.told = JSON.parse(/** @type {any} */ (this.querySelector("script")).textContent);
      this.declared = this.told.declared;
      this.begin = { ...this.begun(), ...this.told.start };
      this.settings = { ...this.begin };
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
      const images = this.closest(".bn-simulator")?.querySelectorAll("img") ?? []; // of the figure that is printed
      window.addEventListener("beforeprint", () => images.forEach(image => { image.loading = "eager"; }));
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
        const numeric = setting.kind === "number" || setting.kind === "ladder";
        if (wrong) faults.push([setting.name, wrong]);
        else this.settings[setting.name] = numeric ? Number(parse(text)) : text;
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
      try {
        history.replaceState(null, "", location.pathname + (text ? `?${text}` : "") + location.hash);
      } catch (refused) { /* some browsers keep the address of a file fixed */ }
    }

    /** All but the drawing, which is the simulator's own. */
    build() {
      this.title = "";
      this.presets = h("div", { class: "bn-sim__presets", role: "group", "aria-label": "Situations" });
      for (const [name, preset] of Object.entries(this.declared.presets)) {
        const button = h("button", { type: "button", "data-preset": name }, preset.label);
        button.addEventListener("click", () => this.choose({ ...this.begun(), ...this.viewed(), ...preset.set }));
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

    /** Settings as declared, whatever the page chose: what presets start from. @returns {Values} */
    begun() {
      return Object.fromEntries(this.declared.settings.map(one => [one.name, one.start]));
    }

    /** The settings in force that say how it is shown. @returns {Values} */
    viewed() {
      const names = this.declared.settings.filter(one => one.view).map(one => one.name);
      return Object.fromEntries(names.map(name => [name, this.settings[name]]));
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
      const { kind, name, low } = setting, id = `${this.id}-${name}`;
      const wrong = h("p", { class: "bn-sim__fault", id: `${id}-fault`, role: "status" });
      const make = { choice: this.#choice, ladder: this.#ladder, number: this.#number, numbers: this.#numbers }[kind];
      const { box, show, inputs } = make.call(this, setting, id);
      box.setAttribute("aria-describedby", wrong.id);
      this.boxes[name] = { box, wrong };
      this.show[name] = show;
      const label = h("label", { for: id }, setting.label);
      if (setting.hint) label.append(h("span", { class: "bn-sim__hint" }, setting.hint));
      const looks = [kind, ...(kind === "number" && low === undefined ? ["box"] : [])];
      const names = ["bn-sim__inputs", ...looks.map(look => `bn-sim__inputs--${look}`)].join(" ");
      const parts = h("div", { class: names }, ...inputs);
      return h("div", { class: "bn-sim__control", "data-setting": name }, label, parts, wrong);
    }

    /** A list to choose from. @param {Setting} setting @param {string} id @returns {Inputs} */
    #choice({ name, choices = {} }, id) {
      const box = h("select", { id }, ...Object.entries(choices).map(([value, text]) => h("option", { value }, text)));
      box.addEventListener("change", () => this.set(name, box.value));
      return { box, show: value => { box.value = String(value); }, inputs: [box] };
    }

    /** A slider over declared values, with the value in words. @param {Setting} setting @param {string} id
     *  @returns {Inputs} */
    #ladder({ name, values = [], words = {}, unit }, id) {
      /** @type {(value: any) => string} */
      const inWords = value => {
        const digits = signed(value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value));
        return words[value] || (unit ? `${digits} ${unit}` : digits);
      };
      const box = h("input", { type: "range", id, min: 0, max: values.length - 1, step: 1 });
      const shown = h("output", { for: id });
      box.addEventListener("input", () => this.set(name, values[box.valueAsNumber]));
      /** @type {Inputs["show"]} */
      const show = value => {
        box.value = String(values.indexOf(Number(value)));
        box.setAttribute("aria-valuetext", inWords(value));
        shown.textContent = inWords(value);
      };
      return { box, show, inputs: [box, shown] };
    }

    /** A box for a number, with a slider if there are ends for one. @param {Setting} setting @param {string} id
     *  @returns {Inputs} */
    #number(setting, id) {
      const { name, low, high, step } = setting, named = `${setting.label}, slider`;
      const slider = h("input", { type: "range", id: `${id}-slider`, min: low, max: high, step, "aria-label": named });
      const box = h("input", { type: "text", inputmode: "decimal", id, autocomplete: "off", spellcheck: "false" });
      slider.addEventListener("input", () => this.set(name, slider.valueAsNumber));
      box.addEventListener("input", () => this.typed(setting, box.value));
      box.addEventListener("change", () => {
        if (!box.hasAttribute("aria-invalid")) this.show[name](this.settings[name]);
      });
      /** @type {Inputs["show"]} */
      const show = value => {
        slider.value = String(value);
        if (document.activeElement !== box || parse(box.value) !== value) box.value = short(Number(value));
      };
      return { box, show, inputs: low === undefined ? [box] : [slider, box] };
    }

    /** A box for a text with numbers. @param {Setting} setting @param {string} id @returns {Inputs} */
    #numbers({ name }, id) {
      const box = h("input", { type: "text", id, autocomplete: "off", spellcheck: "false" });
      box.addEventListener("input", () => this.set(name, box.value));
      return { box, show: value => { if (box.value !== value) box.value = String(value); }, inputs: [box] };
    }

    /** @type {(setting: Setting, text: string) => void} */
    typed(setting, text) {
      const wrong = fault(setting, text);
      const still = `What is drawn is still ${short(Number(this.settings[setting.name]))}.`;
      if (wrong) this.complain(setting.name, `${wrong} ${still}`);
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

    /** Show a control, or hide it where it says nothing. @param {string} name @param {boolean} visible */
    reveal(name, visible) {
      /** @type {HTMLElement} */ (this.boxes[name].box.closest(".bn-sim__control")).hidden = !visible;
    }

    /** @type {(name: string, value: number | string) => void} */
    set(name, value) {
      this.settings[name] = value;
      this.complain(name, "");
      this.refresh();
    }

    /** @type {(values: Values) => void} */
    choose(values) {
      this.settings = { ...values };
      Object.keys(this.boxes).forEach(name => this.complain(name, ""));
      this.refresh();
    }

    /** Draw what the settings say. @param {boolean} [quietly]  without telling screen readers or the address */
    refresh(quietly) {
      for (const [name, show] of Object.entries(this.show)) {
        if (!this.boxes[name].box.hasAttribute("aria-invalid")) show(this.settings[name]);
      }
      this.#mark();
      this.sentence.textContent = this.draw();
      if (quietly) return;
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => {
        this.announce();
        this.toAddress();
      }, PAUSE);
    }

    /** Mark the preset that is in force, and say what to watch. */
    #mark() {
      const begun = { ...this.begun(), ...this.viewed() };
      const seeds = this.declared.settings.filter(one => one.hidden && one.kind === "number").map(one => one.name);
      this.watch.textContent = "";
      for (const button of this.presets.querySelectorAll("button")) {
        const preset = this.declared.presets[String(button.dataset.preset)];
        const on = Object.entries({ ...begun, ...preset.set })
          .every(([name, value]) => value === this.settings[name] || seeds.includes(name));
        button.setAttribute("aria-pressed", String(on));
        if (on) this.watch.textContent = preset.watch;
      }
    }

    /** Tell screen readers what the sentence says. */
    announce() {
      this.status.textContent = this.sentence.textContent;
    }

    /** Draw, and say in a sentence what is to be seen. @returns {string} */
    draw() { return ""; }
  }

  return { h, told, signed, parse, quoted, Simulator };
})();
