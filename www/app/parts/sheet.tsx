import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { SHEET, type Stroke } from "../state/doodles.js";
import { beginStroke, ink, type OpenStroke } from "../state/sheet.js";
import { DRAW } from "../words.js";
import { strokePath } from "./ink.js";

const LINE_WIDTH = 15;

/** What is drawn on. */
export interface Paper {
  ink: ReadonlySignal<readonly Stroke[]>;
  beginStroke: () => OpenStroke;
}

const TEACHING: Paper = { ink, beginStroke };

/** The sheet of paper: takes the pen, the finger or the mouse, and shows the ink. */
export function Sheet({ paper = TEACHING, label = DRAW.empty }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const stopShowing = showInk(canvas.current!, paper.ink);
    const stopListening = listenToPen(canvas.current!, paper.beginStroke);
    return () => {
      stopShowing();
      stopListening();
    };
  }, [paper]);
  const hasInk = paper.ink.value.length > 0;
  return (
    <div class="sheet">
      <canvas ref={canvas} role="img" aria-label={hasInk ? DRAW.drawing : label} />
      <p class="sheet-hint" hidden={hasInk} aria-hidden="true">
        {DRAW.here}
      </p>
    </div>
  );
}

/** Redraws once a frame when the ink, the size or the colour scheme has changed. */
function showInk(canvas: HTMLCanvasElement, ink: Paper["ink"]): () => void {
  const pen = canvas.getContext("2d")!;
  const redraws = signal(0);
  const redraw = () => redraws.value++;
  let frame = 0;

  const draw = () => {
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    pen.setTransform(side / SHEET, 0, 0, side / SHEET, 0, 0);
    pen.clearRect(0, 0, SHEET, SHEET);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = LINE_WIDTH;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of ink.peek()) pen.stroke(new Path2D(strokePath(stroke)));
  };
  const unsubscribe = effect(() => {
    void ink.value;
    void redraws.value;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  });
  const resized = new ResizeObserver(redraw);
  resized.observe(canvas);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", redraw);

  return () => {
    unsubscribe();
    cancelAnimationFrame(frame);
    resized.disconnect();
    scheme.removeEventListener("change", redraw);
  };
}

/** One pointer draws at a time; a pen takes over from the hand that rests on the glass. */
function listenToPen(canvas: HTMLCanvasElement, beginStroke: Paper["beginStroke"]): () => void {
  const listening = new AbortController();
  let drawing: PointerEvent | undefined;
  let stroke: OpenStroke;

  const addPoints = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    const units = SHEET / box.width;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of events.length > 0 ? events : [event]) {
      stroke.add(within((clientX - box.left) * units), within((clientY - box.top) * units));
    }
  };
  const on = (
    type: "pointerdown" | "pointermove" | "pointerup" | "pointercancel" | "lostpointercapture",
    f: (e: PointerEvent) => void,
  ) => canvas.addEventListener(type, f, { signal: listening.signal });

  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (drawing && !(event.pointerType === "pen" && drawing.pointerType === "touch")) return;
    event.preventDefault();
    (document.activeElement as HTMLElement | null)?.blur(); // so that Enter keeps the doodle
    canvas.setPointerCapture(event.pointerId);
    if (drawing) stroke.drop(); // it was the hand's
    drawing = event;
    stroke = beginStroke();
    addPoints(event);
  });
  on("pointermove", (event) => {
    if (event.pointerId === drawing?.pointerId) addPoints(event);
  });
  const end = (event: PointerEvent) => {
    if (event.pointerId !== drawing?.pointerId) return;
    drawing = undefined;
    stroke.end();
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("lostpointercapture", end);
  // Which a finger or a pen that rests would open in the midst of a drawing.
  const noMenu = (event: MouseEvent) =>
    ["touch", "pen"].includes((event as PointerEvent).pointerType) && event.preventDefault();
  canvas.addEventListener("contextmenu", noMenu, { signal: listening.signal });
  return () => {
    listening.abort();
    if (drawing) stroke.end();
  };
}

/** Ink that nobody sees must not count: where the hand leaves the sheet, it goes along the edge. */
function within(value: number): number {
  return Math.round(Math.min(Math.max(value, 0), SHEET) * 10) / 10;
}
