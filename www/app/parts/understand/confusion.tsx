import { useState } from "preact/hooks";
import { classOf, examined, type Insight } from "../../state/insight.js";
import { UNDERSTAND } from "../../words.js";
import { DoodleButton } from "./doodle-button.js";

const { matrix } = UNDERSTAND;

/** With more classes, squares are small. */
const MANY = 6;

/** What was drawn against what was said; a square opens its doodles. */
export function Confusion({ insight }: { insight: Insight }) {
  // By label, which stays the same while classes are renamed.
  const [open, setOpen] = useState<[drawn: string, said: string] | null>(null);
  const { classes: judged, confusion } = insight.evaluation;
  const columns = judged.map(({ label }) => ({ label, one: classOf(insight, label) }));
  const rows = columns.map((column, index) => ({ ...column, counts: confusion[index]! }));
  const name = ({ label, one }: (typeof columns)[number]) => one?.name ?? label;
  const isOpen = (drawn: string, said: string) => open?.[0] === drawn && open[1] === said;
  const [drawn, said] = [0, 1].map((k) => columns.find(({ label }) => label === open?.[k]));
  return (
    <section class="confusion panel" aria-labelledby="confusion-title">
      <h3 id="confusion-title">{matrix.title}</h3>
      <p class="how-to-read">{matrix.read}</p>
      <div class="scroll" role="group" aria-labelledby="confusion-title" tabIndex={0}>
        <table class={columns.length > MANY ? "many" : undefined}>
          <thead>
            <tr>
              <td class="corner">{matrix.corner}</td>
              {columns.map((column) => (
                <th key={column.label} scope="col" class={`colour-${column.one?.colour}`}>
                  <span title={name(column)}>{name(column)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const total = row.counts.reduce((sum, count) => sum + count, 0);
              return (
                <tr key={row.label}>
                  <th scope="row" class={`colour-${row.one?.colour}`}>
                    <span title={name(row)}>{name(row)}</span>
                  </th>
                  {columns.map((column, index) => {
                    const count = row.counts[index]!;
                    const right = row.label === column.label;
                    return (
                      <td
                        key={column.label}
                        class={right ? `right colour-${row.one?.colour}` : "wrong"}
                        style={{ "--share": `${total ? Math.round((75 * count) / total) : 0}%` }}
                      >
                        {count > 0 ? (
                          <button
                            type="button"
                            aria-label={matrix.cell(name(row), name(column), count)}
                            aria-expanded={isOpen(row.label, column.label)}
                            aria-controls="confusion-doodles"
                            onClick={() =>
                              setOpen(isOpen(row.label, column.label) ? null : [row.label, column.label])
                            }
                          >
                            {count}
                          </button>
                        ) : (
                          <span class="nothing">0</span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div id="confusion-doodles">
        {drawn && said && <Cell drawn={drawn.label} said={said.label} insight={insight} />}
      </div>
    </section>
  );
}

function Cell({ drawn, said, insight }: { drawn: string; said: string; insight: Insight }) {
  const name = (label: string) => classOf(insight, label)?.name ?? label;
  const some = examined.value.filter(({ label, said: answer }) => label === drawn && answer === said);
  return (
    <div class="cell-doodles">
      <h4>{matrix.opened(name(drawn), name(said), some.length)}</h4>
      <ul class="doodle-row">
        {some.map((one) => (
          <li key={one.doodle.id}>
            <DoodleButton {...one} />
          </li>
        ))}
      </ul>
    </div>
  );
}
