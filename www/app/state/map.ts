import type { DoodleTune, Features } from "../../lib/index.js";
import { UNDERSTAND } from "../words.js";
import { doodlesByExample } from "./learner.js";
import type { Layout, LayoutRequest } from "./layout-worker.js";
import type { Place } from "./layout.js";

/** Where the network sees each doodle. */
export interface Side {
  places: Place[];
  /** Share of doodles whose nearest neighbour is of their class. */
  agreement: number;
}

/** The doodles as points, in the order of `doodles`. */
export interface FeatureMap {
  doodles: string[];
  before: Side;
  /** Null where the network itself has not changed. */
  after: Side | null;
}

/** Asks the tuner for the features and has them laid out off the page's thread. */
export async function mapOf(tuner: DoodleTune, trained: boolean): Promise<FeatureMap> {
  const before = await tuner.features({ pretrained: true });
  const after = trained ? await tuner.features() : before;
  const changed = after.values.some((value, index) => value !== before.values[index]);
  const clouds = (changed ? [before, after] : [before]).map(({ length, values }) => ({ length, values }));
  const { places, agreements } = await inWorker({ clouds, labels: before.labels });
  const side = (index: number): Side => ({ places: places[index]!, agreement: agreements[index]! });
  return { doodles: doodlesOf(before), before: side(0), after: changed ? side(1) : null };
}

/** Doodles that went while the features were on their way have no id any more. */
function doodlesOf({ ids }: Features): string[] {
  const doodles = doodlesByExample();
  return ids.map((id) => doodles.get(id) ?? "");
}

/** Ends the map under way, which nobody waits for any more. */
let giveUp = () => {};

function inWorker(request: LayoutRequest): Promise<Layout> {
  giveUp();
  const worker = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
  const answer = new Promise<Layout>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Layout>) => resolve(data);
    worker.onerror = giveUp = () => reject(new Error(UNDERSTAND.map.failed));
  });
  worker.postMessage(request);
  return answer.finally(() => worker.terminate());
}
