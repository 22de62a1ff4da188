import { changeNetwork } from "../state/learner.js";
import { network, networks } from "../state/network.js";
import { NETWORK, NETWORKS } from "../words.js";
import { rove } from "./roving.js";

/** Which pretrained network looks at the doodles, where there is a choice. */
export function Network() {
  if (networks.length < 2) return null;
  return (
    <fieldset class="network">
      <legend>{NETWORK}</legend>
      {networks.map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="network"
            checked={name === network.value}
            onKeyDown={rove}
            onChange={() => changeNetwork(name)}
          />
          <span>
            <b>{NETWORKS[name].title}</b>, {NETWORKS[name].purpose}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
