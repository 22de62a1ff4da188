import type { Plan } from "../../lib/index.js";

/** What the engine refused, in its words, and which field of the plan it is about. */
export interface Refusal {
  message: string;
  /** Which phase it is about; absent if it is about the plan as a whole. */
  phase?: number;
  /** The last part of the option's name, such as `rate` or `weightDecay`. */
  field?: string;
  /** The value that was refused, as the engine writes it: two options of a phase may share a name. */
  value?: string;
}

/** Finds in the engine's sentence what it is about: `phase “head”: rate is 0, but must be above 0 and at most 10`. */
export function readRefusal(message: string, plan: Plan | null): Refusal {
  const [, name, said] = /^phase “(.*?)”: (.*)$/s.exec(message) ?? [undefined, undefined, message];
  const phase = plan?.phases.findIndex((one) => one.name === name) ?? -1;
  const place = name !== undefined && phase >= 0 ? { phase } : {};
  const [, option, value] = /^([\w.]+) is (.*), but must be /s.exec(said!) ?? [];
  const field = option?.split(".").at(-1) ?? about(said!);
  return { message: said!, ...place, ...(field && { field }), ...(value !== undefined && { value }) };
}

/** Some refusals are about how two options go together; this is the one to change. */
function about(said: string): string | undefined {
  if (/^(train |there is no stage)/.test(said)) return "train";
  if (said.startsWith("the optimizer")) return "optimizer";
  if (said.startsWith("a loss on embeddings")) return "loss";
  if (said.startsWith("a head starts from prototypes")) return "start";
  return said.startsWith("random weights") ? "weights" : undefined;
}
