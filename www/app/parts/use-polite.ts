import { useEffect, useRef, useState } from "preact/hooks";

/** The text for a live region: `text`, but at most once in a while, so that nobody is talked over. */
export function usePolite(text: string, everyMs: number): string {
  const latest = useRef(text);
  latest.current = text;
  const [spoken, setSpoken] = useState("");
  useEffect(() => {
    const timer = setInterval(() => setSpoken(latest.current), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return spoken;
}
