import type { ComponentType } from "preact";
import { Header } from "./parts/header.js";
import { Keeping } from "./parts/keep/dialog.js";
import { PageNotice } from "./parts/notice.js";
import { view, type View } from "./state/view.js";
import { Lab } from "./views/lab.js";
import { Race } from "./views/race.js";
import { Teach } from "./views/teach.js";
import { Understand } from "./views/understand.js";

const ROOMS: Record<View, ComponentType> = { teach: Teach, understand: Understand, lab: Lab, race: Race };

export function App() {
  const Room = ROOMS[view.value];
  return (
    <>
      <Header />
      <Room />
      <Keeping />
      <PageNotice />
    </>
  );
}
