import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { program } from "./program.mjs";

/** The name under which WebDriver hands out elements. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const CONTROL = process.platform === "darwin" ? "\uE03D" : "\uE009";
const ENTER = "\uE007";
const WAIT_MS = 60_000;

/** Firefox, driven by the few commands of WebDriver that a test needs. What it downloads goes to `downloads`. */
export async function openFirefox(t, downloads) {
  const driver = spawn(program("GECKODRIVER", ["geckodriver"]), ["--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let session = "";
  t.after(async () => {
    try {
      if (session) await send("DELETE", "");
    } finally {
      driver.removeAllListeners("exit").kill(); // even if Firefox has died, or its pipe would keep this process alive
    }
  });
  const port = await new Promise((resolve, reject) => {
    driver.on("error", reject).on("exit", () => reject(new Error("geckodriver ended before it listened")));
    createInterface(driver.stdout).on("line", (line) => {
      const said = /Listening on .*:(\d+)/.exec(line);
      if (said) resolve(said[1]);
    });
  });
  const send = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}/session${session}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  const capabilities = {
    alwaysMatch: {
      "moz:firefoxOptions": {
        binary: program("FIREFOX", ["firefox-esr", "firefox"]),
        args: ["-headless", "--width=1280", "--height=900"],
        prefs: { "browser.download.folderList": 2, "browser.download.dir": downloads },
      },
    },
  };
  session = `/${(await send("POST", "", { capabilities })).sessionId}`;
  return new Firefox(send);
}

class Firefox {
  constructor(send) {
    this.send = send;
  }

  goto(url) {
    return this.send("POST", "/url", { url });
  }

  reload() {
    return this.send("POST", "/refresh", {});
  }

  /** What a function says in the page. */
  ask(look, ...args) {
    return this.send("POST", "/execute/sync", { script: `return (${look})(...arguments)`, args });
  }

  /** Waits until a function says something in the page, and returns it. */
  async until(look, ...args) {
    for (const from = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const said = await this.ask(look, ...args);
      if (said) return said;
      if (Date.now() - from > WAIT_MS) throw new Error(`in vain, with ${JSON.stringify(args)}: ${look}`);
    }
  }

  /** Waits for the element of a selector, the text in it among those if there are several. */
  async find(selector, text = "") {
    const element = await this.until(
      (selector, text) =>
        [...document.querySelectorAll(selector)].find(({ textContent }) => textContent.includes(text)),
      selector,
      text,
    );
    return element[ELEMENT];
  }

  async click(selector, text) {
    await this.send("POST", `/element/${await this.find(selector, text)}/click`, {});
  }

  /** Types into a field, in place of what is there. */
  async fill(selector, text) {
    await this.click(selector);
    await this.press("a", CONTROL);
    for (const key of [...text, ENTER]) await this.press(key);
  }

  /** Gives a file to a field for files. */
  async give(selector, path) {
    await this.send("POST", `/element/${await this.find(selector)}/value`, { text: path });
  }

  /** Presses a key, maybe while others are held down. */
  press(...[key, ...held]) {
    const down = [...held, key].map((value) => ({ type: "keyDown", value }));
    const up = [key, ...held].map((value) => ({ type: "keyUp", value }));
    const actions = [...down, ...up];
    return this.send("POST", "/actions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  /** Draws a stroke on the sheet, its points in the unit square. */
  async draw(points) {
    const box = await this.ask(() => {
      const sheet = document.querySelector(".sheet canvas");
      sheet.scrollIntoView({ block: "center" });
      const { x, y, width, height } = sheet.getBoundingClientRect();
      return { x, y, width, height };
    });
    const [first, ...rest] = points.map(([x, y]) => ({
      type: "pointerMove",
      duration: 0,
      x: Math.round(box.x + x * box.width),
      y: Math.round(box.y + y * box.height),
    }));
    const [down, up] = ["pointerDown", "pointerUp"].map((type) => ({ type, button: 0 }));
    const actions = [first, down, ...rest, up];
    await this.send("POST", "/actions", {
      actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }],
    });
  }
}
