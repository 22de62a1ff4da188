"""How far onnxruntime strays from what the crate says, for every NAME.onnx in a folder with a NAME.json of pictures and
the probabilities that are expected of them: python onnx.py FOLDER"""
import json, pathlib, sys
import numpy, onnxruntime
from PIL import Image

folder = pathlib.Path(sys.argv[1])
most = 0.0
for model in sorted(folder.glob("*.onnx")):
    session = onnxruntime.InferenceSession(model)
    mode = "L" if len(session.get_inputs()[0].shape) == 3 else "RGB"
    answer = lambda pixels: session.run(["probabilities"], {"pictures": pixels})[0]
    cases = json.loads(model.with_suffix(".json").read_text())
    pixels = [numpy.asarray(Image.open(folder / name).convert(mode)) for name, _ in cases]
    found = [answer(one[None])[0] for one in pixels]
    # Of numpy, as Python's own drops NaN.
    apart = numpy.max([abs(one - expected).max() for one, (_, expected) in zip(found, cases)])
    # Together in one batch, those of the same size.
    alike = [index for index, one in enumerate(pixels) if one.shape == pixels[0].shape]
    together = answer(numpy.stack([pixels[index] for index in alike]))
    apart = numpy.max([apart, *(abs(one - found[index]).max() for one, index in zip(together, alike))])
    print(f"{model.stem}: {len(cases)} pictures, {len(alike)} of them together, {apart:.1e} apart")
    most = numpy.maximum(most, apart)
if not most < 1e-4:
    sys.exit(f"{most} is more than 1e-4 apart")
