import type { Next } from "../state/random.js";
import { arc, between, type Line } from "./hand.js";

/** Draws one of its kind, each time another. */
export type Draw = (next: Next) => Line[];

export const SETS = {
  shapes: { circle, square, triangle, star },
  faces: {
    happy: (next) => face(next, smile),
    sad: (next) => face(next, frown),
    amazed: (next) => face(next, gasp),
  },
  arrows: {
    up: (next) => arrow(next, 0),
    right: (next) => arrow(next, 1),
    down: (next) => arrow(next, 2),
    left: (next) => arrow(next, 3),
  },
} satisfies Record<string, Record<string, Draw>>;

export type SetName = keyof typeof SETS;

function circle(next: Next): Line[] {
  const from = between(next, 0, 1);
  return [arc(0, 0, 0.95, 0.95, from, from + between(next, 0.96, 1.06))];
}

function square(next: Next): Line[] {
  const [width, height] = [between(next, 0.75, 1), between(next, 0.75, 1)];
  return [polygon([-width, -height], [width, -height], [width, height], [-width, height])];
}

function triangle(next: Next): Line[] {
  return [polygon([between(next, -0.25, 0.25), -1], [0.95, 0.8], [-0.95, 0.8])];
}

function star(next: Next): Line[] {
  const inner = between(next, 0.36, 0.48);
  const corners = Array.from({ length: 10 }, (_, index): [number, number] => {
    const [angle, radius] = [(Math.PI * index) / 5 - Math.PI / 2, index % 2 ? inner : 1];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return [polygon(...corners)];
}

function face(next: Next, mouth: Draw): Line[] {
  const [apart, height] = [between(next, 0.28, 0.4), between(next, -0.38, -0.2)];
  const eye = between(next, 0.04, 0.1);
  const from = between(next, -0.1, 0.1);
  const nose: Line[] =
    next() < 0.4
      ? [
          [
            [0, -0.08],
            [-0.08, 0.16],
            [0.06, 0.16],
          ],
        ]
      : [];
  return [
    arc(0, 0, 0.95, 1, from, from + 1.02),
    arc(-apart, height, eye, eye * 1.3),
    arc(apart, height, eye, eye * 1.3),
    ...nose,
    ...mouth(next),
  ];
}

function smile(next: Next): Line[] {
  return [arc(0, between(next, 0.05, 0.2), between(next, 0.4, 0.58), between(next, 0.3, 0.48), 0.72, 0.28)];
}

function frown(next: Next): Line[] {
  return [
    arc(0, between(next, 0.72, 0.82), between(next, 0.36, 0.5), between(next, 0.28, 0.42), -0.24, 0.24),
  ];
}

function gasp(next: Next): Line[] {
  return [arc(0, between(next, 0.42, 0.52), between(next, 0.16, 0.24), between(next, 0.2, 0.32))];
}

/** By so many quarter turns from the top. */
function arrow(next: Next, turns: number): Line[] {
  const [wing, back] = [between(next, 0.4, 0.62), between(next, 0.35, 0.55)];
  const lines: Line[] = [
    [
      [0, 1],
      [0, -1],
    ],
    [
      [-wing, -1 + back],
      [0, -1],
      [wing, -1 + back],
    ],
  ];
  const [cos, sin] = [Math.cos((turns * Math.PI) / 2), Math.sin((turns * Math.PI) / 2)];
  return lines.map((line) => line.map(([x, y]) => [x * cos - y * sin, x * sin + y * cos]));
}

/** Closed, as far as a hand closes it. */
function polygon(...corners: Line): Line {
  return [...corners, corners[0]!];
}
