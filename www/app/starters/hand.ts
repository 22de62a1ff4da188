import { SHEET, type Stroke } from "../state/doodles.js";
import type { Next } from "../state/random.js";

/** A line through points in the square from -1 to 1. */
export type Line = [x: number, y: number][];

export function between(next: Next, low: number, high: number): number {
  return low + (high - low) * next();
}

/** Part of an ellipse, in turns from the top, clockwise. */
export function arc(x: number, y: number, rx: number, ry: number, from = 0, to = 1): Line {
  const points = Math.max(8, Math.round(36 * Math.abs(to - from)));
  return Array.from({ length: points + 1 }, (_, index) => {
    const angle = 2 * Math.PI * (from + ((to - from) * index) / points - 0.25);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

/** Lines as a hand draws them: never quite straight, quite level, in the middle, or of the same size. */
export function byHand(lines: readonly Line[], next: Next): Stroke[] {
  const [size, tilt] = [between(next, 0.26, 0.38), between(next, -0.14, 0.14)];
  const [stretchX, stretchY] = [between(next, 0.9, 1.12), between(next, 0.9, 1.12)];
  const [x0, y0] = [between(next, 0.44, 0.56), between(next, 0.44, 0.56)];
  const [bend, phase] = [between(next, -0.06, 0.06), between(next, 0, 6)];
  return lines.map((line) => {
    const [dx, dy] = [between(next, -0.04, 0.04), between(next, -0.04, 0.04)];
    // A hand trembles less on small things.
    const most = 0.03 * Math.min(1, extent(line));
    const waves = [1, 2, 3].map((count) => ({
      count,
      size: between(next, 0, most),
      shift: between(next, 0, 6),
    }));
    const stroke: Stroke = [[], []];
    const points = dense(line);
    points.forEach(([x, y], index) => {
      const wobble = (turn: number) =>
        waves.reduce((sum, wave) => {
          const angle = (6.28 * wave.count * index) / points.length + wave.shift + turn;
          return sum + wave.size * Math.sin(angle);
        }, 0);
      const u = (x + dx + bend * Math.sin(3 * y + phase)) * stretchX + wobble(0);
      const v = (y + dy + bend * Math.sin(3 * x + phase)) * stretchY + wobble(1.6);
      stroke[0].push(onSheet(x0 + size * (u * Math.cos(tilt) - v * Math.sin(tilt))));
      stroke[1].push(onSheet(y0 + size * (u * Math.sin(tilt) + v * Math.cos(tilt))));
    });
    return stroke;
  });
}

/** Half of its width or height. */
function extent(line: Line): number {
  const half = (values: number[]) => (Math.max(...values) - Math.min(...values)) / 2;
  return Math.max(half(line.map(([x]) => x)), half(line.map(([, y]) => y)));
}

/** With points on the way, where a hand would tremble. */
function dense(line: Line): Line {
  return line.flatMap(([x, y], index) => {
    const [fromX, fromY] = line[index - 1] ?? [x, y];
    const pieces = Math.max(1, Math.round(Math.hypot(x - fromX, y - fromY) / 0.15));
    return Array.from({ length: pieces }, (_, piece): [number, number] => {
      const share = (piece + 1) / pieces;
      return [fromX + (x - fromX) * share, fromY + (y - fromY) * share];
    });
  });
}

function onSheet(share: number): number {
  return Math.round(share * SHEET * 10) / 10;
}
