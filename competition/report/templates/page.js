(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  /* Charts: drawn when they come near the window, and again when the theme changes. */
  function themed(figure) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    const paper = colour("paper"), ink = colour("ink"), line = colour("line"), accent = colour("series-0");
    const data = figure.data.map((trace) => {
      if (trace.type === "heatmap") return { ...trace, colorscale: scale(paper, accent), textfont: { color: ink } };
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

  /* From paper half-way to accent, so that ink can be read on all of it, steeply at first: the rare confusions are what is looked for. */
  function scale(paper, accent) {
    const channels = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
    const [from, to] = [channels(paper), channels(accent)];
    return [0, 0.02, 0.1, 0.3, 0.6, 1].map((place) => {
      const share = 0.5 * place ** 0.6;
      return [place, "rgb(" + from.map((value, k) => Math.round(value + share * (to[k] - value))).join(",") + ")"];
    });
  }

  const figures = new Map(all(".plot").map((plot) => [plot, JSON.parse(plot.querySelector("script").textContent)]));
  const drawn = new Map();  /* plot -> the width it was drawn with */
  function draw(plot) {
    const [data, layout] = themed(figures.get(plot));
    if (!drawn.has(plot)) plot.replaceChildren();
    drawn.set(plot, plot.offsetWidth);
    return Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
  }
  const sight = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const plot = entry.target;
    if (!entry.isIntersecting || drawn.get(plot) === plot.offsetWidth) return;
    if (!drawn.has(plot)) return draw(plot);
    drawn.set(plot, plot.offsetWidth);
    Plotly.Plots.resize(plot);  /* it was hidden while the window's width changed */
  }), { rootMargin: "400px" });
  figures.forEach((_, plot) => sight.observe(plot));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((_, plot) => {
    if (plot.offsetWidth) return draw(plot);
    Plotly.purge(plot);  /* it isn't shown, and would be drawn without its width: once it is seen, it is drawn anew */
    drawn.delete(plot);
  }));
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

  /* Switches: radio buttons that choose which of several boxes is shown; each names its choices in data-shown. */
  all(".switched").forEach((box) => {
    const show = () => {
      const chosen = all("input:checked", box).map((input) => input.value).join(" ");
      all("[data-shown]", box).forEach((part) => { part.hidden = part.dataset.shown !== chosen; });
    };
    box.addEventListener("change", show);
    all("fieldset", box).forEach((fieldset) => { fieldset.hidden = false; });
    show();
  });
})();
