/* Behaviour shared by all pages. Every page also works without it. */
(function () {
  "use strict";
  var root = document.documentElement;
  var body = document.body;
  var icons = root.getAttribute("data-icons") || "/static/icons.svg";

  function $(selector, scope) { return (scope || document).querySelector(selector); }
  function $$(selector, scope) { return Array.prototype.slice.call((scope || document).querySelectorAll(selector)); }

  function make(tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (key) {
      if (key === "text") { node.textContent = attributes[key]; } else { node.setAttribute(key, attributes[key]); }
    });
    (children || []).forEach(function (child) { node.appendChild(child); });
    return node;
  }

  function icon(name) {
    var ns = "http://www.w3.org/2000/svg";
    var svg = document.createElementNS(ns, "svg");
    var use = document.createElementNS(ns, "use");
    svg.setAttribute("class", "zb-icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", icons + "#" + name);
    svg.appendChild(use);
    return svg;
  }

  function setIcon(svg, name) { svg.querySelector("use").setAttribute("href", icons + "#" + name); }

  function csrf() {
    var field = $("input[name=csrfmiddlewaretoken]");
    if (field) { return field.value; }
    try { return JSON.parse(body.getAttribute("hx-headers"))["X-CSRFToken"]; } catch (error) { return ""; }
  }

  // POST a form body; resolves to {status, ok, data}; rejects only when the network is gone.
  function post(url, values) {
    return fetch(url, {
      method: "POST", body: values, credentials: "same-origin",
      headers: { "X-CSRFToken": csrf(), "Accept": "application/json", "X-Requested-With": "XMLHttpRequest" }
    }).then(function (response) {
      return response.text().then(function (text) {
        var data = {};
        try { data = text ? JSON.parse(text) : {}; } catch (error) { data = { html: text }; }
        // A redirect to the log-in page arrives as a page, not as an answer.
        var lost = response.redirected || response.status === 401 || (data.html && response.ok);
        return { status: response.status, ok: response.ok && !lost, lost: Boolean(lost), data: data };
      });
    });
  }

  function composing(event) { return event.isComposing || event.keyCode === 229; }
  function clock() {
    var now = new Date();
    return now.getHours() + ":" + ("0" + now.getMinutes()).slice(-2);
  }

  /* ---- Store of this computer: under user and page, cleared at log-out ---- */
  var prefix = "zb:" + (body.getAttribute("data-user") || "") + ":";
  var store = {
    get: function (key) { try { return JSON.parse(localStorage.getItem(prefix + key)); } catch (error) { return null; } },
    set: function (key, value) { try { localStorage.setItem(prefix + key, JSON.stringify(value)); } catch (error) { /* full or off */ } },
    drop: function (key) { try { localStorage.removeItem(prefix + key); } catch (error) { /* off */ } },
    clear: function () {
      try { Object.keys(localStorage).forEach(function (key) { if (key.indexOf("zb:") === 0) { localStorage.removeItem(key); } }); } catch (error) { /* off */ }
    }
  };

  /* ---- Toasts ---- */
  function arm(toast, seconds) {
    var timer;
    function start() { timer = setTimeout(function () { toast.remove(); }, seconds * 1000); }
    function stop() { clearTimeout(timer); }
    ["mouseenter", "focusin"].forEach(function (name) { toast.addEventListener(name, stop); });
    ["mouseleave", "focusout"].forEach(function (name) { toast.addEventListener(name, start); });
    start();
  }

  function toast(text, options) {
    options = options || {};
    var box = $("#zb-toasts");
    if (!box) { return; }
    var node = make("div", { "class": "zb-toast" + (options.late ? " zb-toast--late" : "") }, [
      icon(options.late ? "s-late" : "check-circle-fill"), make("span", { text: text })
    ]);
    if (options.undo) {
      var button = make("button", { type: "button", text: "撤销" });
      button.addEventListener("click", function () { node.remove(); options.undo(); });
      node.appendChild(button);
    }
    box.appendChild(node);
    arm(node, options.undo ? 10 : options.late ? 8 : 4);
  }

  function undoByPost(url) {
    return function () {
      post(url, new FormData()).then(function (answer) {
        if (answer.ok || answer.lost) { location.reload(); } else { toast(answer.data.error || "没有撤销，请刷新页面看看", { late: true }); }
      }, function () { toast("网络断开，没有撤销", { late: true }); });
    };
  }

  $$("[data-zb-toast]").forEach(function (node) {
    var match = /undo=(\S+)/.exec(node.getAttribute("data-zb-toast"));
    if (match) {
      var button = make("button", { type: "button", text: "撤销" });
      button.addEventListener("click", function () { node.remove(); undoByPost(match[1])(); });
      node.appendChild(button);
    }
    arm(node, match ? 10 : 4);
  });

  /* ---- Dialogs ---- */
  // Resolves to true when the person goes on. The safe button stands left and has the focus.
  function ask(title, text, go, keep) {
    if (!window.HTMLDialogElement) { return Promise.resolve(window.confirm(title + "\n" + (text || ""))); }
    return new Promise(function (resolve) {
      var safe = make("button", { type: "button", "class": "zb-btn", text: keep || "保留" });
      var act = make("button", { type: "button", "class": "zb-btn zb-btn--primary", text: go });
      var dialog = make("dialog", { "class": "zb-dialog", "aria-labelledby": "zb-ask-title" }, [
        make("h2", { id: "zb-ask-title", text: title }), make("p", { text: text || "" }),
        make("div", { "class": "zb-btns" }, go ? [safe, act] : [safe])
      ]);
      var answer = false;
      safe.addEventListener("click", function () { dialog.close(); });
      act.addEventListener("click", function () { answer = true; dialog.close(); });
      dialog.addEventListener("close", function () { dialog.remove(); resolve(answer); });
      body.appendChild(dialog);
      dialog.showModal();
      safe.focus();
    });
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter || document.activeElement;
    var source = button && button.form === form && button.hasAttribute("data-zb-confirm") ? button : form;
    if (!source.hasAttribute("data-zb-confirm") || form.zbConfirmed) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(source.getAttribute("data-zb-confirm"), source.getAttribute("data-zb-confirm-text"),
      source.getAttribute("data-zb-confirm-ok") || (button && button.textContent) || "继续", source.getAttribute("data-zb-confirm-cancel")
    ).then(function (yes) {
      if (!yes) { if (button && button.focus) { button.focus(); } return; }
      form.zbConfirmed = true;
      if (form.requestSubmit) { form.requestSubmit(source === form ? undefined : button); } else {
        if (source !== form && button.name) { form.appendChild(make("input", { type: "hidden", name: button.name, value: button.value })); }
        form.submit();
      }
      form.zbConfirmed = false;
    });
  }, true);

  /* ---- Busy state and double submit ---- */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-zb-large")) { return; }
    if (form.zbBusy) { event.preventDefault(); return; }
    if (form.hasAttribute("hx-post") || form.hasAttribute("data-zb-own")) { return; }
    form.zbBusy = true;
    var button = event.submitter || $("button:not([type=button])", form);
    if (button && button.classList.contains("zb-btn")) {
      button.style.minWidth = button.offsetWidth + "px";
      setTimeout(function () {
        if (!form.zbBusy) { return; }
        button.zbText = button.innerHTML;
        button.textContent = "";
        button.appendChild(make("span", { "class": "zb-spin", "aria-hidden": "true" }));
        button.appendChild(make("span", { text: form.getAttribute("data-busy-text") || "正在保存" }));
      }, 300);
    }
    // A download leaves the page where it is: make the button usable again.
    setTimeout(function () { release(form, button); }, form.hasAttribute("data-zb-download") ? 3000 : 30000);
  });

  function release(form, button) {
    form.zbBusy = false;
    if (button && button.zbText) { button.innerHTML = button.zbText; button.zbText = ""; }
  }
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { $$("form").forEach(function (form) { release(form, $("button:not([type=button])", form)); }); }
  });

  /* ---- Chinese input method: Enter that ends a composition is not a submit ---- */
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && composing(event)) { event.stopPropagation(); return; }
    if (event.key === "Enter" && event.ctrlKey && event.target.form && event.target.tagName === "TEXTAREA") {
      var go = $(".zb-btn--primary", event.target.form);
      if (go) { event.preventDefault(); go.click(); }
    }
    if (event.key === "Escape") {
      $$("details[data-zb-menu][open]").forEach(function (menu) { menu.open = false; $("summary", menu).focus(); });
      var close = $("[data-zb-close]");
      if (close && !$("dialog[open]") && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) { close.click(); }
    }
  }, true);

  document.addEventListener("click", function (event) {
    $$("details[data-zb-menu][open]").forEach(function (menu) { if (!menu.contains(event.target)) { menu.open = false; } });
    var target = event.target.closest("[data-zb-show],[data-zb-print],[data-zb-check-all],[data-zb-fullscreen]");
    if (!target) { return; }
    if (target.hasAttribute("data-zb-show")) {
      var field = document.getElementById(target.getAttribute("data-zb-show"));
      var shown = field.type === "password";
      field.type = shown ? "text" : "password";
      target.setAttribute("aria-pressed", String(shown));
      $("span", target).textContent = shown ? "隐藏" : "显示";
      setIcon($("svg", target), shown ? "eye-slash" : "eye");
    } else if (target.hasAttribute("data-zb-print")) {
      if (!wechat(event)) { window.print(); }
    } else if (target.hasAttribute("data-zb-fullscreen") && root.requestFullscreen) {
      root.requestFullscreen();
    }
  });

  /* ---- Caps Lock hint ---- */
  var caps = $("[data-zb-caps]");
  if (caps) {
    document.addEventListener("keyup", function (event) {
      if (event.getModifierState) { caps.textContent = event.getModifierState("CapsLock") ? "大写锁定（Caps Lock）是打开的。" : "看看大写锁定（Caps Lock）是否打开。"; }
    });
  }

  /* ---- Large type: at once, remembered by the server ---- */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-zb-large")) { return; }
    var button = event.submitter || document.activeElement;
    if (!button || button.name !== "large") { return; }
    event.preventDefault();
    var values = new FormData(form);
    values.set("large", button.value);
    root.classList.toggle("zb-large", button.value === "1");
    $$("[data-zb-large] button[aria-pressed]").forEach(function (other) { other.setAttribute("aria-pressed", String(other.value === button.value)); });
    fetch(form.action, { method: "POST", body: values, credentials: "same-origin", redirect: "manual" }).catch(function () { /* kept for this page only */ });
  });

  /* ---- Tick boxes: choose all, count, enable what needs a choice ---- */
  function countChosen(name) {
    var boxes = $$("input[type=checkbox][data-zb-pick='" + name + "']");
    var chosen = boxes.filter(function (box) { return box.checked; });
    boxes.forEach(function (box) { var row = box.closest("tr,li"); if (row && !row.hasAttribute("data-zb-plain")) { row.classList.toggle("is-on", box.checked); } });
    $$("[data-zb-picked='" + name + "']").forEach(function (node) { node.textContent = chosen.length; });
    $$("[data-zb-needs='" + name + "']").forEach(function (node) { node.disabled = chosen.length === 0; });
    $$("[data-zb-all='" + name + "']").forEach(function (all) {
      all.checked = chosen.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    });
    $$("[data-zb-kinds='" + name + "']").forEach(function (node) {
      var kind = node.getAttribute("data-kind");
      node.textContent = chosen.filter(function (box) { return box.getAttribute("data-kind") === kind; }).length;
    });
  }
  document.addEventListener("change", function (event) {
    var box = event.target;
    if (box.hasAttribute("data-zb-all")) {
      var name = box.getAttribute("data-zb-all");
      $$("input[data-zb-pick='" + name + "']:not(:disabled)").forEach(function (other) { other.checked = box.checked; });
      countChosen(name);
    } else if (box.hasAttribute("data-zb-pick")) {
      countChosen(box.getAttribute("data-zb-pick"));
    } else if (box.hasAttribute("data-zb-submit") && box.form) {
      if (box.form.requestSubmit) { box.form.requestSubmit(); } else { box.form.submit(); }
    }
  });
  function pickers() {
    var names = {};
    $$("[data-zb-pick]").forEach(function (box) { names[box.getAttribute("data-zb-pick")] = true; });
    Object.keys(names).forEach(countChosen);
  }

  /* ---- Files: names listed, dropping allowed ---- */
  function listFiles(box) {
    var input = $("input[type=file]", box);
    var list = $("ul", box) || box.appendChild(make("ul"));
    list.textContent = "";
    Array.prototype.forEach.call(input.files, function (file) {
      list.appendChild(make("li", { text: file.name + "（" + Math.max(1, Math.round(file.size / 1024)) + " KB）" }));
    });
    $$("[data-zb-needs-file]").forEach(function (node) { node.disabled = input.files.length === 0; });
  }
  $$("[data-zb-file]").forEach(function (box) {
    var input = $("input[type=file]", box);
    input.addEventListener("change", function () { listFiles(box); });
    ["dragover", "dragenter"].forEach(function (name) { box.addEventListener(name, function (event) { event.preventDefault(); box.classList.add("is-over"); }); });
    ["dragleave", "drop"].forEach(function (name) { box.addEventListener(name, function () { box.classList.remove("is-over"); }); });
    box.addEventListener("drop", function (event) {
      event.preventDefault();
      try { input.files = event.dataTransfer.files; listFiles(box); } catch (error) { toast("请点“选择文件”", { late: true }); }
    });
    $$("[data-zb-needs-file]").forEach(function (node) { node.disabled = input.files.length === 0; });
  });

  /* ---- Search while typing ---- */
  $$("input[data-zb-search]").forEach(function (input) {
    var timer;
    var last = input.value;
    function go() {
      if (input.value === last) { return; }
      last = input.value;
      if (window.htmx && input.form.hasAttribute("hx-get")) { window.htmx.trigger(input.form, "submit"); } else { input.form.submit(); }
    }
    input.addEventListener("input", function (event) {
      clearTimeout(timer);
      if (!composing(event)) { timer = setTimeout(go, 300); }
    });
    input.addEventListener("compositionend", function () { timer = setTimeout(go, 300); });
    if (!input.form.hasAttribute("hx-get")) { input.setAttribute("autocomplete", "off"); }
    if (input.value && input.hasAttribute("data-zb-keep")) { input.focus(); input.setSelectionRange(input.value.length, input.value.length); }
  });

  /* ---- Offline strip ---- */
  var strip = $("#zb-offline");
  function line() { if (strip) { strip.hidden = navigator.onLine !== false; } }
  window.addEventListener("online", line);
  window.addEventListener("offline", line);
  line();

  /* ---- htmx: slower polling in a hidden tab, focus after a swap, messages on failure ---- */
  var skipped = 0;
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (document.hidden && event.target.hasAttribute("data-zb-poll") && skipped++ % 5 !== 0) { event.preventDefault(); }
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    var focus = event.target.hasAttribute("data-zb-take-focus") && $("h2,h3", event.target);
    if (focus) { focus.setAttribute("tabindex", "-1"); focus.focus({ preventScroll: false }); }
    pickers();
  });
  document.addEventListener("htmx:responseError", function (event) {
    toast(event.detail.xhr.status === 403 ? "你的账号不能做这一步" : "没有取到，请再试一次", { late: true });
  });
  document.addEventListener("htmx:sendError", function () { toast("网络断开，请稍后再试", { late: true }); });

  /* ---- WeChat cannot download or print ---- */
  function wechat(event) {
    if (!/MicroMessenger/i.test(navigator.userAgent)) { return false; }
    event.preventDefault();
    ask("微信里不能下载文件", "点右上角 ···，选“在浏览器打开”。", "复制链接", "知道了").then(function (yes) {
      if (yes && navigator.clipboard) { navigator.clipboard.writeText(location.href).then(function () { toast("链接已复制"); }); }
    });
    return true;
  }
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("a[data-zb-download],a[download]")) { wechat(event); }
  });

  /* ---- Log-out clears what this computer kept; warning two minutes before the session ends ---- */
  document.addEventListener("submit", function (event) { if (event.target.hasAttribute("data-zb-logout")) { store.clear(); } });
  var seconds = Number(body.getAttribute("data-session-seconds"));
  if (seconds > 180) {
    var warned = null;
    var wait = function () {
      clearTimeout(warned);
      warned = setTimeout(function () {
        ask("还有 2 分钟就要退出", "很久没有动作。不继续的话会退出登录，草稿已经保存。", "继续使用", "不用了").then(function (yes) {
          var url = body.getAttribute("data-keepalive-url");
          if (yes && url) { fetch(url, { credentials: "same-origin" }).then(wait); }
        });
      }, (seconds - 120) * 1000);
    };
    wait();
    document.addEventListener("htmx:afterRequest", wait);
    document.addEventListener("zb:saved", wait);
  }

  var summary = $("[data-zb-focus]");
  if (summary) { summary.focus(); }
  pickers();

  window.zb = { $: $, $$: $$, make: make, icon: icon, setIcon: setIcon, post: post, toast: toast, ask: ask, store: store, composing: composing, clock: clock, csrf: csrf };

  // On a phone the row of pages is longer than the screen: it begins where one is.
  $$(".zb-subnav a[aria-current]").forEach(function (here) { here.parentNode.scrollLeft = here.offsetLeft - here.parentNode.offsetLeft - 12; });
})();
