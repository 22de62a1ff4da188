import { contenders, CONTROL, facts, results, spotlight, type Result } from "../../state/lab.js";
import { gain, LAB, percent, raceFacts, raceVerdict, STRATEGIES } from "../../words.js";
import { lookOf } from "./chart.js";
import { DataTable } from "../data-table.js";

/** The figures of those who are through, and how far they can be believed. */
export function LabTable() {
  const rows = results.value;
  if (rows.length === 0) return null;
  const control = rows.some(({ contender }) => contender.strategy === CONTROL);
  return (
    <section class="lab-results panel" aria-labelledby="lab-results-title">
      <h2 id="lab-results-title">{LAB.table}</h2>
      {facts.value && (
        <>
          <Verdict rows={rows} tested={facts.value.tested} />
          <p class="lab-facts">{raceFacts(facts.value)}</p>
        </>
      )}
      <DataTable titleId="lab-results-title" columns={LAB.columns}>
        {rows.map((row) => (
          <Row key={row.contender.strategy} row={row} />
        ))}
      </DataTable>
      <p class="how-to-read">{LAB.caveat}</p>
      <p class="how-to-read">{control ? LAB.gainsHint : LAB.noControl}</p>
    </section>
  );
}

function Row({ row: { contender, figures, gain: over } }: { row: Result }) {
  const { strategy, state, report, seconds, problem } = contender;
  const tested = report?.evaluation;
  const title = (
    <th scope="row">
      <span class="swatch" />
      {STRATEGIES[strategy].title}
      {state === "stopped" && <small>{LAB.states.stopped}</small>}
    </th>
  );
  const look = `${lookOf(strategy)}${spotlight.value === strategy ? " lit" : ""}`;
  if (problem) {
    return (
      <tr class={look}>
        {title}
        <td colSpan={6} class="lab-problem">
          {problem}
        </td>
      </tr>
    );
  }
  return (
    <tr class={look}>
      {title}
      <td>
        {tested ? percent(tested.accuracy) : "–"}
        {tested && <small>{LAB.interval(...tested.accuracyInterval)}</small>}
      </td>
      <td>{tested ? tested.loss.toFixed(2) : "–"}</td>
      <td>{seconds === null ? "–" : seconds.toFixed(seconds < 1 ? 2 : 1)}</td>
      {(["start", "slope", "asymptote"] as const).map((key) => (
        <td key={key}>
          {figures ? (key === "slope" ? gain(figures.slope) : percent(figures[key])) : "–"}
          {over && <small>{gain(over[key])}</small>}
        </td>
      ))}
    </tr>
  );
}

/** Who is ahead, and whether that may be chance. */
function Verdict({ rows, tested }: { rows: readonly Result[]; tested: number }) {
  const known = rows.flatMap(({ contender: { strategy, report } }) =>
    report?.evaluation ? [{ strategy, evaluation: report.evaluation }] : [],
  );
  if (known.length < 2 || contenders.value.length < 2) return null;
  const best = Math.max(...known.map(({ evaluation }) => evaluation.accuracy));
  const [ahead, behind] = [
    known.filter(({ evaluation }) => evaluation.accuracy === best),
    known.filter(({ evaluation }) => evaluation.accuracy < best),
  ];
  const lowest = Math.min(...ahead.map(({ evaluation }) => evaluation.accuracyInterval[0]));
  const tied = behind.filter(({ evaluation }) => evaluation.accuracyInterval[1] >= lowest);
  const names = (some: typeof known) => some.map(({ strategy }) => strategy);
  return <p class="lab-verdict">{raceVerdict(names(ahead), names(tied), tested)}</p>;
}
