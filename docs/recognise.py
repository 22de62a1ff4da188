"""Recognises a picture with a model that doodletune exported: python recognise.py MODEL.onnx PICTURE

Needs `pip install onnxruntime pillow`. The model prepares the picture itself; dark ink on light paper is all it asks for.
"""
import json, sys
import numpy, onnxruntime
from PIL import Image, ImageOps

model = onnxruntime.InferenceSession(sys.argv[1])
labels = json.loads(model.get_modelmeta().custom_metadata_map["labels"])
grey = len(model.get_inputs()[0].shape) == 3
# Upright, and on white paper.
drawn = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGBA")
picture = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
pixels = numpy.asarray(picture.convert("L", (0.2126, 0.7152, 0.0722, 0)) if grey else picture)
[probabilities] = model.run(["probabilities"], {"pictures": pixels[None]})[0]
for probability, label in sorted(zip(probabilities, labels), reverse=True)[:3]:
    print(f"{label}: {probability:.1%}")
