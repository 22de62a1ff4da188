import { UMAP } from "umap-js";
import { random } from "./random.js";

/** A place on the map, from 0 to 1 both ways. */
export type Place = [number, number];

/** Points in a space of many dimensions, one after the other. */
export interface Cloud {
  length: number;
  values: Float32Array;
}

/** Of fewer, nearly all are neighbours of all, and UMAP says nothing that lasts: the two main directions say more. */
const FEWEST_FOR_UMAP = 24;
const NEIGHBOURS = 15;
/** How far from the middle the points of UMAP begin. */
const START = 10;
/** The same drawings give the same map. */
const SEED = 1;

/** Width of the map per height, about, and how near points may come in heights: less where there are many. */
const ASPECT = 1.8;
const ROOM = 0.1;
const CROWDED = 0.7;
const ROUNDS = 60;
/** Of more, all with all takes too long to compare, and there is no room to keep them apart either. */
const MOST_COMPARED = 2000;

/**
 * Lays clouds of the same points out so that like is near like. Each but the first begins as the first came out, and is
 * turned to match it: what differs then is what differs in the clouds.
 */
export function layOut(clouds: readonly Cloud[]): Place[][] {
  const flat: Place[][] = [];
  for (const cloud of clouds) {
    const [first] = flat;
    const one = flatten(directions(cloud), first);
    flat.push(first ? turn(one, first) : one);
  }
  return flat.map((one) => fit(spread(fit(one))));
}

/** Share of points whose nearest neighbour has the same label; of very many, only some are asked. */
export function agreement(cloud: Cloud, labels: readonly string[]): number {
  const rows = directions(cloud);
  const nearest = (row: number[], index: number) =>
    rows.reduce(
      (best, other, at) => {
        const likeness = at === index ? -Infinity : dot(row, other);
        return likeness > best.likeness ? { likeness, at } : best;
      },
      { likeness: -Infinity, at: -1 },
    ).at;
  const step = Math.ceil((rows.length / MOST_COMPARED) ** 2);
  const asked = [...rows.keys()].filter((index) => index % step === 0);
  const alike = asked.filter((index) => labels[nearest(rows[index]!, index)] === labels[index]);
  return alike.length / asked.length;
}

/** By direction, as the head compares them too, around their common centre. */
function directions({ length, values }: Cloud): number[][] {
  const count = values.length / length;
  const rows = Array.from({ length: count }, (_, i) => [...values.subarray(i * length, (i + 1) * length)]);
  const centre = Array.from({ length }, (_, k) => rows.reduce((sum, row) => sum + row[k]!, 0) / count);
  return rows.map((row) => {
    const moved = row.map((value, k) => value - centre[k]!);
    const size = Math.sqrt(dot(moved, moved)) || 1;
    return moved.map((value) => value / size);
  });
}

function flatten(rows: number[][], start?: readonly Place[]): Place[] {
  const main = principal(rows);
  if (rows.length < FEWEST_FOR_UMAP) return main;
  const nNeighbors = Math.min(NEIGHBOURS, rows.length - 1);
  const umap = new UMAP({ nNeighbors, minDist: 0.5, random: random(SEED) });
  const epochs = umap.initializeFit(rows);
  const places = umap.getEmbedding() as Place[];
  // These are random, and its own to go on from: what lies far apart to begin with stays apart.
  fit(start ?? main).forEach(([x, y], index) => {
    places[index]![0] = START * (2 * x - 1);
    places[index]![1] = START * (2 * y - 1);
  });
  for (let epoch = 0; epoch < epochs; epoch++) umap.step();
  // Drawings that are all alike have no neighbourhoods either.
  return places.flat().every(Number.isFinite) ? places : main;
}

/**
 * The two directions in which the points differ most, by power iteration on how alike they are: on the matrix of all with
 * all, which is never made, as its product with a vector is that of the points with their sum weighted by it.
 */
function principal(rows: readonly number[][]): Place[] {
  const axes: number[][] = [];
  while (axes.length < 2) {
    const next = random(SEED);
    let vector = rows.map(() => next() - 0.5);
    let strength = 0;
    for (let round = 0; round < 100; round++) {
      const image = product(rows, vector);
      // What lies along the axis before is its own.
      for (const axis of axes) add(image, axis, -dot(axis, vector));
      strength = Math.sqrt(dot(image, image));
      if (strength < 1e-9) break;
      vector = image.map((value) => value / strength);
    }
    const scale = strength < 1e-9 ? 0 : Math.sqrt(strength);
    axes.push(vector.map((value) => value * scale));
  }
  return rows.map((_, i) => [axes[0]![i]!, axes[1]![i]!]);
}

/** How alike all points are to their sum weighted by `vector`. */
function product(rows: readonly number[][], vector: readonly number[]): number[] {
  const sum = rows[0]!.map(() => 0);
  rows.forEach((row, i) => add(sum, row, vector[i]!));
  return rows.map((row) => dot(row, sum));
}

/** Turns, mirrors and scales points so that they lie as near as possible to others (Procrustes). */
function turn(points: readonly Place[], onto: readonly Place[]): Place[] {
  const [from, to] = [centred(points), centred(onto)];
  const sum = (of: (a: Place, b: Place) => number) =>
    from.reduce((total, point, index) => total + of(point, to[index]!), 0);
  const size = sum(([x, y]) => x * x + y * y) || 1;
  // The best rotation has the angle of the sum of products of complex numbers; mirrored, of their conjugates.
  const best = [1, -1]
    .map((mirror) => ({
      mirror,
      re: sum(([x, y], [u, v]) => x * u + mirror * y * v),
      im: sum(([x, y], [u, v]) => x * v - mirror * y * u),
    }))
    .reduce((a, b) => (Math.hypot(b.re, b.im) > Math.hypot(a.re, a.im) ? b : a));
  const [re, im] = [best.re / size, best.im / size];
  return from.map(([x, y]) => [re * x - im * best.mirror * y, im * x + re * best.mirror * y]);
}

function centred(points: readonly Place[]): Place[] {
  const [x0, y0] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k]!, 0) / points.length);
  return points.map(([x, y]) => [x - x0!, y - y0!]);
}

/** Fills the map, each way by itself: its units mean nothing. */
function fit(points: readonly Place[]): Place[] {
  const [across, down] = [0, 1].map((k) => {
    const values = points.map((point) => point[k]!);
    const low = Math.min(...values);
    const side = Math.max(...values) - low;
    return (value: number) => (side > 0 ? (value - low) / side : 0.5);
  });
  return points.map(([x, y]) => [across!(x), down!(y)]);
}

/** Moves points apart that would cover each other, and no further. */
function spread(points: Place[]): Place[] {
  if (points.length > MOST_COMPARED) return points;
  const room = Math.min(ROOM, CROWDED / Math.sqrt(points.length));
  const moved = points.map(([x, y]): Place => [x * ASPECT, y]);
  const next = random(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [moved[i]!, moved[j]!];
        let [dx, dy] = [a[0] - b[0], a[1] - b[1]];
        if (Math.hypot(dx, dy) >= room) continue;
        // Of two in the very same place, chance says who gives way where.
        if (dx === 0 && dy === 0) [dx, dy] = [next() - 0.5, next() - 0.5];
        const distance = Math.hypot(dx, dy);
        const push = (room - distance) / distance / 2;
        moved[i] = [a[0] + push * dx, a[1] + push * dy];
        moved[j] = [b[0] - push * dx, b[1] - push * dy];
      }
    }
  }
  return moved.map(([x, y]) => [x / ASPECT, y]);
}

/** Adds another vector, so many times, to `to`. */
function add(to: number[], other: readonly number[], times: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += times * other[i]!;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
