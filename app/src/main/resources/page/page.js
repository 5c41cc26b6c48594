"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const places = document.querySelectorAll(".chart");
  const styles = getComputedStyle(document.documentElement);
  const mostNamed = 6; // more lines than that are told apart by pointing at them

  const variable = name => styles.getPropertyValue(name).trim();

  function color(index, count) {
    if (count <= 3) {
      return variable(["--first", "--second", "--third"][index]);
    }
    return `hsl(${Math.round(250 - 220 * index / (count - 1))} 65% ${variable("--lightness")})`;
  }

  function bars(index, count) {
    return uPlot.paths.bars({ size: [0.8 / count, 60], align: count === 1 ? 0 : index === 0 ? -1 : 1 });
  }

  function options(chart, width, named) {
    const axis = {
      stroke: variable("--quiet"),
      grid: { stroke: variable("--line"), width: 1 },
      ticks: { stroke: variable("--line"), width: 1 },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
    };
    const whole = chart.x.every(Number.isInteger);
    const numbers = (_, values) => values.map(value => value === null ? "" : Number(value.toPrecision(6)).toString());
    const pad = chart.kind === "LINES" ? 0 : 0.6;
    return {
      width,
      height: 300,
      scales: {
        x: { time: false, range: (_, least, most) => least === most ? [least - 1, most + 1] : [least - pad, most + pad] },
        y: chart.logarithmic
          ? { distr: 3 }
          : chart.kind === "BARS" ? { range: (_, least, most) => [0, most > 0 ? most * 1.05 : 1] } : {},
      },
      axes: [
        { ...axis, label: chart.across, ...(whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] } : {}) },
        { ...axis, label: chart.up, size: 80, values: numbers },
      ],
      legend: { show: chart.series.length <= mostNamed },
      focus: { alpha: 0.25 },
      cursor: { focus: { prox: 24 } },
      hooks: {
        setSeries: [(_, index) => {
          named.textContent = index ? chart.series[index - 1].label : "";
        }],
      },
      series: [
        { label: chart.across },
        ...chart.series.map((series, index) => {
          const stroke = color(index, chart.series.length);
          return {
            label: series.label,
            stroke,
            width: chart.kind === "POINTS" ? 0 : 2,
            fill: chart.kind === "BARS" ? stroke : undefined,
            paths: chart.kind === "BARS" ? bars(index, chart.series.length) : chart.kind === "POINTS" ? () => null : undefined,
            points: { show: chart.kind === "POINTS" || (chart.kind === "LINES" && chart.x.length <= 40), size: chart.kind === "POINTS" ? 8 : 5, fill: stroke },
            spanGaps: true,
          };
        }),
      ],
    };
  }

  function draw() {
    charts.forEach((chart, index) => {
      const place = places[index];
      place.replaceChildren();
      const named = document.createElement("div");
      named.className = "named";
      new uPlot(options(chart, place.clientWidth, named), [chart.x, ...chart.series.map(series => series.values)], place);
      if (chart.series.length > mostNamed) {
        place.append(named);
      }
    });
  }

  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printed");
    draw();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printed");
    draw();
  });
  draw();
})();
