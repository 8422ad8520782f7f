/* Dues grid: a table of inputs that behaves like a sheet. Each cell saves itself; totals come back from the server.
   Table:  <table data-dues data-url="…">      Cell: <input data-cell data-member data-month data-version data-standard data-saved>
   POST:   member, month, amount, version (and confirmed=1 after a question)
   Answer: {value, version, note, row: {key: text}, totals: {key: text}, saved_at, needs_confirm: text}
           409: {value, version, by, at}.  Bulk fill and undo answer {cells: [{member, month, value, version, note}], totals, rows, message, undo_url}. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var table = document.querySelector("table[data-dues]");
  if (!table || !zb) { return; }
  var url = table.getAttribute("data-url");
  var cells = zb.$$("input[data-cell]", table);
  var storeKey = "dues:" + location.pathname + location.search;
  var undoStack = [];
  var state = zb.$("[data-save-state]");

  function id(cell) { return cell.getAttribute("data-member") + "/" + cell.getAttribute("data-month"); }
  function saved(cell) { return cell.getAttribute("data-saved") || ""; }
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

  function go(cell) { if (cell) { cell.focus(); cell.select(); } }
  function step(list, cell, by) { return list[list.indexOf(cell) + by]; }

  /* ---- Notes under a cell ---- */
  function note(cell, text) {
    var box = cell.parentNode;
    var node = zb.$(".zb-cellnote", box);
    if (!text) { if (node) { node.remove(); } cell.removeAttribute("aria-describedby"); return; }
    if (!node) { node = zb.make("span", { "class": "zb-cellnote", id: "note-" + id(cell).replace(/\W/g, "-") }); box.appendChild(node); }
    node.textContent = text;
    cell.setAttribute("aria-describedby", node.id);
  }

  function texts(scope, attribute, values) {
    Object.keys(values || {}).forEach(function (key) {
      zb.$$("[" + attribute + "='" + key + "']", scope).forEach(function (node) { node.textContent = values[key] === null ? "—" : values[key]; });
    });
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
    cell.setAttribute("data-saved", value);
    if (answer.version !== undefined) { cell.setAttribute("data-version", answer.version); }
    cell.classList.remove("is-unsaved");
    rowOf(cell).setAttribute("data-paid", value === "" ? "0" : "1");
    if (cell.zbPaid) { cell.zbPaid.setAttribute("aria-pressed", String(value !== "")); }
    note(cell, answer.note || "");
    texts(rowOf(cell), "data-row", answer.row);
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

  function save(cell, options) {
    options = options || {};
    var value = clean(cell.value);
    if (value === null) { cell.classList.add("is-unsaved"); note(cell, "请填数字，例：45.00"); return; }
    cell.value = value;
    if (value === saved(cell) && !options.confirmed) { if (cell.classList.contains("is-unsaved")) { cell.classList.remove("is-unsaved"); note(cell, ""); } forget(cell); return; }
    if (cell.zbBusy) { cell.zbAgain = true; return; }
    if (!options.undoing && !options.confirmed && !options.retry) { remember(cell, saved(cell)); }
    var before = saved(cell);
    var body = new FormData();
    body.append("member", cell.getAttribute("data-member"));
    body.append("month", cell.getAttribute("data-month"));
    body.append("amount", value);
    body.append("version", cell.getAttribute("data-version") || "");
    if (options.confirmed) { body.append("confirmed", "1"); }
    cell.zbBusy = true;
    cell.zbSent = value;
    inTurn(url, body).then(function (answer) {
      cell.zbBusy = false;
      if (answer.ok && answer.data.needs_confirm) {
        zb.ask(answer.data.needs_confirm, "点“照此保存”会按填的数记账。", "照此保存", "改一改").then(function (yes) {
          if (yes) { save(cell, { confirmed: true }); } else { cell.value = before; go(cell); }
        });
        return;
      }
      if (answer.ok) {
        accept(cell, answer.data);
        tick(cell);
        totals(answer.data);
        forget(cell);
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
        note(cell, answer.data.error || "未保存");
        undoStack.pop();
      }
      if (cell.zbAgain) { cell.zbAgain = false; save(cell, options); }
    }, function () {
      cell.zbBusy = false;
      fail(cell, "未保存");
      retryLater();
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
  function retry() { cells.filter(function (cell) { return cell.classList.contains("is-unsaved") && clean(cell.value) !== null; }).forEach(function (cell) { save(cell, { retry: true }); }); }
  window.addEventListener("online", retry);
  window.addEventListener("beforeunload", function (event) {
    if (cells.some(function (cell) { return cell.zbBusy; })) { event.preventDefault(); event.returnValue = ""; }
  });

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
    choice("用 " + theirs, function () { accept(cell, other); forget(cell); });
    choice("用 " + (mine || "空"), function () { cell.setAttribute("data-version", other.version); cell.setAttribute("data-saved", other.value || ""); cell.value = mine; save(cell, { undoing: true }); });
    line.appendChild(text);
    strip.appendChild(line);
  }

  /* ---- Undo: the last 20 edits ---- */
  function remember(cell, value) {
    undoStack.push([{ cell: cell, value: value }]);
    if (undoStack.length > 20) { undoStack.shift(); }
  }
  function undo() {
    var edits = undoStack.pop();
    if (!edits) { zb.toast("没有可以撤销的了"); return; }
    edits.forEach(function (edit) {
      if (edit.url) { bulkPost(edit.url, new FormData()); return; }
      edit.cell.value = edit.value;
      save(edit.cell, { undoing: true });
    });
    var first = edits[0].cell;
    if (first) { go(first); }
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
    else if (event.key === "ArrowLeft" && (all || cell.selectionEnd === 0)) { var left = step(inRow(cell), cell, -1); if (left) { move(left); } }
    else if (event.key === "ArrowRight" && (all || cell.selectionStart === length)) { var right = step(inRow(cell), cell, 1); if (right) { move(right); } }
    else if (event.key === " ") { event.preventDefault(); if (!cell.value && cell.getAttribute("data-standard")) { cell.value = cell.getAttribute("data-standard"); save(cell); cell.select(); } }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); cell.value = saved(cell); cell.classList.remove("is-unsaved"); note(cell, ""); forget(cell); cell.select(); }
    else if (event.key === "Delete" && (all || !length)) {
      event.preventDefault();
      if (saved(cell) !== "" || cell.value) { cell.value = ""; save(cell); zb.toast("已清空", { undo: undo }); }
    }
    else if ((event.key === "z" || event.key === "Z") && (event.ctrlKey || event.metaKey) && cell.value === saved(cell)) { event.preventDefault(); undo(); }
  });

  /* ---- Several lines from a sheet go downwards ---- */
  table.addEventListener("paste", function (event) {
    var cell = event.target;
    if (!cell.hasAttribute("data-cell")) { return; }
    var text = (event.clipboardData || window.clipboardData).getData("text").replace(/\r/g, "").replace(/\n+$/, "");
    if (text.indexOf("\n") < 0) { return; }
    event.preventDefault();
    var list = inColumn(cell);
    var start = list.indexOf(cell);
    var edits = [];
    var bad = 0;
    text.split("\n").forEach(function (line, index) {
      var target = list[start + index];
      var value = clean(line.split("\t")[0]);
      if (!target) { return; }
      if (value === null) { bad += 1; return; }
      if (value === saved(target)) { return; }
      edits.push({ cell: target, value: saved(target) });
      target.value = value;
      save(target, { undoing: true });
    });
    if (edits.length) {
      undoStack.push(edits);
      if (undoStack.length > 20) { undoStack.shift(); }
    }
    zb.toast("已填入 " + edits.length + " 人" + (bad ? "，" + bad + " 行不是数字，没有填" : ""), edits.length ? { undo: undo } : {});
  });

  /* ---- The rest by standard ---- */
  function applyBulk(answer) {
    (answer.cells || []).forEach(function (item) {
      var cell = find(item.member, item.month);
      if (cell) { accept(cell, item); tick(cell); }
    });
    Object.keys(answer.rows || {}).forEach(function (member) {
      var row = zb.$("tr[data-member='" + member + "']", table);
      if (row) { texts(row, "data-row", answer.rows[member]); }
    });
    totals(answer);
  }
  function bulkPost(address, body, said) {
    return inTurn(address, body).then(function (answer) {
      if (!answer.ok) {
        if (answer.lost) { location.reload(); return; }
        zb.toast(answer.data.error || "没有填入，请再试一次", { late: true });
        return;
      }
      applyBulk(answer.data);
      filter();
      if (answer.data.message && said) {
        if (answer.data.undo_url) { undoStack.push([{ url: answer.data.undo_url }]); }
        zb.toast(answer.data.message, answer.data.undo_url ? { undo: undo } : {});
      } else if (answer.data.message) { zb.toast(answer.data.message); }
    }, function () { zb.toast("网络断开，没有填入", { late: true }); });
  }
  zb.$$("form[data-bulk]").forEach(function (form) {
    form.setAttribute("data-zb-own", "");
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var button = zb.$("button", form);
      if (button.disabled) { return; }
      button.disabled = true;
      bulkPost(form.action, new FormData(form), true).then(function () { button.disabled = false; });
    });
  });

  /* ---- Only the unpaid ---- */
  var only = zb.$("[data-only-unpaid]");
  var narrowed = false;
  function filter() {
    zb.$$("tbody tr[data-member]", table).forEach(function (row) {
      row.hidden = narrowed && row.getAttribute("data-paid") === "1" && !row.contains(document.activeElement);
    });
  }
  if (only) {
    only.addEventListener("click", function (event) {
      event.preventDefault();
      narrowed = !narrowed;
      only.setAttribute("aria-pressed", String(narrowed));
      only.textContent = narrowed ? "看全部" : "只看未缴";
      filter();
    });
  }

  /* ---- On a phone each line has a large 已交 ---- */
  if (window.matchMedia("(max-width: 767px)").matches) {
    cells.forEach(function (cell) {
      var button = zb.make("button", { type: "button", "class": "zb-paid", text: "已交", "aria-pressed": String(saved(cell) !== ""), "aria-label": cell.getAttribute("aria-label") + "已交" });
      button.addEventListener("click", function () {
        cell.value = saved(cell) === "" ? cell.getAttribute("data-standard") : "";
        save(cell);
        if (!cell.value) { zb.toast("已清空", { undo: undo }); }
      });
      cell.zbPaid = button;
      cell.closest("td").appendChild(button);
    });
  }

  /* ---- What this computer still holds from a broken line ---- */
  var kept = zb.store.get(storeKey);
  if (kept) {
    cells.forEach(function (cell) {
      var value = kept[id(cell)];
      if (value !== undefined && value !== saved(cell)) { cell.value = value; save(cell, { retry: true }); } else if (value !== undefined) { forget(cell); }
    });
  }
  var first = cells.filter(function (cell) { return !cell.value; })[0];
  if (first && !location.hash && window.matchMedia("(min-width: 768px)").matches) { first.focus({ preventScroll: true }); }
});
