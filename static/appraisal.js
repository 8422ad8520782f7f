/* 民主评议: moving in the grid of the ballot, what is left of the valid sheets, how many are 优秀.
   Nothing is saved here; the form is sent as it is, and works without this file. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var table = zb.$("[data-ballots]");
  var grades = zb.$("[data-grades]");

  /* ---- The grid of the ballot ---- */
  if (table) {
    var valid = zb.$("#id_valid");
    var lines = zb.$$("tr[data-line]", table);
    var cells = function (line) { return zb.$$("input", line); };
    // Full-width digits are read like plain ones; null is no number.
    var number = function (text) {
      var plain = text.trim().replace(/[\uff10-\uff19]/g, function (digit) { return String.fromCharCode(digit.charCodeAt(0) - 65248); });
      return plain === "" ? 0 : /^\d+$/.test(plain) ? Number(plain) : null;
    };
    var count = function (line) {
      var most = valid.value.trim() === "" ? null : number(valid.value);
      var typed = cells(line).filter(function (cell) { return cell.value.trim() !== ""; });
      var given = typed.reduce(function (sum, cell) { var one = number(cell.value); return sum === null || one === null ? null : sum + one; }, 0);
      var left = zb.$("[data-left]", line);
      var over = most !== null && given !== null && given > most;
      left.className = "zb-num" + (over ? " zb-late" : "");
      left.textContent = !typed.length || most === null || given === null ? "" : over ? "多 " + (given - most) : String(most - given);
      return { over: over, typed: typed.length > 0 };
    };
    var all = function () {
      var entered = 0;
      var over = 0;
      lines.forEach(function (line) { var found = count(line); entered += found.typed ? 1 : 0; over += found.over ? 1 : 0; });
      var state = zb.$("[data-ballots-state]");
      state.className = "zb-grow" + (over ? " zb-late" : "");
      state.textContent = over ? over + " 人的票数比有效票多，请核对" : "已填 " + entered + "/" + lines.length + " 人";
    };
    var go = function (line, column) {
      if (!line) { return; }
      var cell = cells(line)[column];
      cell.focus();
      cell.select();
      cell.scrollIntoView({ block: "nearest" });
    };
    table.addEventListener("input", all);
    valid.addEventListener("input", all);
    table.addEventListener("keydown", function (event) {
      var cell = event.target;
      var line = cell.closest("tr[data-line]");
      if (!line || zb.composing(event) || event.ctrlKey || event.altKey || event.metaKey) { return; }
      var row = lines.indexOf(line);
      var column = cells(line).indexOf(cell);
      var whole = cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        go(lines[row + (event.key === "ArrowDown" ? 1 : -1)], column);
      } else if (event.key === "Enter") {
        // To the next person; on the last line Enter sends the form as usual.
        if (lines[row + 1]) { event.preventDefault(); go(lines[row + 1], 0); }
      } else if (event.key === "ArrowRight" && (whole || cell.selectionStart === cell.value.length) && column < cells(line).length - 1) {
        event.preventDefault();
        go(line, column + 1);
      } else if (event.key === "ArrowLeft" && (whole || cell.selectionEnd === 0) && column > 0) {
        event.preventDefault();
        go(line, column - 1);
      }
    });
    all();
  }

  /* ---- How many are 优秀 ---- */
  if (grades) {
    var limit = Number(grades.getAttribute("data-limit"));
    var tell = function () {
      var chosen = zb.$$("input:checked", grades);
      var best = chosen.filter(function (box) { return box.value === "excellent"; }).length;
      var open = chosen.filter(function (box) { return box.value === ""; }).length;
      var state = zb.$("[data-grades-state]");
      state.className = "zb-grow" + (best > limit ? " zb-soon" : "");
      state.textContent = "优秀 " + best + " 人" + (best > limit ? "，超过 " + limit + " 人，请再斟酌" : "，一般不超过 " + limit + " 人") + (open ? "；未评定 " + open + " 人" : "");
    };
    grades.addEventListener("change", tell);
    tell();
  }
});
