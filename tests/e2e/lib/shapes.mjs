// Shapes as a hand draws them: every one different, all of them repeatable.

/** A seeded source of numbers from 0 to 1 (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const polygon = (corners) => (t) => {
  const at = t * (corners.length - 1);
  const i = Math.min(Math.floor(at), corners.length - 2);
  const [a, b] = [corners[i], corners[i + 1]];
  return [a[0] + (b[0] - a[0]) * (at - i), a[1] + (b[1] - a[1]) * (at - i)];
};
const onCircle = (turns, radius) => (t) => {
  const angle = 2 * Math.PI * turns * t - Math.PI / 2;
  return [radius(t) * Math.cos(angle), radius(t) * Math.sin(angle)];
};
const starCorners = Array.from({ length: 11 }, (_, i) => onCircle(1, () => (i % 2 ? 0.42 : 1))(i / 10));

/** Outlines in the square from -1 to 1, as functions of the way along them. */
const OUTLINES = {
  circle: onCircle(1, () => 1),
  square: polygon([
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
    [-0.9, -0.9],
  ]),
  triangle: polygon([
    [0, -1],
    [0.95, 0.8],
    [-0.95, 0.8],
    [0, -1],
  ]),
  star: polygon(starCorners),
  spiral: onCircle(3, (t) => t),
  zigzag: polygon([
    [-1, 0.4],
    [-0.6, -0.4],
    [-0.2, 0.4],
    [0.2, -0.4],
    [0.6, 0.4],
    [1, -0.4],
  ]),
};

export const KINDS = Object.keys(OUTLINES);

/** Points of one shape in the unit square, with a wobble, a tilt, a size and a place of its own. */
export function shape(kind, next) {
  const between = (low, high) => low + (high - low) * next();
  const [size, tilt] = [between(0.2, 0.36), between(-0.2, 0.2)];
  const [stretchX, stretchY] = [between(0.88, 1.1), between(0.88, 1.1)];
  const [x0, y0] = [between(size + 0.06, 0.94 - size), between(size + 0.06, 0.94 - size)];
  const waves = [1, 2, 3].map((k) => ({ k, size: between(0, 0.035), shift: between(0, 6.28) }));
  const wobble = (t, turn) =>
    waves.reduce((sum, w) => sum + w.size * Math.sin(6.28 * w.k * t + w.shift + turn), 0);
  const points = kind === "spiral" || kind === "star" ? 48 : 32;
  return Array.from({ length: points + 1 }, (_, i) => {
    const t = i / points;
    const [x, y] = OUTLINES[kind](t);
    const [px, py] = [x * stretchX + wobble(t, 0), y * stretchY + wobble(t, 1.6)];
    return [
      x0 + size * (px * Math.cos(tilt) - py * Math.sin(tilt)),
      y0 + size * (px * Math.sin(tilt) + py * Math.cos(tilt)),
    ];
  });
}
