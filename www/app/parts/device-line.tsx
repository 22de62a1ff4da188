import { device } from "../state/learner.js";
import { DEVICE, sentence } from "../words.js";

/** Which device computes, why, and how to choose another. */
export function DeviceLine() {
  const report = device.value;
  return (
    <section class="device" aria-labelledby="device-title" data-device={report?.kind}>
      <h2 id="device-title" class="visually-hidden">
        {DEVICE.title}
      </h2>
      {report ? (
        <>
          <p>
            <b>{DEVICE.runs(report)}</b> {sentence(report.reason)}
          </p>
          <details>
            <summary>{DEVICE.details}</summary>
            <table>
              <thead>
                <tr>
                  <th scope="col">{DEVICE.title}</th>
                  <th scope="col">{DEVICE.look}</th>
                </tr>
              </thead>
              <tbody>
                {report.candidates.map((candidate) => (
                  <tr key={candidate.kind + candidate.name}>
                    <td>
                      {DEVICE.choices[candidate.kind]}: {candidate.name}
                    </td>
                    <td>{DEVICE.measured(candidate)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p>{DEVICE.choose}</p>
            <ul class="device-choice">
              {(["auto", "cpu", "webgpu"] as const).map((choice) => (
                <li key={choice}>
                  <a href={linkTo(choice)}>{DEVICE.choices[choice]}</a>
                </li>
              ))}
            </ul>
          </details>
        </>
      ) : (
        <p>{DEVICE.waiting}</p>
      )}
    </section>
  );
}

function linkTo(choice: string): string {
  const query = new URLSearchParams(location.search);
  query.set("device", choice);
  return `?${query}`;
}
