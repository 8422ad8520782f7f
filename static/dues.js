/* Dues grid: a table of inputs that behaves like a sheet. Each cell saves itself; totals come back from the server.
   Table:  <table data-dues data-url data-booklet-url data-branch data-focus data-months>   Cell: <input data-cell data-month>
   The sum shown at first is the sum saved. POST: member, month, amount, version, paid_on, way (and confirmed=1 after a question)
   Answer: {value, version, note, row: {subtotal, remark, booklet}, totals: {key: text}, saved_at, said, needs_confirm: text}
           400: {error, url}.  409: {value, version, by, at}.
   What works on many cells at once (paste, fill, ticks, filter, phone) stands in dues_sheet.js and uses window.zbDues. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var table = document.querySelector("table[data-dues]");
  if (!table || !zb) { return; }
  var url = table.getAttribute("data-url");
  var cells = zb.$$("input[data-cell]", table);
  var storeKey = "dues:" + table.getAttribute("data-branch");
  var undoStack = [];
  var state = zb.$("[data-save-state]");

  cells.forEach(function (cell) {
    cell.setAttribute("data-member", cell.closest("tr").getAttribute("data-member"));
    cell.zbSaved = cell.defaultValue;
    cell.zbVersion = cell.defaultValue;
    cell.zbStandard = cell.placeholder.replace(/[^\d.]/g, "");
  });

  function id(cell) { return cell.getAttribute("data-member") + "/" + cell.getAttribute("data-month"); }
  function saved(cell) { return cell.zbSaved; }
  function find(member, month) {
    return cells.filter(function (cell) { return cell.getAttribute("data-member") === String(member) && cell.getAttribute("data-month") === month; })[0];
  }

  // Full-width digits, 。as a dot, ¥ and commas are read; the server reads them again.
  function clean(text) {
    var value = String(text).replace(/[０-９．，￥]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 65248); });
    value = value.replace(/。/g, ".").replace(/[¥￥,元\s]/g, "");
    return /^\d*\.?\d*$/.test(value) && value !== "" && value !== "." ? Number(value).toFixed(2) : value === "" ? "" : null;
  }

  function rowOf(cell) { return cell.closest("tr"); }
  function visible(cell) { return !rowOf(cell).hidden; }
  function inColumn(cell) { return cells.filter(function (other) { return other.getAttribute("data-month") === cell.getAttribute("data-month") && visible(other); }); }
  function inRow(cell) { return cells.filter(function (other) { return rowOf(other) === rowOf(cell); }); }

  function go(cell) { if (cell) { cell.focus(); if (cell.select) { cell.select(); } } }
  function step(list, cell, by) { return list[list.indexOf(cell) + by]; }

  /* ---- Notes under a cell ---- */
  function note(cell, text, address) {
    var box = cell.parentNode;
    var node = zb.$(".zb-cellnote", box);
    if (!text) { if (node) { node.remove(); } cell.removeAttribute("aria-describedby"); return; }
    if (!node) { node = zb.make("span", { "class": "zb-cellnote", id: "note-" + id(cell).replace(/\W/g, "-") }); box.appendChild(node); }
    node.textContent = text;
    if (address) { node.appendChild(zb.make("a", { href: address, text: "提出请示" })); }
    cell.setAttribute("aria-describedby", node.id);
  }

  function texts(scope, attribute, values) {
    Object.keys(values || {}).forEach(function (key) {
      zb.$$("[" + attribute + "='" + key + "']", scope).forEach(function (node) {
        node.textContent = values[key] === null ? "—" : values[key];
        if (node.title) { node.title = node.textContent; }
      });
    });
  }

  function rowTexts(row, values) {
    texts(row, "data-row", values);
    var tick = zb.$("button[data-booklet]", row);
    if (!tick || !values || values.booklet === undefined) { return; }
    tick.setAttribute("data-booklet", values.booklet);
    tick.disabled = values.booklet === "";
    tick.textContent = { "1": "已登", "0": "未登" }[values.booklet] || "—";
    tick.value = row.getAttribute("data-member") + ":" + (values.booklet === "1" ? "0" : "1");
  }

  function totals(answer) {
    texts(document, "data-total", answer.totals);
    if (answer.totals && answer.totals.unpaid_count !== undefined) {
      zb.$$("[data-hide-when-paid]").forEach(function (node) { node.hidden = Number(answer.totals.unpaid_count) === 0; });
      zb.$$("[data-show-when-paid]").forEach(function (node) { node.hidden = Number(answer.totals.unpaid_count) !== 0; });
    }
    if (state) {
      state.textContent = "";
      state.appendChild(zb.icon("check-lg"));
      state.appendChild(document.createTextNode(" 自动保存 " + (answer.saved_at || zb.clock())));
      state.className = "zb-ok";
    }
  }

  function accept(cell, answer) {
    var value = answer.value === null || answer.value === undefined ? "" : String(answer.value);
    if (document.activeElement !== cell || cell.value === cell.zbSent) { cell.value = value; }
    cell.zbSaved = value;
    if (answer.version !== undefined) { cell.zbVersion = answer.version; }
    cell.classList.remove("is-unsaved");
    if (cell.getAttribute("data-month") === table.getAttribute("data-focus")) { rowOf(cell).setAttribute("data-paid", value === "" || (answer.note || "").indexOf("少") === 0 ? "0" : "1"); }
    if (cell.zbPaid) { cell.zbPaid.setAttribute("aria-pressed", String(value !== "")); }
    note(cell, answer.note || "");
    rowTexts(rowOf(cell), answer.row);
  }

  function tick(cell) {
    cell.classList.add("is-saved");
    setTimeout(function () { cell.classList.remove("is-saved"); }, 1000);
  }

  /* ---- Saving, one request per cell at a time ---- */
  // One after another: two answers under way at once could arrive in the wrong order, and the
  // older totals would stay on the page.
  var last = Promise.resolve();
  var waiting = 0;
  function inTurn(address, body) {
    function send() { return zb.post(address, body); }
    function sent() { waiting -= 1; }
    waiting += 1;
    last = last.then(send, send);
    last.then(sent, sent);
    return last;
  }
  // Leaving now would lose what has not been sent yet: the browser asks first.
  window.addEventListener("beforeunload", function (event) {
    if (waiting) { event.preventDefault(); event.returnValue = ""; }
  });

  // Day and way of payment stand in the bar above the grid and go with everything that is sent.
  function manner(body) {
    ["paid_on", "way"].forEach(function (name) {
      var field = zb.$("[form=dues-grid][name=" + name + "]" + (name === "way" ? ":checked" : ""));
      if (field) { body.append(name, field.value); }
    });
    return body;
  }

  function save(cell, options) {
    options = options || {};
    if (cell.zbAsking && !options.confirmed) { return; }
    var value = clean(cell.value);
    if (value === null) { cell.classList.add("is-unsaved"); note(cell, "请填数字，例：45.00"); return; }
    cell.value = value;
    if (value === saved(cell) && !options.confirmed) { if (cell.classList.contains("is-unsaved")) { cell.classList.remove("is-unsaved"); note(cell, ""); } forget(cell); return; }
    if (cell.zbBusy) { cell.zbAgain = true; return; }
    if (!options.undoing && !options.confirmed && !options.retry) { remember(cell, saved(cell)); }
    var body = new FormData();
    body.append("member", cell.getAttribute("data-member"));
    body.append("month", cell.getAttribute("data-month"));
    body.append("amount", value);
    body.append("version", cell.zbVersion || "");
    if (options.confirmed) { body.append("confirmed", "1"); }
    cell.zbBusy = true;
    cell.zbSent = value;
    inTurn(url, manner(body)).then(function (answer) {
      cell.zbBusy = false;
      if (answer.ok && answer.data.needs_confirm) {
        ask(cell, value, answer.data.needs_confirm);
        return;
      }
      if (answer.ok) {
        accept(cell, answer.data);
        tick(cell);
        totals(answer.data);
        forget(cell);
        if (answer.data.said) { zb.toast(answer.data.said, { undo: undo }); }
        document.dispatchEvent(new CustomEvent("zb:saved"));
      } else if (answer.status === 409) {
        conflict(cell, answer.data, value);
      } else if (answer.lost) {
        fail(cell, "登录已过期，未保存");
      } else if (answer.status >= 500) {
        fail(cell, "未保存");
        retryLater();
      } else {
        cell.classList.add("is-unsaved");
        note(cell, answer.data.error || "未保存", answer.data.url);
        undoStack.pop();
      }
      if (cell.zbAgain) { cell.zbAgain = false; save(cell, options); }
    }, function () {
      cell.zbBusy = false;
      fail(cell, "未保存");
      retryLater();
    });
  }

  // What was typed stays to be changed; Esc goes back to the saved sum.
  function ask(cell, value, question) {
    cell.zbAsking = true;
    zb.ask(question, "点“照此保存”会按填的数记账。", "照此保存", "改一改").then(function (yes) {
      cell.zbAsking = false;
      cell.value = value;
      if (yes) { save(cell, { confirmed: true }); return; }
      undoStack.pop();
      cell.classList.add("is-unsaved");
      note(cell, "没有保存，改好后回车");
      go(cell);
    });
  }

  function fail(cell, text) {
    cell.classList.add("is-unsaved");
    note(cell, text);
    var kept = zb.store.get(storeKey) || {};
    kept[id(cell)] = cell.value;
    zb.store.set(storeKey, kept);
    if (state) { state.className = "zb-soon"; state.textContent = "有没保存的数，连上后自动提交"; }
  }
  function forget(cell) {
    var kept = zb.store.get(storeKey);
    if (kept && kept[id(cell)] !== undefined) {
      delete kept[id(cell)];
      if (Object.keys(kept).length) { zb.store.set(storeKey, kept); } else { zb.store.drop(storeKey); }
    }
  }
  var timer = null;
  function retryLater() {
    clearTimeout(timer);
    timer = setTimeout(retry, 5000);
  }
  // Only what the line lost: a sum that was refused waits for its writer.
  function retry() {
    var kept = zb.store.get(storeKey) || {};
    cells.forEach(function (cell) { if (cell.classList.contains("is-unsaved") && kept[id(cell)] !== undefined && clean(cell.value) !== null) { save(cell, { retry: true }); } });
  }
  window.addEventListener("online", retry);

  function conflict(cell, other, mine) {
    cell.classList.add("is-unsaved");
    var strip = zb.$("#dues-conflicts");
    var theirs = other.value === null || other.value === undefined || other.value === "" ? "空" : other.value;
    var line = zb.make("div", { "class": "zb-strip zb-strip--warn", role: "alert" }, [zb.icon("people-fill")]);
    var text = zb.make("span", { "class": "zb-grow" }, [
      zb.make("b", { text: (other.by || "别人") + (other.at ? " " + other.at : "") + " 已把“" + cell.getAttribute("aria-label").replace("党费", "") + "”改成 " + theirs + "。" }),
      document.createTextNode("你填的是 " + (mine || "空") + "。")
    ]);
    function choice(label, act) {
      var button = zb.make("button", { type: "button", "class": "zb-link", text: label });
      button.addEventListener("click", function () { line.remove(); act(); cell.focus(); });
      text.appendChild(button);
    }
    choice("用 " + theirs, function () { cell.value = other.value || ""; accept(cell, other); forget(cell); });
    choice("用 " + (mine || "空"), function () { cell.zbVersion = other.version; cell.zbSaved = other.value || ""; cell.value = mine; save(cell, { undoing: true }); });
    line.appendChild(text);
    strip.appendChild(line);
  }

  /* ---- Undo: the last 20 edits ---- */
  function push(edits) {
    undoStack.push(edits);
    if (undoStack.length > 20) { undoStack.shift(); }
  }
  function remember(cell, value) { push([{ cell: cell, value: value }]); }
  function undo() {
    var edits = undoStack.pop();
    if (!edits) { zb.toast("没有可以撤销的了"); return; }
    edits.forEach(function (edit) {
      if (edit.act) { edit.act(); return; }
      edit.cell.value = edit.value;
      save(edit.cell, { undoing: true });
    });
    go(edits[0].cell);
  }
  zb.$$("[data-undo]").forEach(function (button) { button.addEventListener("click", undo); });

  /* ---- Keys ---- */
  table.addEventListener("focusin", function (event) {
    if (event.target.hasAttribute("data-cell")) { rowOf(event.target).classList.add("is-focus"); event.target.select(); }
  });
  table.addEventListener("focusout", function (event) {
    if (event.target.hasAttribute("data-cell")) { rowOf(event.target).classList.remove("is-focus"); save(event.target); }
  });

  table.addEventListener("keydown", function (event) {
    var cell = event.target;
    if (!cell.hasAttribute("data-cell") || zb.composing(event)) { return; }
    var length = cell.value.length;
    var all = cell.selectionStart === 0 && cell.selectionEnd === length;
    function move(target) { event.preventDefault(); if (target) { go(target); } else { save(cell); } }
    if (event.key === "Enter") { move(step(inColumn(cell), cell, event.shiftKey ? -1 : 1)); }
    else if (event.key === "ArrowDown") { move(step(inColumn(cell), cell, 1)); }
    else if (event.key === "ArrowUp") { move(step(inColumn(cell), cell, -1)); }
    else if (event.key === "Tab") { var next = step(cells.filter(visible), cell, event.shiftKey ? -1 : 1); if (next && next.offsetParent) { move(next); } }
    else if (event.key === "ArrowLeft" && (all || cell.selectionEnd === 0)) { var left = step(inRow(cell), cell, -1); if (left) { move(left); } }
    else if (event.key === "ArrowRight" && (all || cell.selectionStart === length)) { var right = step(inRow(cell), cell, 1) || zb.$("button[data-booklet]:not(:disabled)", rowOf(cell)); if (right) { move(right); } }
    else if (event.key === " ") { event.preventDefault(); if (!cell.value && cell.zbStandard) { cell.value = cell.zbStandard; save(cell); cell.select(); } }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); cell.value = saved(cell); cell.classList.remove("is-unsaved"); note(cell, ""); forget(cell); cell.select(); }
    else if (event.key === "Delete" && (all || !length)) {
      event.preventDefault();
      if (saved(cell) !== "" || cell.value) { cell.value = ""; save(cell); zb.toast("已清空", { undo: undo }); }
    }
    else if ((event.key === "z" || event.key === "Z") && (event.ctrlKey || event.metaKey) && cell.value === saved(cell)) { event.preventDefault(); undo(); }
  });

  window.zbDues = {
    table: table, cells: cells, saved: saved, find: find, clean: clean, rowOf: rowOf, inRow: inRow, go: go, save: save,
    accept: accept, tick: tick, totals: totals, rowTexts: rowTexts, inTurn: inTurn, manner: manner, push: push, undo: undo
  };

  /* ---- What this computer still holds from a broken line ---- */
  var kept = zb.store.get(storeKey);
  if (kept) {
    cells.forEach(function (cell) {
      var value = kept[id(cell)];
      if (value !== undefined && value !== saved(cell)) { cell.value = value; save(cell, { retry: true }); } else if (value !== undefined) { forget(cell); }
    });
  }
  var first = cells.filter(function (cell) { return !cell.value && cell.getAttribute("data-month") === table.getAttribute("data-focus"); })[0];
  if (first && !location.hash && window.matchMedia("(min-width: 768px)").matches) { first.focus({ preventScroll: true }); }
});
