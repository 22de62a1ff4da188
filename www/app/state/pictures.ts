/** What a picture becomes, or nothing where the browser cannot read it. */
export type Shrunk = Blob | null;

/** Makes pictures as small as they are kept, away from this thread: a photo of 50 megapixels would hold it for a second. */
export class Shrinker {
  #worker: Worker | undefined;

  /** One at a time. Rejects if the browser cannot read the picture. */
  shrink(file: Blob): Promise<Blob> {
    const worker = (this.#worker ??= new Worker(new URL("./shrink.worker.ts", import.meta.url), {
      type: "module",
    }));
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Shrunk>) => (data ? resolve(data) : reject());
      // One that is too large for the memory takes the worker with it; the next one gets another.
      worker.onerror = () => {
        this.close();
        reject();
      };
      worker.postMessage(file);
    });
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
