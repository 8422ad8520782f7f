/* 补交: the sum of the ticked months. Without it the page shows the sum of all, and the server adds. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var form = document.querySelector("form[data-several]");
  if (!form) { return; }
  function add() {
    var fen = 0;
    var count = 0;
    Array.prototype.forEach.call(form.querySelectorAll("input[name=months]:checked"), function (box) {
      fen += Math.round(Number(box.getAttribute("data-short")) * 100);
      count += 1;
    });
    form.querySelector("[data-sum]").textContent = (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
    form.querySelector("[data-count]").textContent = count;
  }
  form.addEventListener("change", add);
  add();
});
