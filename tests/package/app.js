// What a page does with the package, whatever brought the package to it: teach, recognise, train, recognise.
import { DoodleTune } from "doodletune";

const line = (n) => [
  [
    [0, 100 + 7 * n],
    [0, 9 * n],
  ],
];

const ring = (n) => [
  Array.from({ length: 33 }, (_, i) => ({
    x: (50 + n) * Math.cos(i / 5),
    y: 50 * Math.sin(i / 5 + n / 9),
  })),
];

globalThis.tryOut = async (options) => {
  const tuner = await DoodleTune.create({ device: "cpu", ...options });
  for (const n of [1, 2]) {
    await tuner.addExample("line", line(n));
    await tuner.addExample("ring", ring(n));
  }
  const before = (await tuner.predict(ring(3))).label;
  const { epochs } = await tuner.train({ plan: { phases: [{ train: "head", epochs: 1 }] } }).result;
  const { label, head } = await tuner.predict(line(3));
  tuner.dispose();
  return { before, epochs, label, head };
};
