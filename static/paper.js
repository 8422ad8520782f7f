/* Paper that was asked for by a print button: the dialog opens by itself. Not in WeChat, which cannot print. */
(function () {
  "use strict";
  if (/MicroMessenger/i.test(navigator.userAgent)) { return; }
  window.addEventListener("load", function () { window.print(); });
})();
