import { useEffect, useMemo } from "preact/hooks";
import type { Doodle } from "../state/doodles.js";
import { inkBox, strokePath, thin } from "./ink.js";

/** A small picture of a doodle; drawn only once. */
export function Thumbnail({ input, label }: { input: Doodle["input"]; label: string }) {
  return input instanceof Blob ? (
    <Photo blob={input} label={label} />
  ) : (
    <Drawing strokes={input} label={label} />
  );
}

function Drawing({ strokes, label }: { strokes: Exclude<Doodle["input"], Blob>; label: string }) {
  const [box, path] = useMemo(() => {
    const { x, y, side } = inkBox(strokes);
    return [
      `${x} ${y} ${side} ${side}`,
      strokes.map((stroke) => strokePath(thin(stroke, side / 48))).join(""),
    ];
  }, [strokes]);
  return (
    <svg class="thumbnail" role="img" aria-label={label} viewBox={box}>
      <path d={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function Photo({ blob, label }: { blob: Blob; label: string }) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img class="thumbnail" src={url} alt={label} />;
}
