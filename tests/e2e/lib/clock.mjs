/** Lets a worker's clock run fifty times too fast, so that what is seconds apart comes at once. Runs in the worker. */
export function hurry() {
  const now = performance.now.bind(performance);
  performance.now = () => 50 * now();
}
