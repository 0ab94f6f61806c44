/* Small conveniences; every page is complete without them. A classic script: modules do not load from disk. */
(function () {
  "use strict";

  /* What scrolls sideways must be reachable by keyboard, and nothing else should cost a stop. */
  function scrollers() {
    each(document.querySelectorAll(".bn-math--display, .bn-scroll, .md-typeset__scrollwrap, .md-typeset pre > code"), function (box) {
      if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    });
  }

  /* Two things that Material leaves without a name for screen readers: the search dialog, and a landmark a code block. */
  function nameForReaders() {
    var search = document.querySelector(".md-search[role=dialog]");
    if (search) search.setAttribute("aria-label", "Search");
    each(document.querySelectorAll(".md-code__nav"), function (nav) { nav.setAttribute("role", "presentation"); });
  }

  /* Chromium reserves for a root the width of its tallest sign and draws the one that fits, which leaves a gap behind it.
     The gap is measured, so that nothing happens where there is none. */
  function closeRoots() {
    each(document.querySelectorAll("msqrt"), function (root) {
      root.style.marginInlineEnd = "";
      var gap = root.getBoundingClientRect().right - root.lastElementChild.getBoundingClientRect().right;
      if (gap > 1) root.style.marginInlineEnd = -gap + "px";
    });
  }

  /* A filter form: <form data-bn-filter="id of a list" data-bn-noun="claims">. Each control's name is a data attribute of the
     list's items, whose value holds one or more words joined by "|". The choice lives in the address, so it can be linked. */
  function filter(form) {
    var items = Array.prototype.slice.call(document.querySelectorAll("#" + form.dataset.bnFilter + " [data-" + names(form)[0] + "]"));
    var count = form.querySelector("output");
    var asked = new URLSearchParams(location.search);
    names(form).forEach(function (name) {
      if (!asked.get(name)) return;
      if (form.elements[name].length && !form.elements[name].options) {
        Array.prototype.forEach.call(form.elements[name], function (radio) { radio.checked = radio.value === asked.get(name); });
      } else form.elements[name].value = asked.get(name);
    });
    function apply() {
      var wanted = new URLSearchParams();
      new FormData(form).forEach(function (value, name) { if (value) wanted.set(name, value); });
      var shown = 0;
      items.forEach(function (item) {
        var fits = true;
        wanted.forEach(function (value, name) { fits = fits && item.dataset[name].split("|").indexOf(value) >= 0; });
        item.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown + " of " + items.length + " " + form.dataset.bnNoun;
      var query = wanted.toString();
      try { history.replaceState(null, "", location.pathname + (query ? "?" + query : "") + location.hash); }
      catch (refused) { /* some browsers keep the address of a file fixed */ }
    }
    form.addEventListener("change", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.hidden = false;
    apply();
  }

  /* One bar below an animation, in the page's own colours, where the browser's would cover the axis. It works whichever of the
     two films, for light or dark paper, is the visible one. Nothing plays until it is asked to. */
  function player(stage) {
    var films = Array.prototype.slice.call(stage.querySelectorAll("video"));
    var bar = document.createElement("div"), button = document.createElement("button"), seek = document.createElement("input");
    bar.className = "bn-player";
    button.type = "button";
    seek.type = "range";
    seek.max = 1000;
    seek.value = 0;
    seek.setAttribute("aria-label", "Position in the animation");
    bar.appendChild(button);
    bar.appendChild(seek);
    stage.parentNode.insertBefore(bar, stage.nextSibling);

    function film() { return films.filter(function (one) { return one.offsetParent; })[0] || films[0]; }
    function label() {
      var playing = films.some(function (one) { return !one.paused; });
      button.textContent = playing ? "Pause" : "Play";
      button.className = playing ? "bn-player__pause" : "bn-player__play";
    }
    function toggle() {
      var one = film();
      films.forEach(function (other) { if (other !== one) other.pause(); });
      if (one.paused) one.play(); else one.pause();
    }
    function follow() {
      var one = film();
      if (one.duration) seek.value = 1000 * one.currentTime / one.duration;
      if (!one.paused) requestAnimationFrame(follow);
    }
    films.forEach(function (one) {
      one.controls = false;
      one.addEventListener("click", toggle);
      one.addEventListener("pause", label);
      one.addEventListener("play", function () { label(); follow(); });
    });
    button.addEventListener("click", toggle);
    seek.addEventListener("input", function () {
      var one = film();
      function jump() { one.currentTime = one.duration * seek.value / 1000; }
      one.pause();
      if (one.readyState) return jump();
      one.addEventListener("loadedmetadata", jump, { once: true });
      one.preload = "auto";
      one.load();
    });
    label();
  }

  function names(form) {
    var found = [];
    Array.prototype.forEach.call(form.elements, function (control) {
      if (control.name && found.indexOf(control.name) < 0) found.push(control.name);
    });
    return found;
  }

  /* Every convenience by itself: where a browser lacks what one needs, that is said in the console and the others run. */
  function attempt(one) {
    try { one(); }
    catch (missing) { setTimeout(function () { throw missing; }); }
  }
  function each(list, one) {
    Array.prototype.forEach.call(list, function (item) { attempt(function () { one(item); }); });
  }

  /* The frames around films, each once; without :has(), which older browsers do not know. */
  function stages() {
    var found = [];
    each(document.querySelectorAll(".bn-figure__stage video"), function (film) {
      for (var stage = film.parentNode; stage && !/\bbn-figure__stage\b/.test(stage.className);) stage = stage.parentNode;
      if (stage && found.indexOf(stage) < 0) found.push(stage);
    });
    return found;
  }

  attempt(nameForReaders);
  attempt(scrollers);
  each(document.querySelectorAll("form[data-bn-filter]"), filter);
  attempt(function () { each(stages(), player); });
  window.addEventListener("load", function () { attempt(scrollers); attempt(nameForReaders); });
  window.addEventListener("resize", scrollers);
  if (document.fonts && document.fonts.ready) document.fonts.ready.then(closeRoots);
  else window.addEventListener("load", function () { attempt(closeRoots); });
})();
