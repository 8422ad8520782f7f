// Marks the page before the first paint, so that what needs JavaScript shows without a jump.
document.documentElement.className += " zb-js";
