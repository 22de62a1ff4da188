import { signal } from "@preact/signals";
import { DoodleTune, type BackboneName, type CreateOptions } from "../../lib/index.js";

/** The pretrained networks to choose from. */
export const networks = DoodleTune.backbones;

/** The one in use, or on its way; kept in the address, beside the device. */
export const network = signal((asked().get("backbone") ?? "doodle") as BackboneName);

/** Notes the choice, for this visit and for a reload. */
export function noteNetwork(name: BackboneName): void {
  const query = asked();
  query.set("backbone", name);
  query.delete("size"); // which suits one network, but not any other
  history.replaceState(null, "", `?${query}`);
  network.value = name;
}

/** `?backbone=doodle&device=cpu&size=64` overrules; what makes no sense is refused by the tuner, in its words. */
export function optionsFromAddress(): CreateOptions {
  const query = asked();
  const options: CreateOptions = { backbone: network.value };
  if (query.has("device")) options.device = query.get("device") as NonNullable<CreateOptions["device"]>;
  if (query.has("size")) options.size = Number(query.get("size"));
  return options;
}

function asked(): URLSearchParams {
  return new URLSearchParams(location.search);
}
