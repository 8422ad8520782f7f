/* The ledger's drawer: on a wide screen a row's task opens beside the list; elsewhere the link is a link. */
(function () {
  "use strict";
  var page = document.querySelector("[data-drawer-page]");
  var drawer = document.getElementById("task-drawer");
  if (!page || !drawer || !window.fetch) { return; }
  var opener = null;

  function wide() { return window.matchMedia("(min-width:1240px)").matches; }

  function mark(link) {
    var rows = page.querySelectorAll("[data-drawer-rows] tr");
    Array.prototype.forEach.call(rows, function (row) { row.classList.toggle("is-on", !!link && row.contains(link)); });
  }

  function close() {
    drawer.hidden = true;
    drawer.textContent = "";
    page.classList.remove("is-open");
    mark(null);
    history.replaceState(null, "", back("task", null));
    if (opener) { opener.focus(); }
  }

  function back(name, value) {
    var address = new URL(location.href);
    if (value) { address.searchParams.set(name, value); } else { address.searchParams.delete(name); }
    return address.pathname + address.search;
  }

  function show(link, text) {
    var read = new DOMParser().parseFromString(text, "text/html").querySelector("[data-task-detail]");
    if (!read) { location.href = link.href; return; }
    drawer.textContent = "";
    var head = document.createElement("div");
    head.className = "zb-drawer__head";
    var whole = document.createElement("a");
    whole.className = "zb-link";
    whole.href = link.href;
    whole.textContent = "打开整页";
    var shut = document.createElement("button");
    shut.type = "button";
    shut.className = "zb-btn zb-btn--sm";
    shut.setAttribute("data-zb-close", "");
    shut.textContent = "收起";
    shut.addEventListener("click", close);
    head.appendChild(whole);
    head.appendChild(shut);
    drawer.appendChild(head);
    drawer.appendChild(document.importNode(read, true));
    drawer.hidden = false;
    page.classList.add("is-open");
    mark(link);
    history.replaceState(null, "", back("task", (link.href.match(/(\d+)\/$/) || [])[1]));
    var heading = drawer.querySelector("h2,h3");
    if (heading) { heading.setAttribute("tabindex", "-1"); heading.focus({ preventScroll: true }); }
  }

  function open(link) {
    opener = link;
    fetch(link.href, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok || answer.redirected) { throw new Error("no page"); }
      return answer.text();
    }).then(function (text) { show(link, text); }).catch(function () { location.href = link.href; });
  }

  page.addEventListener("click", function (event) {
    var link = event.target.closest("[data-drawer-link]");
    if (!link || !wide() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) { return; }
    event.preventDefault();
    open(link);
  });

  var named = new URL(location.href).searchParams.get("task");
  if (named && wide()) {
    var link = page.querySelector("[data-drawer-link][href$='/" + named.replace(/\D/g, "") + "/']");
    if (link) { open(link); }
  }
})();
