import { useLayoutEffect, useRef } from "preact/hooks";

/** What a new scene is about, or what comes next in it, has the focus: a keyboard goes on, a screen reader reads. */
export function useFocus<E extends HTMLElement>() {
  const element = useRef<E>(null);
  useLayoutEffect(() => element.current?.focus({ preventScroll: true }), []);
  return element;
}
