/* 清查: three ticks and a note for each member, saved line by line.
   Table: <table data-check="key">   Line: <tr data-line data-url>   Tick: <input type=radio data-tick="relation|file|contact" value="y|n">   Note: <input data-note>
   POST to the line's url: only what was changed (relation, file, contact, note); answer {relation, file, contact, note, totals, saved_at} is how the line
   stands, with what somebody else has ticked meanwhile. What could not be sent stays in this browser and is sent again. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var table = document.querySelector("table[data-check]");
  if (!table || !zb) { return; }
  var TICKS = ["relation", "file", "contact"];
  var storeKey = "check:" + table.getAttribute("data-check");
  var lines = zb.$$("tr[data-line]", table);
  var state = zb.$("[data-save-state]");
  // By line: what was changed and has no answer yet.
  var pending = {};

  function key(line) { return line.getAttribute("data-line"); }
  function radios(line, tick) { return zb.$$("input[data-tick='" + tick + "']", line); }
  function sign(line, tick) { return radios(line, tick).filter(function (box) { return box.checked; }).map(function (box) { return box.value; })[0] || ""; }
  function set(line, tick, value) { radios(line, tick).forEach(function (box) { box.checked = box.value === value; }); }
  function note(line) { return zb.$("[data-note]", line); }

  function say(line, text) { zb.$("[data-line-state]", line).textContent = text; }
  function keep() { if (Object.keys(pending).length) { zb.store.set(storeKey, pending); } else { zb.store.drop(storeKey); } }

  /* ---- Saving: one request after another, each with what changed in one line ---- */
  var last = Promise.resolve();
  var waiting = 0;
  function change(line, values) {
    var mine = pending[key(line)] = pending[key(line)] || {};
    Object.keys(values).forEach(function (name) { mine[name] = values[name]; });
    keep();
    send(line);
  }
  function send(line) {
    waiting += 1;
    function go() { return post(line); }
    last = last.then(go, go);
    last.then(function () { waiting -= 1; });
  }
  function post(line) {
    var mine = pending[key(line)];
    if (!mine) { return Promise.resolve(); }
    var sent = Object.assign({}, mine);
    var body = new FormData();
    Object.keys(sent).forEach(function (name) { body.append(name, sent[name]); });
    return zb.post(line.getAttribute("data-url"), body).then(function (answer) {
      if (answer.ok) {
        Object.keys(sent).forEach(function (name) { if (mine[name] === sent[name]) { delete mine[name]; } });
        if (!Object.keys(mine).length) { delete pending[key(line)]; }
        keep();
        accept(line, answer.data, mine);
      } else if (answer.lost) {
        fail(line, "登录已过期，未保存");
      } else if (answer.status >= 500) {
        fail(line, "未保存");
        retryLater();
      } else {
        delete pending[key(line)];
        keep();
        say(line, answer.data.error || "未保存");
      }
    }, function () { fail(line, "未保存，连上后自动提交"); retryLater(); });
  }

  function accept(line, data, mine) {
    TICKS.forEach(function (tick) { if (mine[tick] === undefined) { set(line, tick, data[tick]); } });
    var field = note(line);
    if (mine.note === undefined && document.activeElement !== field) { field.value = data.note; }
    if (document.activeElement !== field || field.value === data.note) { field.setAttribute("data-saved", data.note); }
    Object.keys(data.totals).forEach(function (name) {
      zb.$$("[data-total='" + name + "']").forEach(function (node) { node.textContent = data.totals[name]; });
    });
    zb.$$("[data-rest]").forEach(function (button) { button.disabled = data.totals.rest === 0; });
    say(line, "");
    state.textContent = "";
    state.className = "zb-ok";
    state.appendChild(zb.icon("check-lg"));
    state.appendChild(document.createTextNode(" 自动保存 " + data.saved_at));
    document.dispatchEvent(new CustomEvent("zb:saved"));
  }
  function fail(line, text) {
    say(line, text);
    state.className = "zb-soon";
    state.textContent = "有没保存的，连上后自动提交";
  }
  var timer = null;
  function retryLater() { clearTimeout(timer); timer = setTimeout(retry, 5000); }
  function retry() { lines.forEach(function (line) { if (pending[key(line)]) { send(line); } }); }
  window.addEventListener("online", retry);
  window.addEventListener("beforeunload", function (event) { if (waiting) { event.preventDefault(); event.returnValue = ""; } });

  /* ---- Hand ---- */
  function visit(line) {
    if (!line) { return; }
    var open = TICKS.filter(function (tick) { return !sign(line, tick); })[0] || TICKS[0];
    radios(line, open)[0].focus();
    line.scrollIntoView({ block: "nearest" });
  }
  function next(line) { visit(lines[lines.indexOf(line) + 1]); }
  function after(line, tick) {
    var following = TICKS[TICKS.indexOf(tick) + 1];
    var wrong = TICKS.some(function (one) { return sign(line, one) === "n"; });
    if (following) {
      (radios(line, following).filter(function (box) { return box.checked; })[0] || radios(line, following)[0]).focus();
    } else if (wrong && !note(line).value) { note(line).focus(); } else { next(line); }
  }
  function saveNote(line) {
    var field = note(line);
    if (field.value === field.getAttribute("data-saved")) { return; }
    field.setAttribute("data-saved", field.value);
    change(line, { note: field.value });
  }

  table.addEventListener("change", function (event) {
    var line = event.target.closest("tr[data-line]");
    if (event.target.hasAttribute("data-tick")) {
      var values = {};
      values[event.target.getAttribute("data-tick")] = event.target.value;
      change(line, values);
    } else if (event.target.hasAttribute("data-note")) { saveNote(line); }
  });
  table.addEventListener("keydown", function (event) {
    var line = event.target.closest("tr[data-line]");
    if (!line || zb.composing(event) || event.ctrlKey || event.altKey || event.metaKey) { return; }
    var tick = event.target.getAttribute("data-tick");
    if (event.key === "Enter" && (tick || event.target.hasAttribute("data-note"))) {
      event.preventDefault();
      if (tick) {
        var values = {};
        TICKS.forEach(function (one) { if (!sign(line, one)) { set(line, one, "y"); values[one] = "y"; } });
        if (Object.keys(values).length) { change(line, values); }
      } else { saveNote(line); }
      next(line);
    } else if (tick && /^[yn]$/i.test(event.key)) {
      event.preventDefault();
      var chosen = {};
      chosen[tick] = event.key.toLowerCase();
      set(line, tick, chosen[tick]);
      change(line, chosen);
      after(line, tick);
    }
  });

  /* ---- What an earlier visit could not send ---- */
  lines.forEach(function (line) { note(line).setAttribute("data-saved", note(line).value); });
  var kept = zb.store.get(storeKey) || {};
  lines.forEach(function (line) {
    var mine = kept[key(line)];
    if (!mine) { return; }
    pending[key(line)] = mine;
    TICKS.forEach(function (tick) { if (mine[tick] !== undefined) { set(line, tick, mine[tick]); } });
    if (mine.note !== undefined) { note(line).value = mine.note; note(line).setAttribute("data-saved", mine.note); }
    send(line);
  });
  visit(lines.filter(function (line) { return TICKS.some(function (tick) { return !sign(line, tick); }); })[0]);
});
