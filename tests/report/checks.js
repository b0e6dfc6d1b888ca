// SPDX-License-Identifier: Apache-2.0
// Evaluated in the page by browse.py: what is wrong with it, as a list of sentences.
(() => {
  const wrong = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll("body *")].filter(
        e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".scroll"));
    wrong.push(`the page is ${root.scrollWidth} wide in a window of ${root.clientWidth}: ` +
               wide.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" and "));
  }
  for (const e of document.querySelectorAll("header, section")) {
    const box = e.getBoundingClientRect();
    if (!(box.width > 0 && box.height > 0) || !e.innerText.trim())
      wrong.push(`nothing to be seen of #${e.id}`);
  }

  // WCAG 2: relative luminance and contrast. Everything here is opaque.
  const parts = color => color.match(/[\d.]+/g).map(Number);
  const luminance = color => {
    const [r, g, b] = parts(color).map(
        c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor, [, , , alpha = 1] = parts(color);
      if (alpha === 1) return color;
      if (alpha > 0) wrong.push(`${e.tagName} has a background that is seen through`);
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0, weak = 0, small = 0;
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, style = getComputedStyle(e);
    if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "title"].includes(e.tagName)) continue;
    if (!e.getClientRects().length || e.closest(".hidden")) continue;
    ++texts;
    const svg = e.ownerSVGElement;
    const ink = svg ? style.fill : style.color, value = contrast(ink, ground(e));
    if (value < 4.5 && ++weak <= 3)
      wrong.push(`contrast ${value.toFixed(2)} of "${walk.currentNode.data.trim().slice(0, 40)}"`);
    const size = parseFloat(style.fontSize) * (svg ? svg.getScreenCTM().a : 1);
    if (size < 9.5 && ++small <= 3)
      wrong.push(`${size.toFixed(1)} px are too small for "${walk.currentNode.data.trim()}"`);
  }
  if (texts < 3) wrong.push(`only ${texts} texts can be seen`);

  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (dark !== (luminance(ground(document.body)) < 0.2))
    wrong.push(`the paper is ${ground(document.body)} where the reader asks for ${dark ? "dark" : "light"}`);
  for (const svg of document.querySelectorAll("svg"))
    if (!svg.getAttribute("aria-label")) wrong.push("a plot without words");
  for (const table of document.querySelectorAll("table"))
    if (!table.caption || !table.tHead) wrong.push("a table without a caption or heads");
  if (document.scripts.length !== 1) wrong.push(`${document.scripts.length} scripts`);
  return wrong;
})()
