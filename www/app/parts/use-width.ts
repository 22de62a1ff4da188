import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** How wide an element is, in pixels: plots are drawn to measure, so that their letters are never scaled. */
export function useWidth<E extends Element>(before: number): [RefObject<E | null>, number] {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(before);
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.round(element.current!.getBoundingClientRect().width) || before);
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element.current!);
    return () => resized.disconnect();
  }, [before]);
  return [element, width];
}
