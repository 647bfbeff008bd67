// Draws the curves at the width that there is, and tells their values where one points. Needs nothing from elsewhere.
(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const HEIGHT = 210, LEFT = 58, RIGHT = 10, TOP = 8, BOTTOM = 34;
  const charts = JSON.parse(document.getElementById("curves").textContent);

  const shown = value => {
    const size = Math.abs(value);
    if (value === 0 || (size >= 1e-3 && size < 1e5)) {
      return size >= 100 ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(4));
    }
    return value.toExponential(2);
  };
  // At round numbers, no more than so many spaces between them.
  const ticks = (low, high, most, least) => {
    const raw = (high - low) / most || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = Math.max(least, [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= raw));
    const all = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) all.push(i * step);
    return all;
  };
  const add = (parent, name, attributes, text) => {
    const node = document.createElementNS(NS, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : low;
  };

  const draw = (plot, chart) => {
    const width = Math.max(200, plot.clientWidth);
    const ys = chart.series.flatMap(s => s.y);
    const x0 = Math.min(...chart.series.map(s => s.x[0])), x1 = Math.max(...chart.series.map(s => s.x[s.x.length - 1]));
    let y0 = ys.reduce((a, b) => Math.min(a, b)), y1 = ys.reduce((a, b) => Math.max(a, b));
    const room = (y1 - y0 || Math.abs(y1) || 1) * 0.05;
    y0 = y0 >= 0 && y0 - room < 0 ? 0 : y0 - room;
    y1 += room;
    const px = x => x1 === x0 ? (LEFT + width - RIGHT) / 2 : LEFT + (x - x0) / (x1 - x0) * (width - LEFT - RIGHT);
    const py = y => TOP + (y1 - y) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.setAttribute("height", HEIGHT);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", chart.title);
    for (const y of ticks(y0, y1, 6, 0)) {
      add(svg, "line", {class: "grid", x1: LEFT, x2: width - RIGHT, y1: py(y), y2: py(y)});
      add(svg, "text", {x: LEFT - 6, y: py(y) + 4, "text-anchor": "end"}, shown(y));
    }
    for (const x of ticks(x0, x1, width / 70, 1)) {
      add(svg, "text", {x: px(x), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle"}, shown(x));
    }
    add(svg, "text", {x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 3, "text-anchor": "middle"}, "step");
    for (const s of chart.series) {
      const points = s.x.map((x, i) => `${px(x).toFixed(1)},${py(s.y[i]).toFixed(1)}`);
      add(svg, "path", {class: s.style, d: "M" + points.join("L"), "vector-effect": "non-scaling-stroke"});
      if (points.length <= 30) s.x.forEach((x, i) => add(svg, "circle", {class: s.style, r: 2.5, cx: px(x), cy: py(s.y[i])}));
    }
    const marks = add(svg, "g", {visibility: "hidden"});
    const cross = add(marks, "line", {class: "cross", y1: TOP, y2: HEIGHT - BOTTOM});
    const dots = chart.series.map(s => add(marks, "circle", {class: s.style, r: 4}));
    plot.querySelector("svg")?.remove();
    plot.prepend(svg);
    const tip = plot.querySelector(".tip");
    return {
      at(clientX) {
        const box = plot.getBoundingClientRect();
        const x = x0 + (clientX - box.left - LEFT) / (width - LEFT - RIGHT) * (x1 - x0);
        const main = chart.series.reduce((a, b) => b.x.length > a.x.length ? b : a);
        this.show(main.x[nearest(main.x, x)]);
      },
      show(step) {
        marks.setAttribute("visibility", "visible");
        cross.setAttribute("x1", px(step));
        cross.setAttribute("x2", px(step));
        tip.replaceChildren(Object.assign(document.createElement("b"), {textContent: "step " + step}));
        chart.series.forEach((s, i) => {
          const near = nearest(s.x, step);
          dots[i].setAttribute("cx", px(s.x[near]));
          dots[i].setAttribute("cy", py(s.y[near]));
          const where = s.x[near] === step ? "" : ` (step ${s.x[near]})`;
          tip.append(Object.assign(document.createElement("div"), {textContent: `${s.name}: ${shown(s.y[near])}${where}`}));
        });
        tip.hidden = false;
        const left = px(step) + 12;
        tip.style.left = Math.max(0, left + tip.offsetWidth > width ? left - tip.offsetWidth - 24 : left) + "px";
        this.step = step;
      },
      move(by) {
        const main = chart.series.reduce((a, b) => b.x.length > a.x.length ? b : a);
        const now = this.step === undefined ? (by > 0 ? -1 : main.x.length) : nearest(main.x, this.step);
        this.show(main.x[Math.min(main.x.length - 1, Math.max(0, now + by))]);
      },
      hide() {
        marks.setAttribute("visibility", "hidden");
        tip.hidden = true;
      },
    };
  };

  document.querySelectorAll(".plot").forEach((plot, i) => {
    let drawn = draw(plot, charts[i]), width = plot.clientWidth;
    new ResizeObserver(() => {
      if (plot.clientWidth !== width) {
        width = plot.clientWidth;
        drawn = draw(plot, charts[i]);
      }
    }).observe(plot);
    plot.addEventListener("pointermove", e => drawn.at(e.clientX));
    plot.addEventListener("pointerdown", e => drawn.at(e.clientX));
    plot.addEventListener("pointerleave", () => drawn.hide());
    plot.addEventListener("blur", () => drawn.hide());
    plot.addEventListener("keydown", e => {
      const by = {ArrowLeft: -1, ArrowRight: 1}[e.key];
      if (by) {
        drawn.move(by);
        e.preventDefault();
      }
    });
  });
})();
