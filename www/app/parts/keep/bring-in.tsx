import { useRef, useState } from "preact/hooks";
import { KEEPING } from "../../words.js";
import { bringIn } from "../../state/files/bring-in.js";

/** Files into the page, by picker or drop. */
export function BringIn() {
  const picker = useRef<HTMLInputElement>(null);
  const [dropping, setDropping] = useState(false);
  return (
    <section
      aria-labelledby="bring-in-title"
      class={dropping ? "dropping" : ""}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        void bringIn(event.dataTransfer?.files);
      }}
    >
      <h3 id="bring-in-title">{KEEPING.bringIn}</h3>
      <p class="keeping-note">{KEEPING.bringInNote}</p>
      <input
        ref={picker}
        id="bring-in"
        type="file"
        multiple
        hidden
        onChange={() => {
          void bringIn(picker.current!.files);
          picker.current!.value = "";
        }}
      />
      <button type="button" class="tool" onClick={() => picker.current!.click()}>
        {KEEPING.choose}
      </button>
    </section>
  );
}
