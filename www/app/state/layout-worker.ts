import { agreement, layOut, type Cloud, type Place } from "./layout.js";

export interface LayoutRequest {
  clouds: Cloud[];
  labels: string[];
}

export interface Layout {
  /** A map for each cloud. */
  places: Place[][];
  /** Of each cloud, the share of points whose nearest neighbour has the same label. */
  agreements: number[];
}

addEventListener("message", ({ data: { clouds, labels } }: MessageEvent<LayoutRequest>) => {
  const layout: Layout = {
    places: layOut(clouds),
    agreements: clouds.map((cloud) => agreement(cloud, labels)),
  };
  postMessage(layout);
});
