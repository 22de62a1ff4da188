import type { DeviceCandidate, DeviceReport } from "../../lib/index.js";
import { device } from "../state/learner.js";
import { sentence } from "../words.js";

/** Which device computes, why, and how to choose another. */
export function DeviceLine() {
  const report = device.value;
  return (
    <section class="device" aria-labelledby="device-title" data-device={report?.kind}>
      <h2 id="device-title" class="visually-hidden">
        Device
      </h2>
      {report ? (
        <>
          <p>
            Runs on <b>{inWords(report)}</b>. {sentence(report.reason)}
          </p>
          <details>
            <summary>Details and choice</summary>
            <table>
              <thead>
                <tr>
                  <th scope="col">Device</th>
                  <th scope="col">One look</th>
                </tr>
              </thead>
              <tbody>
                {report.candidates.map((candidate) => (
                  <tr key={candidate.kind + candidate.name}>
                    <td>
                      {candidate.kind === "cpu" ? "CPU" : "WebGPU"}: {candidate.name}
                    </td>
                    <td>{measured(candidate)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p>
              Choose yourself: <a href={linkTo("auto")}>the faster</a>, <a href={linkTo("cpu")}>CPU</a> or{" "}
              <a href={linkTo("webgpu")}>WebGPU</a>.
            </p>
          </details>
        </>
      ) : (
        <p>The faster of your processor and your graphics card will be used.</p>
      )}
    </section>
  );
}

function inWords({ kind, software, name }: DeviceReport): string {
  if (kind === "cpu") return "your processor (CPU)";
  return software ? `WebGPU in software (${name})` : `your graphics card (WebGPU, ${name})`;
}

function measured({ milliseconds, problem }: DeviceCandidate): string {
  if (problem) return problem;
  return milliseconds === null
    ? "not measured"
    : `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

function linkTo(choice: string): string {
  const query = new URLSearchParams(location.search);
  query.set("device", choice);
  return `?${query}`;
}
