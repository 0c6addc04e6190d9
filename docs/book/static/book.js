// What is wider than its box can be scrolled by keyboard, too.
const BOXES = "pre, .table-wrapper, .text_html";

function reach() {
  for (const box of document.querySelectorAll(BOXES)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", reach);
addEventListener("resize", reach);
addEventListener("toggle", reach, true);  // an answer is opened
