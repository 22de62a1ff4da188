import { signal } from "@preact/signals";

/** The rooms of the page, in the order of its navigation. The address names the one that is shown: `#race`. */
export const VIEWS = ["teach", "understand", "lab", "race"] as const;
export type View = (typeof VIEWS)[number];

export const view = signal<View>(fromAddress());

addEventListener("hashchange", () => {
  view.value = fromAddress();
  scrollTo(0, 0);
});

function fromAddress(): View {
  return VIEWS.find((name) => `#${name}` === location.hash) ?? "teach";
}
