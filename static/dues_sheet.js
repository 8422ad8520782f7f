/* Dues grid, many cells at once: paste from a sheet, the rest by standard, ticks in the 党费证, the
   day and way of payment, only the unpaid, the large 已交 of a phone. Works on window.zbDues of dues.js.
   Fill and undo answer {cells: [{member, month, value, version, note}], rows: {key: texts}, totals, message, undo_url}. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var dues = window.zbDues;
  if (!dues) { return; }
  var table = dues.table;

  /* ---- Lines and columns from a sheet: downwards and to the right, as the page shows them ---- */
  table.addEventListener("paste", function (event) {
    var cell = event.target;
    if (!cell.hasAttribute("data-cell")) { return; }
    var text = (event.clipboardData || window.clipboardData).getData("text").replace(/\r/g, "").replace(/\n+$/, "");
    if (text.indexOf("\n") < 0 && text.indexOf("\t") < 0) { return; }
    event.preventDefault();
    var rows = zb.$$("tbody tr[data-member]", table).filter(function (row) { return !row.hidden; });
    var months = table.getAttribute("data-months").trim().split(" ");
    var top = rows.indexOf(dues.rowOf(cell));
    var left = months.indexOf(cell.getAttribute("data-month"));
    var edits = [];
    var people = {};
    var bad = 0;
    var shut = 0;
    text.split("\n").forEach(function (line, down) {
      line.split("\t").forEach(function (typed, right) {
        var value = dues.clean(typed);
        if (value === "") { return; }
        if (value === null) { bad += 1; return; }
        var row = rows[top + down];
        var month = months[left + right];
        var target = row && month && dues.find(row.getAttribute("data-member"), month);
        // A month to come, one that was paid, one that is owed elsewhere has no input: nothing is written there.
        if (!target) { shut += 1; return; }
        if (value === dues.saved(target)) { return; }
        edits.push({ cell: target, value: dues.saved(target) });
        people[row.getAttribute("data-member")] = true;
        target.value = value;
        dues.save(target, { undoing: true });
      });
    });
    if (edits.length) { dues.push(edits); }
    var many = Object.keys(people).length;
    zb.toast(
      "已填入 " + many + " 人" + (edits.length > many ? " " + edits.length + " 格" : "") +
      (bad ? "，" + bad + " 格不是数字，没有填" : "") + (shut ? "，" + shut + " 格不能填（已交、未到月或没有这一行），没有填" : ""),
      edits.length ? { undo: dues.undo } : {}
    );
  });

  /* ---- The rest by standard ---- */
  function applyBulk(answer) {
    (answer.cells || []).forEach(function (item) {
      var cell = dues.find(item.member, item.month);
      if (cell) { dues.accept(cell, item); dues.tick(cell); }
    });
    Object.keys(answer.rows || {}).forEach(function (member) {
      var row = zb.$("tr[data-member='" + member + "']", table);
      if (row) { dues.rowTexts(row, answer.rows[member]); }
    });
    dues.totals(answer);
  }
  function bulkPost(address, body) {
    return dues.inTurn(address, body).then(function (answer) {
      if (!answer.ok) {
        if (answer.lost) { location.reload(); return; }
        zb.toast(answer.data.error || "没有填入，请再试一次", { late: true });
        return;
      }
      applyBulk(answer.data);
      filter();
      var back = answer.data.undo_url;
      if (back) { dues.push([{ act: function () { bulkPost(back, new FormData()); } }]); }
      if (answer.data.message) { zb.toast(answer.data.message, back ? { undo: dues.undo } : {}); }
    }, function () { zb.toast("网络断开，没有填入", { late: true }); });
  }
  zb.$$("button[data-bulk]").forEach(function (button) {
    button.addEventListener("click", function (event) {
      event.preventDefault();
      if (button.zbBusy) { return; }
      button.zbBusy = true;
      var body = dues.manner(new FormData());
      body.append("month", button.value);
      bulkPost(button.getAttribute("formaction"), body).then(function () { button.zbBusy = false; });
    });
  });

  /* ---- Ticks in the 党费证 ---- */
  table.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-booklet]");
    if (!button) { return; }
    event.preventDefault();
    if (button.zbBusy) { return; }
    button.zbBusy = true;
    var body = new FormData();
    body.append("booklet", button.value);
    dues.inTurn(table.getAttribute("data-booklet-url"), body).then(function (answer) {
      button.zbBusy = false;
      if (answer.lost) { location.reload(); return; }
      if (answer.ok) { dues.rowTexts(dues.rowOf(button), answer.data.row); dues.totals(answer.data); } else { zb.toast(answer.data.error || "没有保存，请再试一次", { late: true }); }
    }, function () { button.zbBusy = false; zb.toast("网络断开，没有保存", { late: true }); });
  });
  table.addEventListener("keydown", function (event) {
    var button = event.target;
    if (!button.hasAttribute("data-booklet")) { return; }
    var ticks = zb.$$("button[data-booklet]:not(:disabled)", table).filter(function (other) { return !dues.rowOf(other).hidden; });
    var by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    var target = by ? ticks[ticks.indexOf(button) + by] : event.key === "ArrowLeft" ? dues.inRow(button).pop() : null;
    if (by || target) { event.preventDefault(); dues.go(target); }
  });

  /* ---- Day and way: kept while this page's window is open, never into another day ---- */
  var day = zb.$("#dues-paid-on");
  if (day) {
    var ways = function () { return zb.$$("input[name=way][form=dues-grid]"); };
    var today = day.getAttribute("data-today");
    var barKey = "zb:" + (document.body.getAttribute("data-user") || "") + ":dues-manner";
    var readBar = function () { try { return JSON.parse(sessionStorage.getItem(barKey)) || {}; } catch (error) { return {}; } };
    var bar = readBar();
    if (bar.today === today) {
      day.value = bar.paid_on || day.value;
      ways().forEach(function (radio) { radio.checked = radio.value === bar.way; });
    }
    var keepBar = function () {
      if (!day.value.trim()) { day.value = today; }
      var way = ways().filter(function (radio) { return radio.checked; })[0];
      day.classList.toggle("is-other", day.value !== today);
      try { sessionStorage.setItem(barKey, JSON.stringify({ today: today, paid_on: day.value, way: way ? way.value : "" })); } catch (error) { /* off */ }
    };
    ways().concat([day]).forEach(function (field) {
      field.addEventListener("change", keepBar);
      // Enter in the bar goes on to the sums; it does not send the page.
      field.addEventListener("keydown", function (event) {
        if (event.key !== "Enter" || zb.composing(event)) { return; }
        event.preventDefault();
        keepBar();
        dues.go(dues.cells.filter(function (cell) { return !cell.value; })[0] || dues.cells[0]);
      });
    });
    day.classList.toggle("is-other", day.value !== today);
  }

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
      only.textContent = narrowed ? "看全部" : "只看未交";
      filter();
    });
  }

  /* ---- On a phone each line has a large 已交 ---- */
  if (window.matchMedia("(max-width: 767px)").matches) {
    dues.cells.forEach(function (cell) {
      var button = zb.make("button", { type: "button", "class": "zb-paid", text: "已交", "aria-pressed": String(dues.saved(cell) !== ""), "aria-label": cell.getAttribute("aria-label") + "已交" });
      button.addEventListener("click", function () {
        if (dues.saved(cell) === "" && !cell.zbStandard) { dues.go(cell); return; }
        cell.value = dues.saved(cell) === "" ? cell.zbStandard : "";
        dues.save(cell);
        if (!cell.value) { zb.toast("已清空", { undo: dues.undo }); }
      });
      cell.zbPaid = button;
      cell.closest("td").appendChild(button);
    });
  }
});
