import { classOf, type Insight } from "../../state/insight.js";
import { percent, UNDERSTAND } from "../../words.js";
import { DataTable } from "../data-table.js";

const { quality } = UNDERSTAND;

/** Recall and precision of each class. */
export function Quality({ insight }: { insight: Insight }) {
  return (
    <section class="quality panel" aria-labelledby="quality-title">
      <h3 id="quality-title">{quality.title}</h3>
      <p class="how-to-read">{quality.read}</p>
      <DataTable titleId="quality-title" columns={quality.columns}>
        {insight.evaluation.classes.map(({ label, examples, recall, precision }) => {
          const one = classOf(insight, label);
          return (
            <tr key={label} class={`colour-${one?.colour}`}>
              <th scope="row">
                <span class="swatch" />
                {one?.name ?? label}
              </th>
              <td>{examples}</td>
              <Share value={recall} />
              <Share value={precision} />
            </tr>
          );
        })}
      </DataTable>
    </section>
  );
}

function Share({ value }: { value: number | null }) {
  return (
    <td>
      <span class="share">
        <span class="share-track" aria-hidden="true">
          <span style={{ inlineSize: `${(value ?? 0) * 100}%` }} />
        </span>
        {value === null ? "–" : percent(value)}
      </span>
    </td>
  );
}
