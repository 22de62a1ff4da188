/** A curve's three figures, in the sense of Torrey and Shavlik (2010); the crate's `finetune::comparison` defines them. */
export interface Figures {
  /** The first point. */
  start: number;
  /** The mean rise an epoch until nine tenths of the way to the asymptote are made; without a rise, over all epochs. */
  slope: number;
  /** The mean of the last tenth of the epochs. */
  asymptote: number;
  /** Which point the slope is measured to. */
  steepUntil: number;
}

const STEEP = 0.9;
const TAIL = 10;

/** The figures of validation accuracies by epoch; null without any. */
export function figuresOf(curve: readonly number[]): Figures | null {
  const start = curve[0];
  if (start === undefined) return null;
  const tail = curve.slice(-Math.ceil(curve.length / TAIL));
  const asymptote = tail.reduce((sum, accuracy) => sum + accuracy, 0) / tail.length;
  const rise = asymptote - start;
  const steep = rise > 0 ? curve.findIndex((accuracy) => accuracy - start >= STEEP * rise) : -1;
  if (steep > 0) return { start, slope: (curve[steep]! - start) / steep, asymptote, steepUntil: steep };
  const epochs = curve.length - 1;
  return { start, slope: rise / Math.max(1, epochs), asymptote, steepUntil: epochs };
}
