import { rate as inWords, STAGES } from "../words.js";

interface Props {
  /** From the input on, without the head. */
  names: readonly string[];
  /** The learning rate of each stage and, last of all, of the head; null for what is frozen, NaN for a rate unknown. */
  rates: readonly (number | null)[];
  /** Makes stages switches; the head always learns. */
  onToggle?: (index: number) => void;
}

/** A picture of the network: what is frozen is ice, what learns has the more colour the more it may change. */
export function Stages({ names, rates, onToggle }: Props) {
  const known = rates.filter((rate): rate is number => rate !== null && rate > 0);
  const highest = Math.max(...known);
  const all = [...names, STAGES.head];
  return (
    <ol class={`stages${onToggle ? " open" : ""}`} aria-label={STAGES.title}>
      {all.map((name, index) => {
        const rate = rates[index] ?? null;
        const style = { "--size": 1 - (0.58 * index) / all.length, "--heat": heat(rate, highest) };
        const label = STAGES.describe(name, rate);
        const block = (
          <span class="stage-block">
            <span class="stage-name">{name}</span>
          </span>
        );
        return (
          <li key={name} class={`stage ${rate === null ? "frozen" : "learning"}`} style={style} title={label}>
            {onToggle && index < names.length ? (
              <button
                type="button"
                aria-pressed={rate !== null}
                aria-label={label}
                onClick={() => onToggle(index)}
              >
                {block}
              </button>
            ) : (
              <>
                {block}
                <span class="visually-hidden">{label}</span>
              </>
            )}
            <span class="stage-rate" aria-hidden="true">
              {rate === null || Number.isNaN(rate) ? "" : inWords(rate)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** Rates differ by powers of ten, and so do colours. */
function heat(rate: number | null, highest: number): number {
  if (rate === null) return 0;
  if (!(rate > 0) || !(highest > 0)) return 1;
  return Math.max(0.3, 1 + Math.log10(rate / highest) / 2.5);
}
