// Doodles of several strokes, as children draw them, for the pictures of the page.

const line = (...points) => points;
const arc = (x, y, rx, ry = rx, from = 0, to = 1, count = 24) =>
  Array.from({ length: count + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / count);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });

/** Strokes in the square from -1 to 1. */
const DOODLES = {
  Cat: [
    arc(0, 0.15, 0.75, 0.65),
    line([-0.68, -0.1], [-0.7, -0.85], [-0.25, -0.47]),
    line([0.25, -0.47], [0.7, -0.85], [0.68, -0.1]),
    arc(-0.28, 0.02, 0.07),
    arc(0.28, 0.02, 0.07),
    line([-0.08, 0.25], [0.08, 0.25], [0, 0.34], [-0.08, 0.25]),
    line([0.2, 0.34], [0.95, 0.22]),
    line([0.2, 0.42], [0.92, 0.5]),
    line([-0.2, 0.34], [-0.95, 0.22]),
    line([-0.2, 0.42], [-0.92, 0.5]),
  ],
  House: [
    line([-0.65, -0.1], [-0.65, 0.85], [0.65, 0.85], [0.65, -0.1]),
    line([-0.85, -0.05], [0, -0.85], [0.85, -0.05], [-0.85, -0.05]),
    line([-0.15, 0.85], [-0.15, 0.35], [0.18, 0.35], [0.18, 0.85]),
    line([-0.5, 0.1], [-0.28, 0.1], [-0.28, 0.32], [-0.5, 0.32], [-0.5, 0.1]),
  ],
  Fish: [
    arc(-0.15, 0, 0.68, 0.42),
    line([0.5, -0.02], [0.95, -0.4], [0.88, 0.02], [0.95, 0.42], [0.5, 0.04]),
    arc(-0.52, -0.1, 0.06),
    arc(-0.35, 0, 0.3, 0.34, -0.12, 0.12, 8),
  ],
  Sun: [
    arc(0, 0, 0.45),
    ...Array.from({ length: 9 }, (_, i) => {
      const [x, y] = [Math.cos((6.28 * i) / 9), Math.sin((6.28 * i) / 9)];
      return line([0.6 * x, 0.6 * y], [0.95 * x, 0.95 * y]);
    }),
  ],
};

export const NAMES = Object.keys(DOODLES);

/** Strokes of one doodle in the unit square, no two alike. */
export function doodle(name, next) {
  const between = (low, high) => low + (high - low) * next();
  const [size, tilt, stretch] = [between(0.26, 0.4), between(-0.14, 0.14), between(0.85, 1.15)];
  const [x0, y0] = [between(0.45, 0.55), between(0.45, 0.55)];
  const [bendX, bendY, shift] = [between(-0.07, 0.07), between(-0.07, 0.07), between(0, 6)];
  const place = ([x, y]) => {
    const [u, v] = [stretch * x + bendX * Math.sin(3 * y + shift), y + bendY * Math.sin(3 * x + shift)];
    return [
      x0 + size * (u * Math.cos(tilt) - v * Math.sin(tilt)),
      y0 + size * (u * Math.sin(tilt) + v * Math.cos(tilt)),
    ];
  };
  return DOODLES[name].map((stroke) => {
    const [dx, dy] = [between(-0.03, 0.03), between(-0.03, 0.03)];
    return dense(stroke).map(([x, y]) => place([x + dx, y + dy]));
  });
}

/** Long straight pieces are drawn through points on the way. */
function dense(stroke) {
  return stroke.flatMap((to, i) => {
    const from = stroke[i - 1] ?? to;
    const pieces = Math.max(1, Math.round(Math.hypot(to[0] - from[0], to[1] - from[1]) / 0.18));
    return Array.from({ length: pieces }, (_, k) => {
      const share = (k + 1) / pieces;
      return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    });
  });
}
