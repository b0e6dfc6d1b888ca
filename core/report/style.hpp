// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fk::report {

// Light and dark by the reader's own setting; one column on a phone. Text has a contrast of 4.5 or
// more on what lies under it (tests/report measures it in a browser).
inline constexpr char kStyle[] = R"css(
:root{color-scheme:light dark;--paper:#fcfcfa;--card:#fff;--ink:#1b1e23;--soft:#565d68;--rule:#dcdcd5;
--grid:#e7e7e1;--link:#0b57a4;--fast:#0a5cad;--same:#59616d;--slow:#9c4500;--ambg:#6c4796;--bad:#a61b35;
--pass:#19673a}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1b1e24;--ink:#e9e7e2;--soft:#a5acb7;
--rule:#363b44;--grid:#2a2e36;--link:#86bdff;--fast:#6fb3ff;--same:#a9b1bd;--slow:#ffb072;--ambg:#ccaaf5;
--bad:#ff93a4;--pass:#74d39a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0 auto;padding:1rem .9rem 4rem;max-width:70rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:.4rem 0 1rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:3rem 0 .4rem;padding-top:.8rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.6rem 0 .2rem}
p{margin:.4rem 0 .9rem;max-width:46rem}
small{font-size:.82rem;color:var(--soft)}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;unicode-bidi:isolate}
.id{color:var(--soft);white-space:nowrap;overflow-wrap:normal}
.none{color:var(--soft)}
.why{color:var(--bad)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,button:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);
outline-offset:2px;border-radius:3px}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:1rem 0 0;padding:0}
nav a{display:inline-block;padding:.35rem 0}
.facts{margin:0;display:grid;gap:.5rem}
.facts div{display:grid;gap:0 1rem}
.facts dt{color:var(--soft);font-size:.86rem}
.facts dd{margin:0}
.mark{display:inline-block;white-space:nowrap;font-size:.82rem;font-weight:650;letter-spacing:.02em;color:var(--same);
border:1.5px solid;border-radius:4px;padding:0 .4em;line-height:1.5}
.fast{color:var(--fast)}.same{color:var(--same)}.slow{color:var(--slow)}.ambg{color:var(--ambg)}
.refused{color:var(--bad)}.pass{color:var(--pass)}
.legend{list-style:none;padding:0;margin:.4rem 0 1rem;display:grid;gap:.35rem;font-size:.9rem;color:var(--soft)}
.notes{margin-top:-.5rem;color:var(--soft);font-size:.9rem}
table{border-collapse:collapse;text-align:left;font-size:.92rem}
caption{text-align:left}
.bars{width:100%;margin:1.6rem 0 0;display:block}
.bars caption{display:block;padding-bottom:.2rem}
.bars caption b{font-size:1.05rem}
.bars thead,.bars tbody{display:block}
.bars tr{display:grid;grid-template-columns:1fr auto;grid-template-areas:"what code" "what record" "track track" "value time";
gap:.1rem .8rem;padding:.55rem 0;border-top:1px solid var(--rule);align-items:center}
.bars th,.bars td{padding:0;font-weight:inherit;min-width:0}
.bars small{display:block;line-height:1.35}
.what{grid-area:what}.code{grid-area:code}.track{grid-area:track}.value{grid-area:value}.time{grid-area:time}
.record{grid-area:record}
.time,.record,.code{text-align:right}
.bars thead tr{grid-template-areas:"track";grid-template-columns:1fr;padding:0;border:0}
.bars thead th:not(.track){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.axis{position:relative;height:1.4rem;font-size:.78rem;color:var(--soft)}
.axis span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.axis .first{transform:none}.axis .last{transform:translateX(-100%)}
.box{position:relative;height:1.15rem;margin:.15rem 0;background:linear-gradient(var(--grid),var(--grid)) center/100% 1px no-repeat}
.box::before{content:"";position:absolute;top:-.2rem;bottom:-.2rem;left:var(--one);width:1.5px;background:var(--soft)}
.bar{position:absolute;top:.2rem;bottom:.2rem;min-width:2px;background:currentColor;border:1.5px solid currentColor}
.bar.same{background:var(--paper)}
.bar.slow{background:repeating-linear-gradient(135deg,currentColor 0 3px,var(--paper) 3px 6px)}
.bar.ambg{background:var(--paper);border-style:dotted}
.whisker{position:absolute;top:.3rem;bottom:.3rem;min-width:3px;border:solid var(--ink);border-width:0 1.5px;
filter:drop-shadow(0 0 1px var(--paper))}
.whisker::after{content:"";position:absolute;left:0;right:0;top:calc(50% - .75px);height:1.5px;background:var(--ink)}
@media(min-width:760px){
.facts div{grid-template-columns:9.5rem 1fr}
.facts dt{font-size:inherit}
.legend{display:flex;flex-wrap:wrap;gap:.35rem 1.4rem}
.bars tr,.bars thead tr{grid-template-columns:minmax(0,17rem) 6.2rem minmax(0,1fr) 8rem 8.4rem 5.4rem;
grid-template-areas:"what code track value time record"}
.bars thead tr{padding:.2rem 0}
.bars thead th:not(.track){position:static;width:auto;height:auto;clip-path:none;font-size:.8rem;color:var(--soft)}
.value,.bars thead .value{text-align:right}
.code{text-align:left}}
figure{margin:1rem 0}
figcaption{margin-bottom:.3rem}
figcaption small{display:block}
svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--soft)}
.plot{max-width:46rem}
@media(min-width:760px){.plot svg text{font-size:6.4px}.plot .point{stroke-width:.6}.plot .roof{stroke-width:1}.plot .grid{stroke-width:.5}}
.grid{stroke:var(--grid);stroke-width:1}
.parity{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 3}
.roof{stroke:var(--ink);stroke-width:1.6}
.gain{stroke:var(--same);stroke-width:.6}
.point{fill:currentColor;stroke:var(--paper);stroke-width:1}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr));gap:1rem 1.6rem}
.multiples figure{margin:0;min-width:0}
.multiples .line{fill:none;stroke:var(--fast);stroke-width:1.6}
.multiples .interval{stroke:var(--fast);stroke-width:1}
.multiples .point{color:var(--fast)}
.multiples .failed{color:var(--bad);fill:none;stroke:var(--bad);stroke-width:2}
details{margin:.2rem 0}
summary{cursor:pointer;padding:.2rem 0}
.scroll{overflow-x:auto;margin:.5rem 0 1rem}
.data caption{font-size:.82rem;color:var(--soft);padding-bottom:.3rem}
.data{min-width:100%}
.data th,.data td{padding:.4rem .9rem .4rem 0;border-top:1px solid var(--rule);vertical-align:top;overflow-wrap:normal}
.data thead th{border:0;color:var(--soft);font-size:.82rem;font-weight:500;white-space:nowrap}
.data tbody th{font-weight:600}
.data td small{display:block}
.data .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.data .failure{min-width:16rem;overflow-wrap:anywhere}
.data .when{white-space:nowrap}
.data .ids{min-width:10rem}
.data button{all:unset;cursor:pointer;text-decoration:underline dotted;text-underline-offset:3px}
th[aria-sort=ascending] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
@media(max-width:759px){.data,.data tbody,.data thead,.data caption{display:block}
.data tr{display:flex;flex-wrap:wrap;gap:.15rem .8rem;padding:.5rem 0;border-top:1px solid var(--rule);align-items:baseline}
.data thead tr{border:0;padding:0}
.data th,.data td{border:0;padding:0;min-width:0;overflow-wrap:anywhere}
.data td:empty{display:none}
.data .failure,.data .ids{flex-basis:100%;min-width:0}
.data td[data-head]::before{content:attr(data-head) " ";color:var(--soft);font-size:.82rem}}
.multiples .data,.multiples .data tbody,.multiples .data thead,.multiples .data caption{display:block}
.multiples .data tr{display:flex;flex-wrap:wrap;gap:.15rem .8rem;padding:.5rem 0;border-top:1px solid var(--rule);align-items:baseline}
.multiples .data thead tr{border:0;padding:0}
.multiples .data th,.multiples .data td{border:0;padding:0;min-width:0;overflow-wrap:anywhere}
.plan{border-top:1px solid var(--rule);padding:.3rem 0}
.plan>summary small{display:block}
.tree,.tree ul{list-style:none;margin:0;padding:0}
.tree ul{padding-left:.75rem;margin-left:.3rem;border-left:1px solid var(--rule)}
.tree .leaf{padding:.2rem 0 .2rem 1rem}
.node{margin-right:.6rem}
.node small{margin-left:.5rem}
.count{font-style:normal;font-weight:600;margin-left:.4rem;color:var(--soft)}
.choice{display:inline-block;margin-right:.8rem}
.phase{font-style:normal;font-size:.76rem;border:1px solid var(--rule);border-radius:3px;padding:0 .35em;margin-right:.4rem;
color:var(--soft)}
.tree .rejected{font-size:.82rem;color:var(--soft);border:0;margin-left:1rem}
.score b{font-size:1.9rem;line-height:1.1;margin-right:.5rem}
@media print{nav,.legend{display:none}body{max-width:none}}
)css";

// Heads of tables become buttons that sort. The page is whole without it. Its hash stands in the
// page's policy (page.cpp): no other script runs, whatever text a record holds.
inline constexpr char kScript[] = R"js(
for (const table of document.querySelectorAll("table.data"))
  [...table.tHead.rows[0].cells].forEach((head, i, heads) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const h of heads) h.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const key = row => row.cells[i].dataset.sort ?? row.cells[i].textContent.trim();
      const order = (a, b) => isNaN(a - b) ? a.localeCompare(b, "en", {numeric: true}) : a - b;
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => sign * order(key(a), key(b))));
    });
  });
)js";

}  // namespace fk::report
