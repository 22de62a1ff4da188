import { render } from "preact";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/draw.css";
import "./styles/classes.css";
import "./styles/welcome.css";
import "./styles/train.css";
import "./styles/expert.css";
import "./styles/notice.css";
import "./styles/race.css";
import "./styles/keep.css";
import "./styles/contrast.css";
import { App } from "./app.js";
import { startLearner } from "./state/learner.js";
import { listenForDrops, listenForPastes } from "./state/files/bring-in.js";
import { listenForShortcuts } from "./state/shortcuts.js";
import { keepForOffline } from "./state/offline.js";
import { rehearseTrainings } from "./state/rehearsal.js";
import { restore } from "./state/storage.js";

startLearner();
listenForShortcuts();
listenForDrops();
listenForPastes();
keepForOffline();
rehearseTrainings();
// Storage answers within a frame or two; waiting for it saves the page a jump, but not for ever.
await Promise.race([restore(), new Promise((resolve) => setTimeout(resolve, 300))]);
render(<App />, document.getElementById("app")!);
