/** What the page in one file has to know beside its model. */
export interface About {
  title: string;
  /** Side of the network's input. */
  size: number;
  /** Colours of the palette by class. */
  colours: Record<string, number>;
}
