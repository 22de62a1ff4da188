const WIDTH = 760;
const HEIGHT = 150;
const LEFT = 64;

/**
 * What was measured along something as an SVG: a panel for each series with its title, from nought. `label` says what the whole
 * is, for those who do not see it.
 */
export function plot(samples, { along, unit, panels: titles, label }) {
  const last = samples.at(-1)[along];
  const x = (value) => LEFT + (value / last) * (WIDTH - LEFT - 16);
  const panels = Object.entries(titles).map(([series, title], index) => {
    const most = 1.15 * Math.max(1, ...samples.map((sample) => sample[series]));
    const [top, bottom] = [index * HEIGHT + 30, (index + 1) * HEIGHT - 16];
    const y = (value) => bottom - (value / most) * (bottom - top);
    const points = samples.map((sample) => `${x(sample[along]).toFixed(1)},${y(sample[series]).toFixed(1)}`);
    const mark = (value) =>
      `<path class="grid" d="M${LEFT} ${y(value).toFixed(1)}H${WIDTH - 16}"/>` +
      `<text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`;
    const step = 10 ** Math.floor(Math.log10(most));
    const marks = [0, Math.floor(most / step) * step].map(mark).join("");
    return `<text class="title" x="${LEFT}" y="${top - 10}">${title}</text>${marks}<polyline points="${points.join(" ")}"/>`;
  });
  const height = panels.length * HEIGHT + 24;
  const ticks = Array.from({ length: 4 }, (_, index) => Math.round((last * index) / 3));
  const axis = ticks.map((tick, index) => {
    const anchor = index === 3 ? "end" : "middle";
    return `<text x="${x(Math.min(tick, last)).toFixed(1)}" y="${height - 12}" text-anchor="${anchor}">${tick} ${unit}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
<style>
  svg { background: #fffdf7; font: 12px sans-serif; fill: #4a4238 }
  .title { font-weight: bold }
  .grid { stroke: #d8cfc0; stroke-width: 1 }
  polyline { fill: none; stroke: #c4512d; stroke-width: 1.6; stroke-linejoin: round }
</style>
${panels.join("\n")}
${axis.join("")}
</svg>
`;
}
