import { useState } from "preact/hooks";
import { KEEPING } from "../../words.js";
import { doodleCount } from "../../state/doodles.js";
import { saveDrawings, savePictures } from "../../state/files/drawings.js";
import { saveModel, saveProject } from "../../state/files/projects.js";
import { saveWebpage } from "../../state/files/webpage.js";
import { answers, tuner, whyNoTuner } from "../../state/learner.js";
import { complain } from "../../state/notices.js";

type Kind = keyof typeof KEEPING.files;

/** What each file is made by, and what is missing for it. */
const FILES: Record<Kind, { save: () => Promise<void>; missing: () => string | undefined }> = {
  project: { save: saveProject, missing: noTuner },
  drawings: { save: saveDrawings, missing: noDoodle },
  pictures: { save: savePictures, missing: noDoodle },
  webpage: { save: saveWebpage, missing: noModel },
  safetensors: { save: () => saveModel("safetensors"), missing: noModel },
  onnx: { save: () => saveModel("onnx"), missing: noModel },
};

/** Everything as files. */
export function TakeHome() {
  const [working, setWorking] = useState<Kind | null>(null);
  const save = async (kind: Kind) => {
    setWorking(kind);
    try {
      await FILES[kind].save();
    } catch (error) {
      complain(error);
    }
    setWorking(null);
  };
  return (
    <section aria-labelledby="take-home-title">
      <h3 id="take-home-title">{KEEPING.takeHome}</h3>
      <ul class="files">
        {(Object.keys(FILES) as Kind[]).map((kind) => {
          const { title, note } = KEEPING.files[kind];
          const missing = FILES[kind].missing();
          return (
            <li key={kind}>
              <button type="button" disabled={!!missing || working !== null} onClick={() => void save(kind)}>
                <b>{title}</b>
                <small>{working === kind ? KEEPING.working : (missing ?? note)}</small>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function noTuner(): string | undefined {
  return tuner.value ? noDoodle() : whyNoTuner();
}

/** Where nothing was trained, the mean of each class is a model too. */
function noModel(): string | undefined {
  if (!tuner.value) return whyNoTuner();
  return answers.value ? undefined : KEEPING.untrained;
}

function noDoodle(): string | undefined {
  return doodleCount.value === 0 ? KEEPING.empty : undefined;
}
