import { SHEET, type Stroke } from "../state/doodles.js";

/** A smooth path through a stroke's points, as SVG path data: used by the sheet and the thumbnails alike. */
export function strokePath([xs, ys]: Stroke): string {
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const [x0, y0] = [xs[0], ys[0]];
  if (x0 === undefined || y0 === undefined) return "";
  let path = `M${at(x0, y0)}`;
  for (let i = 1; i < xs.length - 1; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    path += `Q${at(x, y)} ${at((x + xs[i + 1]!) / 2, (y + ys[i + 1]!) / 2)}`;
  }
  // A stroke of one point becomes a dot.
  return `${path}L${at(xs.at(-1)!, ys.at(-1)!)}`;
}

/** The square that holds a drawing, with a little air around it. */
export function inkBox(strokes: readonly Stroke[]): { x: number; y: number; side: number } {
  let [left, top, right, bottom] = [SHEET, SHEET, 0, 0];
  for (const [xs, ys] of strokes) {
    for (const x of xs) [left, right] = [Math.min(left, x), Math.max(right, x)];
    for (const y of ys) [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  const side = Math.max(right - left, bottom - top, SHEET / 10) * 1.16;
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, side };
}

/** Leaves out the points that a thumbnail cannot show. */
export function thin([xs, ys]: Stroke, step: number): Stroke {
  const kept: Stroke = [[], []];
  let [lastX, lastY] = [Infinity, Infinity];
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    if (i < xs.length - 1 && Math.hypot(x - lastX, y - lastY) < step) continue;
    kept[0].push(x);
    kept[1].push(y);
    [lastX, lastY] = [x, y];
  }
  return kept;
}
