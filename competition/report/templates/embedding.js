/* The map of the images: see embedding_map.py. Names and IDs go into the page as text, never to Plotly. */
(function () {
  "use strict";
  const find = (id) => document.getElementById(id);
  if (!find("embedding-data")) return;  /* a page without a map */
  const data = JSON.parse(find("embedding-data").textContent);
  const plot = find("embedding-plot"), tile = find("embedding-tile"), words = find("embedding-words");
  const buttons = Array.from(document.querySelectorAll(".embedding-legend button"));
  let only = null, shown = null, traces = [];

  function show(point) {
    shown = point;
    const perSheet = data.columns * data.lines, place = point % perSheet, size = 2 * data.tile;
    tile.style.backgroundImage = 'url("' + data.sheets[Math.floor(point / perSheet)] + '")';
    tile.style.backgroundSize = data.columns * size + "px auto";
    tile.style.backgroundPosition = -(place % data.columns) * size + "px " + -Math.floor(place / data.columns) * size + "px";
    tile.setAttribute("aria-label", "Image " + data.ids[point]);
    const kind = data.tests[point] ? "test image, predicted " : "training image, labelled ";
    words.textContent = data.ids[point] + ": " + kind + data.names[data.classes[point]];
  }

  function ring() {
    if (plot.data) Plotly.restyle(plot, { x: [[data.x[shown]]], y: [[data.y[shown]]] }, [traces.length]);
  }

  function step(by) {
    const among = data.ids.map((_, point) => point).filter((point) => only === null || data.classes[point] === only);
    const place = among.indexOf(shown);
    show(among[place < 0 ? 0 : (place + by + among.length) % among.length]);
    ring();
  }

  function choose(button) {
    const number = Number(button.dataset.class);
    only = only === number ? null : number;
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(Number(other.dataset.class) === only)));
    if (!plot.data) return;
    const seen = traces.map((trace) => only === null || trace.number === only);
    Plotly.restyle(plot, { "marker.opacity": seen.map((yes) => (yes ? 0.85 : 0.08)), hoverinfo: seen.map((yes) => (yes ? "none" : "skip")) },
      traces.map((_, place) => place));
  }

  function trace(number, test) {
    const points = data.ids.map((_, point) => point).filter((point) => data.classes[point] === number && data.tests[point] === test);
    const [colour, symbol] = data.styles[number];
    return { number: number, type: "scatter", mode: "markers", hoverinfo: "none", customdata: points, x: points.map((point) => data.x[point]),
      y: points.map((point) => data.y[point]),
      marker: { color: colour, symbol: test ? symbol + "-open" : symbol, size: test ? 5 : 8, opacity: 0.85,
        line: test ? {} : { width: 1, color: "rgba(255,255,255,0.8)" } } };
  }

  function draw() {
    traces = [1, 0].flatMap((test) => data.names.map((_, number) => trace(number, test))).filter((found) => found.x.length);
    const chosen = { type: "scatter", mode: "markers", hoverinfo: "skip", x: [], y: [],
      marker: { symbol: "circle-open", size: 18, color: "#e6005a", line: { width: 3 } } };
    const axis = { visible: false, fixedrange: false };
    Plotly.newPlot(plot, [...traces.map(({ number, ...rest }) => rest), chosen], {
      showlegend: false, hovermode: "closest", dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      margin: { l: 4, r: 4, t: 4, b: 4 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis,
    }, { displayModeBar: false, responsive: true });
    plot.on("plotly_hover", (event) => show(event.points[0].customdata));
    plot.on("plotly_click", (event) => { show(event.points[0].customdata); ring(); });
    if (shown !== null) ring();
  }

  find("embedding-back").addEventListener("click", () => step(-1));
  find("embedding-on").addEventListener("click", () => step(1));
  buttons.forEach((button) => button.addEventListener("click", () => choose(button)));
  /* Drawn when it comes near the window, or to be printed. */
  const sight = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) begin(); }, { rootMargin: "400px" });
  function begin() {
    sight.disconnect();
    if (!plot.data) draw();
  }
  sight.observe(plot);
  addEventListener("beforeprint", begin);
})();
