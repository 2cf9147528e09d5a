(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  /* Charts: drawn when they come near the window, and again when the theme changes. */
  function themed(figure) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    const paper = colour("paper"), ink = colour("ink"), line = colour("line"), accent = colour("series-0");
    const data = figure.data.map((trace) => {
      if (trace.type === "heatmap") return { ...trace, colorscale: [[0, paper], [1, accent]] };
      const own = Number.isInteger(trace.meta) ? colour("series-" + trace.meta) : ink;
      return { ...trace, line: { ...trace.line, color: own }, marker: { ...trace.marker, color: own } };
    });
    const layout = { ...figure.layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false, autosize: true,
      font: { family: "system-ui, sans-serif", size: 13, color: ink }, hoverlabel: { bgcolor: paper, bordercolor: ink, font: { color: ink } } };
    Object.keys(layout).filter((key) => /^[xy]axis/.test(key)).forEach((key) => {
      layout[key] = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, fixedrange: true, ...layout[key] };
    });
    return [data, layout];
  }

  const figures = new Map(all(".plot").map((plot) => [plot, JSON.parse(plot.querySelector("script").textContent)]));
  const drawn = new Set();
  function draw(plot) {
    const [data, layout] = themed(figures.get(plot));
    if (!drawn.has(plot)) plot.replaceChildren();
    drawn.add(plot);
    return Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
  }
  const sight = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
  }), { rootMargin: "400px" });
  figures.forEach((_, plot) => sight.observe(plot));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
  addEventListener("beforeprint", () => figures.forEach((_, plot) => { if (plot.offsetWidth) draw(plot); }));

  /* Sorting: numbers from high to low first, texts by the alphabet; empty cells stay last. */
  const texts = new Intl.Collator(undefined, { numeric: true });
  function sort(button) {
    const head = button.closest("th"), table = head.closest("table"), place = head.cellIndex;
    const numeric = head.classList.contains("number"), before = head.getAttribute("aria-sort");
    const rising = before === "none" ? !numeric : before === "descending";
    const key = (row) => (numeric ? row.cells[place].dataset.value : row.cells[place].textContent.trim() || undefined);
    const compare = (one, other) => {
      const a = key(one), b = key(other);
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return (rising ? 1 : -1) * (numeric ? Number(a) - Number(b) : texts.compare(a, b));
    };
    all("th[aria-sort]", table).forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    table.tBodies[0].append(...all("tr", table.tBodies[0]).sort(compare));
  }
  all("table.sortable th button").forEach((button) => button.addEventListener("click", () => sort(button)));

  /* Switches: radio buttons that choose which of several views is shown; each view names its choices in data-shown. */
  all(".switched").forEach((box) => {
    const show = () => {
      const chosen = all("input:checked", box).map((input) => input.value).join(" ");
      all("[data-shown]", box).forEach((view) => { view.hidden = view.dataset.shown !== chosen; });
    };
    box.addEventListener("change", show);
    all("fieldset", box).forEach((fieldset) => { fieldset.hidden = false; });
    show();
  });
})();
