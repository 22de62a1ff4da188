import type {
  Descent,
  Loss,
  Optimizer,
  PixelAugmentation,
  Schedule,
  StrokeAugmentation,
  Variation,
} from "../../../lib/index.js";
import type { OptionName } from "../../words.js";

/** A number that belongs to a choice: its name in the engine, what it is when nobody says, and its words. */
export interface Extra {
  option: string;
  usual: number;
  whole?: boolean;
  words?: OptionName;
}

type Extras<Choice extends { name: string }> = Record<Choice["name"], readonly Extra[]>;

const decay = (usual: number): Extra => ({ option: "weightDecay", usual });

export const DESCENTS: Extras<Descent> = {
  sgd: [{ option: "momentum", usual: 0.9 }, decay(0)],
  adam: [decay(0)],
  adamw: [decay(0.01)],
  radam: [decay(0)],
  lion: [decay(0)],
};

export const OPTIMIZERS: Extras<Optimizer> = {
  ...DESCENTS,
  logistic: [],
  lookahead: [
    { option: "steps", usual: 5, whole: true },
    { option: "share", usual: 0.5, words: "lookaheadShare" },
  ],
};

export const SCHEDULES: Extras<Schedule> = {
  constant: [],
  linear: [],
  cosine: [{ option: "end", usual: 0 }],
  "one-cycle": [
    { option: "rise", usual: 0.3 },
    { option: "start", usual: 0.04, words: "cycleStart" },
    { option: "end", usual: 1e-4 },
  ],
  step: [
    { option: "every", usual: 10, whole: true },
    { option: "factor", usual: 0.5 },
  ],
  plateau: [
    { option: "patience", usual: 5, whole: true, words: "plateauPatience" },
    { option: "factor", usual: 0.5 },
  ],
};

const smoothing: Extra = { option: "smoothing", usual: 0 };

export const LOSSES: Extras<Loss> = {
  "cross-entropy": [smoothing],
  focal: [{ option: "gamma", usual: 2 }, smoothing],
  triplet: [{ option: "margin", usual: 0.2 }],
  contrastive: [{ option: "temperature", usual: 0.1 }],
  distillation: [
    { option: "temperature", usual: 4, words: "softness" },
    { option: "share", usual: 0.9, words: "teacherShare" },
  ],
};

export const MIXINGS: Extras<NonNullable<Variation["mixing"]>> = {
  mixup: [{ option: "alpha", usual: 0.2 }],
  cutmix: [{ option: "alpha", usual: 1 }],
};

export const POLICIES: Extras<NonNullable<PixelAugmentation["policy"]>> = {
  "auto-augment": [],
  "rand-augment": [
    { option: "operations", usual: 2, whole: true },
    { option: "magnitude", usual: 9 },
  ],
};

/** How drawings can be varied, in the order in which one would try it. */
export const STROKE_OPTIONS = [
  "rotation",
  "shear",
  "stretch",
  "bend",
  "jitter",
  "width",
  "dropout",
  "reorder",
  "partial",
  "partialFrom",
] as const satisfies readonly (keyof StrokeAugmentation)[];

/** The same for pictures. */
export const PIXEL_OPTIONS = [
  "shift",
  "scale",
  "cutout",
  "noise",
] as const satisfies readonly (keyof PixelAugmentation)[];
