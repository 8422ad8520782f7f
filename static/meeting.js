/* Meeting form: attendance chips, absent lines, counts, study hours, drafts. Without it the same form has a choice per person. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  var zb = window.zb;
  var form = document.querySelector("form[data-meeting]");
  if (!form || !zb) { return; }
  var $ = zb.$;
  var WORDS = { leave: "请假", absent: "缺席" };
  var people = [];
  var lines = $("[data-absent-lines]", form);
  var linesBox = $("[data-absent]", form);

  /* ---- Who is expected: the circle follows the kinds of the meeting ---- */
  function kinds() { return zb.$$("input[name=kinds]", form).filter(function (box) { return box.checked; }); }

  // The roster of a stored meeting is frozen: who is on it decides until the kinds or the group change.
  var frozen = form.hasAttribute("data-frozen");

  function expected(person) {
    if (frozen) { return person.stored; }
    var chosen = kinds();
    if (!chosen.length) { return true; }
    var group = form.elements.group ? form.elements.group.value : "";
    return chosen.some(function (box) {
      var circle = box.getAttribute("data-circle");
      if (circle === "committee") { return person.committee; }
      if (circle === "group") { return !group || person.group === group; }
      return true;
    });
  }

  function applyCircle() {
    people.forEach(function (person) {
      var inside = expected(person);
      person.row.hidden = !inside;
      person.select.disabled = !inside;
      person.reason.disabled = !inside;
      if (inside && !person.select.value) { person.select.value = "present"; }
    });
    var chosen = kinds();
    var name = $("[data-meeting-name]");
    if (name && chosen.length) { name.textContent = "登记" + chosen[0].parentNode.textContent.trim(); }
    function any(attribute, value) { return chosen.some(function (box) { return box.getAttribute(attribute) === value; }); }
    zb.$$("[data-only-lecture]", form).forEach(function (node) { node.hidden = !any("data-lecture", "1"); });
    zb.$$("[data-only-group]", form).forEach(function (node) { node.hidden = !any("data-circle", "group"); });
    zb.$$("[data-only-year]", form).forEach(function (node) { node.hidden = !any("data-for-year", "1"); });
    paint();
  }

  /* ---- Chips ---- */
  function readPeople() {
    people = zb.$$("[data-person]", form).map(function (row) {
      var select = $("select", row);
      return {
        row: row, id: row.getAttribute("data-person"), name: row.getAttribute("data-name"), note: row.getAttribute("data-note") || "",
        formal: row.hasAttribute("data-formal"), votes: row.hasAttribute("data-votes"), committee: row.hasAttribute("data-committee"), group: row.getAttribute("data-group") || "",
        last: row.getAttribute("data-last") || "", select: select, stored: select.value !== "",
        reason: $("input[name^=reason]", row), home: $(".zb-att__plain", row)
      };
    });
    people.forEach(buildChip);
  }

  function buildChip(person) {
    var name = zb.make("span", { "class": "zb-att__name", text: person.name });
    var note = zb.make("small");
    var button = zb.make("button", { type: "button", "class": "zb-att__btn" }, [zb.icon("check-circle-fill"), name, note]);
    person.button = button;
    person.noteNode = note;
    button.addEventListener("click", function () {
      set(person, person.select.value === "present" || !person.select.value ? "leave" : "present");
      changed();
    });
    person.row.insertBefore(button, person.row.firstChild);
  }

  function set(person, state) {
    person.select.value = state;
    paint();
  }

  function paintChip(person) {
    var state = person.select.value || "present";
    var here = state === "present";
    person.button.setAttribute("aria-pressed", String(here));
    person.noteNode.textContent = here ? person.note : WORDS[state];
    zb.setIcon($("svg", person.button), here ? "check-circle-fill" : "dash-circle");
    if (here) { person.home.appendChild(person.reason); if (person.line) { person.line.remove(); person.line = null; } }
  }

  /* ---- Lines of those who did not come ---- */
  function buildLine(person) {
    var seg = zb.make("span", { "class": "zb-seg zb-seg--sm", role: "radiogroup", "aria-label": person.name + " 情况" });
    Object.keys(WORDS).forEach(function (state) {
      var button = zb.make("button", { type: "button", role: "radio", "data-state": state, text: WORDS[state] });
      button.addEventListener("click", function () { set(person, state); changed(); });
      button.addEventListener("keydown", function (event) {
        if (/Arrow/.test(event.key)) {
          event.preventDefault();
          var other = state === "leave" ? "absent" : "leave";
          set(person, other); changed();
          $("[data-state=" + other + "]", seg).focus();
        }
      });
      seg.appendChild(button);
    });
    person.reason.className = "zb-input";
    person.reason.setAttribute("aria-label", person.name + " 事由");
    person.reason.placeholder = "选填";
    var later = zb.make("span", { "class": "zb-badge" }, [zb.icon("s-todo"), document.createTextNode("待补学")]);
    person.line = zb.make("tr", {}, [
      zb.make("th", { scope: "row", text: person.name }), zb.make("td", {}, [seg]),
      zb.make("td", { "class": "zb-grow" }, [person.reason]), zb.make("td", { "class": "zb-off" }, [later])
    ]);
    person.seg = seg;
  }

  function paint() {
    var count = { due: 0, present: 0, leave: 0, absent: 0, votes: 0, voting: 0, committee: 0, sitting: 0 };
    var focused = document.activeElement;
    people.forEach(function (person) {
      var state = person.row.hidden ? "" : person.select.value || "present";
      paintChip(person);
      if (!state) { if (person.line) { person.home.appendChild(person.reason); person.line.remove(); person.line = null; } return; }
      count.due += 1;
      count[state] += 1;
      if (person.votes) { count.votes += 1; if (state === "present") { count.voting += 1; } }
      if (person.committee) { count.committee += 1; if (state === "present") { count.sitting += 1; } }
      if (state !== "present") {
        if (!person.line) { buildLine(person); }
        zb.$$("button", person.seg).forEach(function (button) {
          var on = button.getAttribute("data-state") === state;
          button.setAttribute("aria-checked", String(on));
          button.tabIndex = on ? 0 : -1;
        });
        if (person.line.parentNode !== lines) { lines.appendChild(person.line); }
      }
    });
    if (focused && focused !== document.activeElement && document.contains(focused)) { focused.focus(); }
    linesBox.hidden = !lines.children.length;
    ["due", "present", "leave", "absent"].forEach(function (key) {
      zb.$$("[data-count=" + key + "]", form).forEach(function (node) { node.textContent = count[key]; });
    });
    paintVote(count);
    tellAll();
  }

  // Half or more is enough to vote; the kinds of decision have their own quorums, told by the server.
  function paintVote(count) {
    var node = $("[data-vote-line]", form);
    var bodies = kinds().map(function (box) { return box.getAttribute("data-quorum"); });
    var members = bodies.indexOf("members") >= 0;
    var total = members ? count.votes : count.committee;
    var here = members ? count.voting : count.sitting;
    node.hidden = !total || !members && bodies.indexOf("committee") < 0;
    if (node.hidden) { return; }
    var enough = here * 2 >= total;
    node.className = enough ? "zb-ok" : "zb-late";
    node.textContent = "";
    node.appendChild(zb.icon(enough ? "s-done" : "s-late"));
    node.appendChild(document.createTextNode((members ? " 有表决权 " : " 委员 ") + total + " 人到 " + here + " 人，" +
      (here * 2 > total ? "已过半数" : enough ? "刚到半数，可以表决" : "不足半数，不能表决")));
  }

  /* ---- Resolutions: as many lines as wanted; what their votes mean is told by the server ---- */
  var decisionBox = $("[data-decisions]", form);
  var decisionList = $("[data-decision-lines]", form);
  var votesUrl = form.getAttribute("data-votes-url");

  function decisions() { return decisionList ? zb.$$("[data-decision]", decisionList) : []; }
  function box(line, name) { return $("[name=decision-" + line.getAttribute("data-decision") + "-" + name + "]", line); }

  function addDecision(index) {
    var used = decisions().map(function (line) { return Number(line.getAttribute("data-decision")); });
    var at = index === undefined ? Math.max.apply(null, used.concat(-1)) + 1 : index;
    var holder = document.createElement("ol");
    holder.innerHTML = $("[data-decision-template]", form).innerHTML.replace(/__n__/g, String(at));
    var line = holder.firstElementChild;
    decisionList.appendChild(line);
    watchDecision(line);
    return line;
  }

  // Should attend and present follow the roll call until somebody writes other numbers.
  function expectedVotes(line) {
    var out = zb.$$("[name$=-left_out]", line).map(function (select) { return select.value; }).filter(Boolean);
    var committee = box(line, "kind").value === "committee";
    var due = 0;
    var here = 0;
    people.forEach(function (person) {
      if (person.row.hidden || out.indexOf(person.id) >= 0 || !(committee ? person.committee : person.votes)) { return; }
      due += 1;
      if ((person.select.value || "present") === "present") { here += 1; }
    });
    return { should_attend: due, present: here };
  }

  function tell1(line) {
    var expected = expectedVotes(line);
    box(line, "should_attend").placeholder = expected.should_attend;
    box(line, "present").placeholder = expected.present;
    var told = $("[data-told]", line);
    if (!votesUrl || !box(line, "yes").value.trim()) { told.hidden = true; line.zbAsked = ""; return; }
    var asked = ["kind", "should_attend", "present", "yes", "no", "abstained", "written"].map(function (name) {
      return name + "=" + encodeURIComponent(box(line, name).value.trim() || (name in expected ? expected[name] : ""));
    }).join("&") + (box(line, "is_secret").checked ? "&is_secret=1" : "");
    if (asked === line.zbAsked) { return; }
    line.zbAsked = asked;
    clearTimeout(line.zbTimer);
    line.zbTimer = setTimeout(function () {
      fetch(votesUrl + "?" + asked, { credentials: "same-origin", headers: { "Accept": "application/json" } }).then(function (answer) {
        return answer.ok ? answer.json() : null;
      }).then(function (answer) {
        if (!answer || asked !== line.zbAsked) { return; }
        // What the server had refused is told again below: once is enough.
        Array.prototype.forEach.call(line.querySelectorAll(".zb-error"), function (error) {
          if (error.textContent.trim() === answer.text) { error.parentNode.removeChild(error); }
        });
        told.textContent = "";
        told.className = "zb-told zb-mark zb-mark--" + answer.kind;
        told.appendChild(zb.icon("s-" + answer.kind));
        told.appendChild(document.createTextNode(answer.text + (answer.notes.length ? "（" + answer.notes.join("；") + "）" : "")));
        told.hidden = false;
      }).catch(function () { told.hidden = true; });
    }, 200);
  }
  function tellAll() { if (people.length) { decisions().forEach(tell1); } }
  function watchDecision(line) {
    line.addEventListener("input", function () { tell1(line); });
    line.addEventListener("change", function () { tell1(line); });
  }
  if (decisionBox) {
    decisions().forEach(watchDecision);
    $("[data-add-decision]", decisionBox).addEventListener("click", function () {
      $("input[name$=-text]", addDecision()).focus();
      tellAll();
    });
  }
  form.addEventListener("change", function (event) {
    if (event.target.name !== "no_vote") { return; }
    people.forEach(function (person) { if (person.id === event.target.value) { person.votes = !event.target.checked; } });
    paint();
  });

  zb.$$("[data-all-present]", form).forEach(function (button) {
    button.addEventListener("click", function () {
      var before = people.map(function (person) { return person.select.value; });
      people.forEach(function (person) { person.select.value = "present"; });
      paint(); changed();
      if (before.some(function (state) { return state !== "present" && state !== ""; })) {
        zb.toast("已改为全部到会", { undo: function () { people.forEach(function (person, index) { person.select.value = before[index]; }); paint(); changed(); } });
      }
    });
  });
  zb.$$("[data-as-last]", form).forEach(function (button) {
    button.addEventListener("click", function () {
      var before = people.map(function (person) { return person.select.value; });
      people.forEach(function (person) { if (person.last) { person.select.value = person.last; } });
      paint(); changed();
      zb.toast("已沿用上次的到会情况", { undo: function () { people.forEach(function (person, index) { person.select.value = before[index]; }); paint(); changed(); } });
    });
  });

  /* ---- Dates and times as people type them; the server reads them again ---- */
  function pad(number) { return ("0" + number).slice(-2); }
  function readDate(text) {
    var value = text.replace(/[０-９]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 65248); }).replace(/\s/g, "");
    var match = /^(\d{4})(\d{2})(\d{2})$/.exec(value) || /^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$/.exec(value);
    if (!match) {
      var short = /^(\d{1,2})[-./月](\d{1,2})日?$/.exec(value);
      if (!short) { return null; }
      match = [value, form.getAttribute("data-year") || String(new Date().getFullYear()), short[1], short[2]];
    }
    var day = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
    return day.getMonth() === Number(match[2]) - 1 ? day : null;
  }
  function readTime(text) {
    var match = /^(\d{1,2})[:：]?(\d{2})$/.exec(text.trim());
    if (!match || Number(match[1]) > 23 || Number(match[2]) > 59) { return null; }
    return Number(match[1]) * 60 + Number(match[2]);
  }
  var held = form.elements.held_on;
  var starts = form.elements.starts_at;
  var ends = form.elements.ends_at;
  if (window.matchMedia && window.matchMedia("(pointer: coarse) and (max-width: 767px)").matches) {
    var known = readDate(held.value);
    held.value = "";
    held.type = "date";
    if (known) { held.value = known.getFullYear() + "-" + pad(known.getMonth() + 1) + "-" + pad(known.getDate()); }
    [starts, ends].forEach(function (field) {
      var minutes = readTime(field.value);
      field.type = "time";
      if (minutes !== null) { field.value = pad(Math.floor(minutes / 60)) + ":" + pad(minutes % 60); }
    });
  } else {
    held.addEventListener("change", function () {
      var day = readDate(held.value);
      if (day) { held.value = day.getFullYear() + "年" + (day.getMonth() + 1) + "月" + day.getDate() + "日"; }
    });
    [starts, ends].forEach(function (field) {
      field.addEventListener("change", function () {
        var minutes = readTime(field.value);
        if (minutes !== null) { field.value = pad(Math.floor(minutes / 60)) + ":" + pad(minutes % 60); }
      });
    });
  }

  /* ---- Study hours follow the times until somebody writes other ones ---- */
  var hours = form.elements.hours;
  var perHour = Number(form.getAttribute("data-minutes-per-hour")) || 60;
  function duration() {
    var from = readTime(starts.value);
    var to = readTime(ends.value);
    return from === null || to === null || to <= from ? null : Math.floor((to - from) / perHour * 2) / 2;
  }
  var own = hours.value !== "" && duration() !== null && Number(hours.value) !== duration();
  hours.addEventListener("input", function () { own = hours.value !== ""; });
  [starts, ends].forEach(function (field) {
    field.addEventListener("change", function () {
      var value = duration();
      if (!own && value !== null) { hours.value = value.toFixed(1); }
    });
  });

  /* ---- Drafts: every 10 s and on leaving a field; on this computer when the line is down ---- */
  var url = form.getAttribute("data-draft-url");
  var key = "draft:" + location.pathname + location.search;
  var state = $("[data-draft-state]");
  var dirty = false;
  var leaving = false;
  var wasLost = false;

  function values() {
    var data = new FormData(form);
    data.delete("attachments");
    return data;
  }
  function tell(text, late) {
    if (!state) { return; }
    state.className = late ? "zb-soon" : "zb-ok";
    state.textContent = "";
    state.appendChild(zb.icon(late ? "s-soon" : "check-lg"));
    state.appendChild(document.createTextNode(" " + text));
  }
  function keep(lost) {
    var pairs = [];
    values().forEach(function (value, name) { if (name !== "csrfmiddlewaretoken") { pairs.push([name, value]); } });
    // Once the log-in is over it stays so on this page, whatever a save cut off by leaving says.
    wasLost = wasLost || lost === true;
    zb.store.set(key, { at: zb.clock(), values: pairs, lost: wasLost });
  }
  // Resolves to "kept" (on the server), "here" (on this computer: no line), "lost" (logged out).
  var running = null;
  function save(anyway) {
    if (running) { return running.then(function () { return save(anyway); }); }
    if (!anyway && (!dirty || leaving)) { return Promise.resolve("kept"); }
    if (!url) { keep(); dirty = false; tell("草稿已存在这台电脑 " + zb.clock()); return Promise.resolve("here"); }
    dirty = false;
    running = zb.post(url, values()).then(function (answer) {
      running = null;
      if (answer.ok) {
        zb.store.drop(key);
        tell("草稿已保存 " + (answer.data.saved_at || zb.clock()));
        document.dispatchEvent(new CustomEvent("zb:saved"));
        return "kept";
      }
      // After logging in again in another window the old page's token is no good either.
      var lost = answer.lost || answer.status === 401 || answer.status === 403;
      keep(lost);
      if (lost) { loggedOut(); } else { tell("草稿存在这台电脑 " + zb.clock(), true); }
      return lost ? "lost" : "kept";
    }, function () {
      running = null;
      dirty = true;
      keep();
      tell("网络断开，草稿存在这台电脑", true);
      return "here";
    });
    return running;
  }
  function loggedOut() {
    tell("登录已过期，草稿存在这台电脑", true);
    if ($("[data-logged-out]")) { return; }
    var again = zb.make("a", { "class": "zb-btn zb-btn--sm", href: form.getAttribute("data-login-url") + "?next=" + encodeURIComponent(location.pathname + location.search), text: "重新登录" });
    var strip = zb.make("div", { "class": "zb-strip zb-strip--warn", role: "alert", "data-logged-out": "" }, [
      zb.icon("s-soon"), zb.make("span", { "class": "zb-grow", text: "登录已过期。填的内容都存在这台电脑上，重新登录就回到这里，接着填" }), again
    ]);
    form.parentNode.insertBefore(strip, form);
    strip.scrollIntoView({ block: "nearest" });
  }
  function changed() { dirty = true; }
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("focusout", function () { setTimeout(function () { save(); }, 200); });
  setInterval(function () { save(); }, 10000);
  window.addEventListener("online", function () { dirty = true; save(); });
  window.addEventListener("pagehide", function () { if (dirty && !leaving) { keep(); } });

  function restore(kept) {
    var byName = {};
    kept.values.forEach(function (pair) { (byName[pair[0]] = byName[pair[0]] || []).push(pair[1]); });
    Object.keys(byName).forEach(function (name) {
      var match = /^decision-(\d+)-text$/.exec(name);
      if (match && decisionList && !$("[data-decision='" + match[1] + "']", decisionList)) { addDecision(Number(match[1])); }
      if (match && byName[name][0]) { decisionBox.open = true; }
    });
    zb.$$("input[type=checkbox]", form).forEach(function (field) { field.checked = (byName[field.name] || []).indexOf(field.value) >= 0; });
    Object.keys(byName).forEach(function (name) {
      var fields = zb.$$("[name]", form).filter(function (field) { return field.name === name && !/^(checkbox|file)$/.test(field.type); });
      fields.forEach(function (field, index) { if (byName[name][index] !== undefined) { field.value = byName[name][index]; } });
    });
    people.forEach(function (person) {
      person.votes = person.formal && (byName.no_vote || []).indexOf(person.id) < 0;
    });
    applyCircle();
    changed();
  }
  var kept = zb.store.get(key);
  var offer = $("[data-draft-offer]");
  function offerKept() {
    if (!kept || !kept.values || !offer) { return; }
    if (kept.lost) {
      // The session was over while typing: what was typed comes back by itself.
      restore(kept);
      zb.toast("已恢复 " + kept.at + " 存在这台电脑的内容");
      save();
      return;
    }
    $("[data-draft-at]", offer).textContent = kept.at;
    offer.hidden = false;
    $("[data-draft-restore]", offer).addEventListener("click", function () { restore(kept); offer.hidden = true; save(); });
    $("[data-draft-drop]", offer).addEventListener("click", function () { zb.store.drop(key); offer.hidden = true; });
  }

  // Before the form goes out the draft is kept once more: with the session over or the line cut
  // nothing leaves the page, and neither text nor chosen photos are lost.
  var sending = false;
  var sure = false;
  form.addEventListener("submit", function (event) {
    if (sure) { sure = false; return; }
    event.preventDefault();
    if (sending || form.zbBusy) { return; }
    sending = true;
    var button = event.submitter || $("button[name=act]", form);
    scaled.then(function () { return save(true); }).then(function (how) {
      sending = false;
      if (how === "here" && url) { zb.toast("网络断开，已存在这台电脑，连上后再点一次保存", { late: true }); return; }
      if (how === "lost") { return; }
      leaving = true;
      setTimeout(function () { leaving = false; }, 15000);
      sure = true;
      if (form.requestSubmit) { form.requestSubmit(button); return; }
      form.appendChild(zb.make("input", { type: "hidden", name: button.name, value: button.value }));
      form.submit();
    });
  });

  /* ---- Photos are scaled before they go out; each file has the day it is of ---- */
  var picker = form.elements.attachments;
  var fileBox = picker && picker.closest("[data-zb-file]");
  var scaled = Promise.resolve();
  var longest = fileBox ? Number(fileBox.getAttribute("data-scale")) : 0;

  function smaller(file, say) {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || !window.createImageBitmap || !window.DataTransfer) { return Promise.resolve(file); }
    say("正在缩小");
    return window.createImageBitmap(file).then(function (image) {
      var scale = Math.min(1, longest / Math.max(image.width, image.height));
      if (scale === 1 && /^image\/(jpeg|png)$/.test(file.type)) { return file; }
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) { canvas.toBlob(resolve, "image/jpeg", 0.85); }).then(function (blob) {
        if (!blob || blob.size >= file.size && /^image\/(jpeg|png)$/.test(file.type)) { return file; }
        return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
      });
    }).catch(function () { return file; });
  }
  function size(file) { return Math.max(1, Math.round(file.size / 1024)) + " KB"; }

  function takeFiles() {
    var chosen = Array.prototype.slice.call(picker.files);
    var list = $("ul", fileBox);
    zb.$$("[name=dated_on]", fileBox).forEach(function (field) { field.disabled = true; });
    if (!list) { return; }
    list.textContent = "";
    var lines = chosen.map(function (file) {
      var words = zb.make("span", { "class": "zb-grow", text: file.name + "（" + size(file) + "）" });
      var day = zb.make("input", { "class": "zb-input zb-input--sm", name: "dated_on", placeholder: "默认会议当天", autocomplete: "off", "aria-label": file.name + " 材料日期" });
      list.appendChild(zb.make("li", {}, [words, zb.make("label", { "class": "zb-tickline" }, [document.createTextNode("材料日期 "), day])]));
      return words;
    });
    scaled = Promise.all(chosen.map(function (file, index) {
      return smaller(file, function (what) { lines[index].textContent = file.name + "（" + what + "）"; }).then(function (result) {
        lines[index].textContent = result.name + "（" + (result === file ? size(file) : size(file) + " → " + size(result)) + "）";
        return result;
      });
    })).then(function (results) {
      if (!results.some(function (file, index) { return file !== chosen[index]; })) { return; }
      var transfer = new DataTransfer();
      results.forEach(function (file) { transfer.items.add(file); });
      picker.files = transfer.files;
    }).catch(function () { /* the originals go out */ });
  }
  if (fileBox) {
    picker.addEventListener("change", takeFiles);
    fileBox.addEventListener("drop", function () { setTimeout(takeFiles, 0); });
  }

  /* ---- On a phone the facts are four lines that open on a tap ---- */
  var facts = $("[data-facts]", form);
  var fold = $("[data-fold]", form);
  function unfold(name) {
    facts.classList.remove("is-folded");
    fold.hidden = true;
    var field = name === "kinds" ? document.getElementById("id_kinds") : form.elements[name];
    if (field) { field.focus(); field.scrollIntoView({ block: "center" }); }
  }
  if (window.matchMedia("(max-width: 767px)").matches && !$(".zb-errors", form) && held.value) {
    var day = readDate(held.value);
    [["时间", (day ? (day.getMonth() + 1) + "月" + day.getDate() + "日 " : "") + starts.value + (ends.value ? "—" + ends.value : ""), "held_on"],
      ["地点", form.elements.place ? form.elements.place.value : "", "place"], ["议题", form.elements.topic ? form.elements.topic.value : "", "topic"],
      ["学时", hours.value ? "每人 " + hours.value + " 学时" : "不计", "hours"]].forEach(function (line) {
      var button = zb.make("button", { type: "button" }, [zb.make("span", { text: line[0] }), zb.make("span", { text: line[1] || "未填" }), zb.icon("chevron-right")]);
      button.addEventListener("click", function () { unfold(line[2]); });
      fold.appendChild(zb.make("li", {}, [button]));
    });
    facts.classList.add("is-folded");
    fold.hidden = false;
  }
  zb.$$("[data-change-kind]").forEach(function (button) { button.addEventListener("click", function () { unfold("kinds"); }); });

  /* ---- Another day has another roster: fetched without losing what was typed, chosen files included ---- */
  function rosterOfDay() {
    var day = readDate(held.value);
    var shown = readDate(form.elements.roster_on.value);
    if (!day || shown && day.getTime() === shown.getTime()) { return; }
    var asked = values();
    asked.append("reload", "1");
    zb.post(location.href, asked).then(function (answer) {
      var page = new DOMParser().parseFromString(answer.data.html || "", "text/html");
      var fresh = page.querySelector(".zb-att");
      var old = $(".zb-att", form);
      if (!fresh || !old) { return; }
      lines.textContent = "";
      old.replaceWith(fresh);
      ["roster_on", "shown_kinds"].forEach(function (name) { form.elements[name].value = page.querySelector("[name=" + name + "]").value; });
      var save = $("button[name=act]", form);
      var other = page.querySelector("button[name=act]");
      save.value = other.value;
      save.textContent = other.textContent;
      frozen = page.querySelector("[data-frozen]") !== null && frozen;
      ["[data-late-entry]", "[data-voteless]"].forEach(function (part) {
        var now = $(part, form);
        var then = page.querySelector(part);
        if (now && then) { now.replaceWith(then); }
      });
      var years = page.querySelector("[name=for_year]");
      if (years && form.elements.for_year) { form.elements.for_year.innerHTML = years.innerHTML; }
      readPeople();
      applyCircle();
    }, function () { /* the server looks again when the meeting is saved */ });
  }
  held.addEventListener("change", rosterOfDay);

  form.addEventListener("change", function (event) {
    if (event.target.name === "kinds" || event.target.name === "group") { frozen = false; applyCircle(); }
  });
  readPeople();
  applyCircle();
  dirty = false;
  offerKept();
});
