/** The JavaScript heap of a page and of its workers. */
export class Heap {
  #own;
  /** The conversations with the workers. */
  #workers = [];
  #pending = new Map();
  #last = 0;

  static async of(page) {
    const heap = new Heap();
    heap.#own = await page.context().newCDPSession(page);
    heap.#own.on("Target.attachedToTarget", ({ sessionId }) => heap.#workers.push(sessionId));
    heap.#own.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, result } = JSON.parse(message);
      heap.#pending.get(id)?.(result);
    });
    const how = { autoAttach: true, waitForDebuggerOnStart: false, flatten: false };
    await heap.#own.send("Target.setAutoAttach", how);
    return heap;
  }

  /** Bytes in use after all garbage is gone. */
  async used() {
    const asks = [
      (method) => this.#own.send(method),
      ...this.#workers.map((id) => (method) => this.#ask(id, method)),
    ];
    let used = 0;
    for (const ask of asks) {
      // What waits for a task of its own to be let go of gets one.
      for (let times = 0; times < 3; times++) await ask("HeapProfiler.collectGarbage");
      used += (await ask("Runtime.getHeapUsage")).usedSize;
    }
    return used;
  }

  /** Asks a worker. */
  #ask(sessionId, method) {
    const id = ++this.#last;
    const message = JSON.stringify({ id, method, params: {} });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, resolve);
      this.#own.send("Target.sendMessageToTarget", { sessionId, message }).catch(reject);
    });
  }
}
