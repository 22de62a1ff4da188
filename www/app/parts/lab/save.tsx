import type { RefObject } from "preact";
import { contenders, facts, results } from "../../state/lab.js";
import { csv } from "../../state/csv.js";
import { hand } from "../../state/files/hand.js";
import { complain } from "../../state/notices.js";
import { LAB, raceFacts, STRATEGIES } from "../../words.js";
import { lookOf } from "./chart.js";
import { paper, pictureOf, pngOf } from "../picture.js";

/** What came of the race, to take along. */
export function LabSave({ charts }: { charts: RefObject<HTMLElement | null> }) {
  const save = (name: string, text: string) => void hand(name, new Blob([text], { type: "text/csv" }));
  return (
    <p class="lab-save">
      <button type="button" class="room-button" onClick={() => save(LAB.tableFile, tableAsCsv())}>
        {LAB.saveTable}
      </button>
      <button type="button" class="room-button" onClick={() => save(LAB.curvesFile, curvesAsCsv())}>
        {LAB.saveCurves}
      </button>
      <button
        type="button"
        class="room-button"
        onClick={() =>
          picture(charts.current!).then((png) => hand(LAB.pictureFile, png, LAB.pictureTitle), complain)
        }
      >
        {LAB.savePicture}
      </button>
    </p>
  );
}

/** Shares from 0 to 1, for programs; columns keep their names in every language. */
function tableAsCsv(): string {
  const head = [
    ...["strategy", "state", "accuracy", "accuracy_low", "accuracy_high", "loss", "seconds"],
    ...["start", "slope", "asymptote", "start_gain", "slope_gain", "asymptote_gain"],
    ...["training_drawings", "test_drawings", "seed"],
  ];
  const rows = results.value.map(({ contender: { strategy, state, report, seconds }, figures, gain }) => [
    ...[strategy, state, report?.evaluation?.accuracy ?? null],
    ...(report?.evaluation?.accuracyInterval ?? [null, null]),
    ...[report?.evaluation?.loss ?? null, seconds],
    ...[figures, gain].flatMap((of) => [of?.start ?? null, of?.slope ?? null, of?.asymptote ?? null]),
    ...[report?.trainingExamples ?? null, report?.validationExamples ?? null, facts.value?.seed ?? null],
  ]);
  return csv([head, ...rows]);
}

function curvesAsCsv(): string {
  const rows = contenders.value.flatMap(({ strategy, readings }) =>
    readings.map(({ phase, seconds, accuracy, loss }, index) => [
      ...[strategy, index + 1, phase, seconds, accuracy, loss],
    ]),
  );
  return csv([["strategy", "epoch", "phase", "seconds", "validation_accuracy", "validation_loss"], ...rows]);
}

/** Title, who is who, and the charts, on the page's own paper. */
async function picture(charts: HTMLElement): Promise<Blob> {
  const pictures = await Promise.all([...charts.querySelectorAll("svg")].map(pictureOf));
  const titles = [...charts.querySelectorAll("figcaption")].map((one) => one.textContent);
  const [gap, row, column] = [20, 22, 190];
  const width = Math.max(...pictures.map((one) => one.width)) + 2 * gap;
  const columns = Math.max(1, Math.floor((width - 2 * gap) / column));
  const legend = Math.ceil(contenders.value.length / columns) * row;
  const height = pictures.reduce((sum, one) => sum + one.height + 2 * gap, 90 + legend);
  const [canvas, pen] = paper(width, height);
  const { backgroundColor } = getComputedStyle(charts.closest(".panel")!);
  const { color, fontFamily } = getComputedStyle(charts);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, width, height);
  const write = (text: string, x: number, y: number, font: string) => {
    pen.font = `${font} ${fontFamily}`;
    pen.fillStyle = color;
    pen.fillText(text, x, y, width - x - gap);
  };
  write(LAB.pictureTitle, gap, 34, "700 20px");
  if (facts.value) write(raceFacts(facts.value), gap, 58, "13px");
  contenders.value.forEach(({ strategy }, index) => {
    const [x, y] = [gap + (index % columns) * column, 86 + Math.floor(index / columns) * row];
    const sample = document.querySelector(`.lab-legend .${lookOf(strategy).replace(" ", ".")} .line`)!;
    const { stroke, strokeDasharray } = getComputedStyle(sample);
    pen.strokeStyle = stroke;
    pen.lineWidth = 3;
    pen.setLineDash(strokeDasharray === "none" ? [] : strokeDasharray.split(",").map(parseFloat));
    pen.beginPath();
    pen.moveTo(x, y - 4);
    pen.lineTo(x + 24, y - 4);
    pen.stroke();
    write(STRATEGIES[strategy].title, x + 32, y, "13px");
  });
  let top = 90 + legend;
  pictures.forEach((one, index) => {
    write(titles[index]!, gap, top, "600 14px");
    pen.drawImage(one, gap, top + 8, one.width, one.height);
    top += one.height + 2 * gap;
  });
  return pngOf(canvas);
}
