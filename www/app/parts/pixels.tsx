import type { CanvasHTMLAttributes } from "preact";
import { useEffect, useRef } from "preact/hooks";

type Attributes = Omit<CanvasHTMLAttributes<HTMLCanvasElement>, "ref">;

/** An image in its own pixels; an empty one while there is none. */
export function Pixels({ image, ...attributes }: { image: ImageData | null | undefined } & Attributes) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!image) return;
    canvas.current!.width = image.width;
    canvas.current!.height = image.height;
    canvas.current!.getContext("2d")!.putImageData(image, 0, 0);
  }, [image]);
  return <canvas ref={canvas} {...attributes} />;
}
