import { useRef } from "preact/hooks";
import { examined, type Examined } from "../../state/insight.js";
import { UNDERSTAND } from "../../words.js";
import { DoodleActions } from "./doodle-actions.js";
import { DoodleButton } from "./doodle-button.js";

/** As many as one looks through gladly. */
const MOST = 6;
/** A lead of the first guess over the second that leaves no doubt. */
const CLEAR = 0.5;

/** Sure but wrong, the surest first. */
export function Surprising() {
  const some = examined.value
    .filter((one) => !one.right && lead(one) >= CLEAR)
    .toSorted((a, b) => lead(b) - lead(a));
  return <Striking kind="surprising" some={some} tell={took} />;
}

/** Right or wrong by a hair, the least sure first. */
export function Doubtful() {
  const some = examined.value.filter((one) => lead(one) < CLEAR).toSorted((a, b) => lead(a) - lead(b));
  return <Striking kind="doubtful" some={some} tell={between} />;
}

function lead({ ranking: [first, second] }: Examined): number {
  return first!.probability - (second?.probability ?? 0);
}

function took({ ranking: [first] }: Examined): string {
  return UNDERSTAND.took(first!.name, first!.probability);
}

function between({ ranking: [first, second] }: Examined): string {
  return UNDERSTAND.between(first!.name, second!.name, first!.probability, second!.probability);
}

interface StrikingProps {
  kind: "surprising" | "doubtful";
  some: readonly Examined[];
  tell: (one: Examined) => string;
}

function Striking({ kind, some, tell }: StrikingProps) {
  const home = useRef<HTMLElement>(null);
  const words = UNDERSTAND[kind];
  return (
    <section ref={home} class={`${kind} panel`} aria-labelledby={`${kind}-title`} tabIndex={-1}>
      <h3 id={`${kind}-title`}>{words.title}</h3>
      <p class="how-to-read">{words.read}</p>
      {some.length === 0 ? (
        <p class="none">{words.empty}</p>
      ) : (
        <ul class="striking">
          {some.slice(0, MOST).map((one) => (
            <li key={one.doodle.id}>
              <DoodleButton {...one} />
              <div>
                <p>
                  <b>{UNDERSTAND.drawn(one.one.name, one.number)}</b>
                  <br />
                  {tell(one)}
                </p>
                <DoodleActions {...one} done={() => home.current!.focus()} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
