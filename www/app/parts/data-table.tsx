import type { ComponentChildren } from "preact";

interface Props {
  /** The id of the heading that names it. */
  titleId: string;
  columns: Record<string, string>;
  children: ComponentChildren;
}

/** Rows of figures, which scroll sideways where there is no room. */
export function DataTable({ titleId, columns, children }: Props) {
  return (
    <div class="scroll" role="group" aria-labelledby={titleId} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {Object.entries(columns).map(([key, title]) => (
              <th key={key} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
