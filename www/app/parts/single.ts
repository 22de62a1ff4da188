/** A double-click is one wish: what has slid under the pointer meanwhile was not meant. Keys click as often as they like. */
export const single =
  <E extends MouseEvent>(act: (event: E) => void) =>
  (event: E) => {
    if (event.detail < 2) act(event);
  };
