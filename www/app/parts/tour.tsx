import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { endTour, goOn, startTour, STOPS, stop, toured, type Stop } from "../state/tour.js";
import { TOUR } from "../words.js";

const PLACES: Record<Stop, string> = {
  sheet: ".sheet",
  classes: ".cards > li",
  train: ".train .big",
  guess: ".guess",
  rooms: ".masthead nav",
};

/** A few words beside what they are about. The page stays usable; Escape, Skip or the last stop end it. */
export function Tour() {
  return stop.value && <Bubble at={stop.value} />;
}

/** For those who said no, or have forgotten. */
export function TourButton() {
  return (
    toured.value && (
      <button type="button" class="text-button tour-button" onClick={startTour}>
        {TOUR.start}
      </button>
    )
  );
}

function Bubble({ at }: { at: Stop }) {
  const bubble = useRef<HTMLDivElement>(null);
  const back = useRef<Element | null>(null);
  const target = document.querySelector<HTMLElement>(PLACES[at]);
  const box = useBox(target);
  const number = STOPS.indexOf(at) + 1;
  useLayoutEffect(() => {
    back.current = document.activeElement;
    return () => (back.current as HTMLElement | null)?.focus?.();
  }, []);
  useLayoutEffect(() => {
    target?.scrollIntoView({ block: "center" });
    bubble.current?.querySelector<HTMLElement>(".primary")?.focus({ preventScroll: true });
  }, [target]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    endTour();
  };
  return (
    <>
      {box && <div class="tour-ring" aria-hidden="true" style={ring(box)} />}
      <div
        ref={bubble}
        class="tour"
        role="dialog"
        aria-labelledby="tour-title"
        aria-describedby="tour-text"
        style={box ? beside(box) : undefined}
        onKeyDown={onKeyDown}
      >
        <h2 id="tour-title">{TOUR.stops[at].title}</h2>
        <p id="tour-text">{TOUR.stops[at].text}</p>
        <div class="tour-foot">
          <span>{TOUR.count(number, STOPS.length)}</span>
          {number < STOPS.length && (
            <button type="button" class="text-button" onClick={endTour}>
              {TOUR.skip}
            </button>
          )}
          <button type="button" class="primary" onClick={goOn}>
            {number < STOPS.length ? TOUR.next : TOUR.done}
          </button>
        </div>
      </div>
    </>
  );
}

/** Where an element is in the window, wherever it is moved to. */
function useBox(target: HTMLElement | null): DOMRect | undefined {
  const [box, setBox] = useState<DOMRect>();
  useLayoutEffect(() => {
    if (!target) return setBox(undefined);
    const look = () => setBox(target.getBoundingClientRect());
    look();
    const moved = new AbortController();
    addEventListener("scroll", look, { capture: true, passive: true, signal: moved.signal });
    addEventListener("resize", look, { signal: moved.signal });
    const resized = new ResizeObserver(look);
    resized.observe(target);
    return () => {
      moved.abort();
      resized.disconnect();
    };
  }, [target]);
  return box;
}

function ring({ left, top, width, height }: DOMRect) {
  const air = 6;
  const [x, y] = [`${left - air}px`, `${top - air}px`];
  return { left: x, top: y, width: `${width + 2 * air}px`, height: `${height + 2 * air}px` };
}

const [WIDTH, HEIGHT, GAP] = [300, 190, 18];

/** Beside it where there is room, else below or above it, else over its lower end. */
function beside(box: DOMRect) {
  const within = (value: number, size: number, whole: number) =>
    Math.max(12, Math.min(value, whole - size - 12));
  const [left, top] = [within(box.left, WIDTH, innerWidth), within(box.top, HEIGHT, innerHeight)];
  const at = (x: number, y: number) => ({ left: `${x}px`, top: `${y}px` });
  if (box.right + GAP + WIDTH < innerWidth) return at(box.right + GAP, top);
  if (box.left - GAP - WIDTH > 0) return at(box.left - GAP - WIDTH, top);
  if (box.bottom + GAP + HEIGHT < innerHeight) return at(left, box.bottom + GAP);
  if (box.top - GAP - HEIGHT > 0) return at(left, box.top - GAP - HEIGHT);
  return at(left, innerHeight - HEIGHT - 12);
}
