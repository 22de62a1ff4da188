import { useMemo } from "preact/hooks";
import { calm } from "../../state/calm.js";

/** Paper in all colours, falling once; none for those who want things calm. */
export function Confetti({ pieces }: { pieces: number }) {
  const falling = useMemo(() => Array.from({ length: calm() ? 0 : pieces }, piece), [pieces]);
  return (
    <div class="confetti" aria-hidden="true">
      {falling.map((style, index) => (
        <i key={index} class={`colour-${index % 8}`} style={style} />
      ))}
    </div>
  );
}

function piece() {
  const random = (from: number, to: number) => from + (to - from) * Math.random();
  return {
    insetInlineStart: `${random(0, 100)}%`,
    "--drift": `${random(-120, 120)}px`,
    "--turn": `${random(-900, 900)}deg`,
    animationDuration: `${random(1.6, 3)}s`,
    animationDelay: `${random(0, 0.5)}s`,
  };
}
