/* The grid of the year plan: arrow keys move between cells, Enter opens the strip, Esc goes back. */
(function () {
  "use strict";
  var grid = document.querySelector("[data-plan]");
  if (!grid) { return; }
  var last = null;
  var opening = false;

  function links() { return Array.prototype.slice.call(grid.querySelectorAll("td > a")); }

  // One stop for the Tab key; inside, the arrows move.
  function stopAt(link) {
    links().forEach(function (one) { one.tabIndex = one === link ? 0 : -1; });
    last = link;
  }

  function choose(link) {
    links().forEach(function (one) {
      one.removeAttribute("aria-current");
      one.parentNode.classList.remove("is-on");
    });
    link.setAttribute("aria-current", "true");
    link.parentNode.classList.add("is-on");
    stopAt(link);
  }

  // The next cell with a link in that direction.
  function neighbour(link, across, down) {
    var cell = link.parentNode;
    var column = cell.cellIndex;
    var row = cell.parentNode.rowIndex;
    var rows = grid.rows;
    for (;;) {
      column += across;
      row += down;
      if (row < 1 || row >= rows.length || column < 1 || column >= rows[row].cells.length) { return null; }
      var found = rows[row].cells[column].querySelector("a");
      if (found) { return found; }
    }
  }

  var moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  grid.addEventListener("keydown", function (event) {
    var link = event.target.closest && event.target.closest("td > a");
    if (!link || event.altKey || event.ctrlKey || event.metaKey) { return; }
    var move = moves[event.key];
    var next = move ? neighbour(link, move[0], move[1]) : null;
    if (event.key === "Home") { next = link.closest("tr").querySelector("td > a"); }
    if (event.key === "End") { next = Array.prototype.slice.call(link.closest("tr").querySelectorAll("td > a")).pop(); }
    if (!move && event.key !== "Home" && event.key !== "End") { return; }
    event.preventDefault();
    if (next) { stopAt(next); next.focus(); }
  });

  grid.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("td > a");
    if (link) { choose(link); opening = true; }
  });

  document.addEventListener("htmx:afterSettle", function () {
    var strip = document.getElementById("plan-strip");
    if (!opening || !strip) { return; }
    opening = false;
    var first = strip.querySelector("form input:not([type=hidden])") || strip.querySelector("h2");
    if (first) { first.focus({ preventScroll: true }); }
    strip.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("keydown", function (event) {
    var strip = document.getElementById("plan-strip");
    if (event.key === "Escape" && strip && strip.contains(event.target) && last) { last.focus(); }
  });

  var current = grid.querySelector("td > a[aria-current]") || grid.querySelector("td.is-now > a") || links()[0];
  if (current) { stopAt(current); }
}());
