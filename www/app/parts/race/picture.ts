import { inSeconds, RACE } from "../../words.js";
import type { Result, Standing } from "../../state/race/game.js";
import { inkAt } from "../../state/race/ink.js";
import { inkBox, strokePath } from "../ink.js";
import { pngOf } from "../picture.js";

const WIDTH = 1080;
const EDGE = 64;
const GAP = 28;
const COLUMNS = 3;
/** A drawing with the line beneath it. */
const CELL = (WIDTH - 2 * EDGE - (COLUMNS - 1) * GAP) / COLUMNS;
const CAPTION = 84;
const ROW = 74;
const HEAD = 250;
const PAPER = "#fbf7ef";
const INK = "#221f33";
const MUTED = "#67627d";
const COLOURS = ["#c23530", "#2767c4", "#23804a", "#9c6300", "#7a4ce0", "#0b7880", "#c23a84", "#85562a"];
const FONT = '"SF Pro Rounded", "Nunito", system-ui, sans-serif';

/** The result as one picture, on light paper whatever the page looks like. */
export async function picture(
  title: string,
  standings: readonly Standing[],
  results: readonly Result[],
): Promise<Blob> {
  const rows = Math.ceil(results.length / COLUMNS);
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEAD + standings.length * ROW + rows * (CELL + CAPTION + GAP) + EDGE;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const write = (
    text: string,
    x: number,
    y: number,
    size: number,
    colour = INK,
    weight = 600,
    width = WIDTH,
  ) => {
    pen.fillStyle = colour;
    pen.font = `${weight} ${size}px ${FONT}`;
    pen.fillText(text, x, y, Math.min(width, WIDTH - EDGE - x));
  };
  write(RACE.title, EDGE, EDGE + 40, 34, MUTED);
  pen.font = `800 76px ${FONT}`;
  const fit = Math.min(1, (WIDTH - 2 * EDGE) / pen.measureText(title).width);
  write(title, EDGE, EDGE + 124, 76 * fit, INK, 800);

  let y = HEAD;
  const most = Math.max(1, ...standings.map(({ points }) => points));
  for (const { player, points, place } of standings) {
    const colour = COLOURS[player.colour]!;
    write(`${place}`, EDGE, y, 36, MUTED);
    write(player.name, EDGE + 56, y, 36, colour, 800);
    pen.fillStyle = colour;
    pen.beginPath();
    pen.roundRect(EDGE + 400, y - 26, (320 * points) / most, 28, 14);
    pen.fill();
    pen.textAlign = "end";
    pen.fillStyle = INK;
    pen.font = `800 36px ${FONT}`;
    pen.fillText(RACE.points(points), WIDTH - EDGE, y);
    pen.textAlign = "start";
    y += ROW;
  }

  results.forEach((result, index) => {
    const x = EDGE + (index % COLUMNS) * (CELL + GAP);
    const top = y - 20 + Math.floor(index / COLUMNS) * (CELL + CAPTION + GAP);
    drawCell(pen, result, x, top);
    write(result.word, x + 4, top + CELL + 40, 32, INK, 800, CELL);
    const time = result.time === null ? RACE.notRecognised : inSeconds(result.time);
    const several = standings.length > 1 ? `${result.player.name} · ${time}` : time;
    write(several, x + 4, top + CELL + 76, 26, COLOURS[result.player.colour], 600, CELL);
  });
  return pngOf(canvas);
}

function drawCell(pen: CanvasRenderingContext2D, { record, length }: Result, x: number, y: number): void {
  pen.fillStyle = "#ffffff";
  pen.strokeStyle = INK;
  pen.lineWidth = 4;
  pen.beginPath();
  pen.roundRect(x, y, CELL, CELL, 34);
  pen.fill();
  pen.stroke();
  const strokes = inkAt(record, length);
  const box = inkBox(strokes);
  const scale = (CELL - 24) / box.side;
  pen.save();
  pen.translate(x + 12 - box.x * scale, y + 12 - box.y * scale);
  pen.scale(scale, scale);
  pen.lineWidth = 7 / scale;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of strokes) pen.stroke(new Path2D(strokePath(stroke)));
  pen.restore();
}
