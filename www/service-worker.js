// Keeps the page for use without a network. The build puts VERSION, FILES (what the page needs) and EXTRAS (what only
// some visits need) in front of this.
/* global VERSION, FILES, EXTRAS */

/** Another copy of the page may live under another path of the same origin, and has its own. */
const OWN = `doodletune ${registration.scope} `;
const CACHE = OWN + VERSION;
/** Files that a visit has asked for; their names change with their content, so that they outlive versions. */
const KEPT = `${OWN}extras`;
/** A network that says nothing for so long is taken for none. */
const PATIENCE_MS = 3000;

const addressOf = (file) => new URL(file, registration.scope).href;
const extras = new Set(EXTRAS.map(addressOf));
const pages = new Set(["./", "index.html"].map(addressOf));

// No skipWaiting: pages that are open go on with the files that they were made for.
addEventListener("install", (event) => {
  // Chromium asks the network too while a worker starts, and may take its refusal for the answer.
  event.addRoutes?.({ condition: { requestMode: "navigate" }, source: "fetch-event" });
  event.waitUntil(Promise.all(FILES.map(keep)));
});

addEventListener("activate", (event) => event.waitUntil(cleanUp().then(() => clients.claim())));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  url.search = url.hash = "";
  if (request.mode === "navigate") {
    if (pages.has(url.href)) event.respondWith(openPage(request));
  } else event.respondWith(extras.has(url.href) ? fetchOnce(request) : find(request));
});

/** Keeps a file of this version, or fails, and the version with it. */
async function keep(file) {
  const request = new Request(addressOf(file), { cache: "no-cache" });
  const answer = await fetch(request);
  if (!isFile(request, answer)) throw new Error(`Instead of ${file} came something else.`);
  const cache = await caches.open(CACHE);
  await cache.put(request, answer);
}

/** Whether that was asked for: some servers and filters send a page in its place, and call it a success. */
function isFile({ url }, answer) {
  const page = answer.headers.get("content-type")?.startsWith("text/html");
  return answer.ok && (!page || pages.has(url));
}

/** The newest page that there is; without a network, or with a server in trouble, the one that is kept. */
async function openPage(request) {
  const kept = await own(addressOf("./"));
  const newest = fetch(request);
  if (!kept) return newest;
  // A page that has moved or is gone is not to be had from here for ever.
  const choice = newest.then((answer) => (answer.status >= 500 || answer.status === 429 ? kept : answer));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  return Promise.race([choice.catch(() => kept), late]);
}

/** This version's file. The newest page may ask for one of its own version, which may be here and wait for its turn. */
async function find(request) {
  return (await own(request)) ?? (await caches.match(request)) ?? fetch(request);
}

/** Looked up without opening it: that would bring an old version's cache back which a newer one has just deleted. */
function own(request) {
  return caches.match(request, { cacheName: CACHE });
}

async function fetchOnce(request) {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  // A full disk is no reason to go without.
  if (isFile(request, answer)) cache.put(request, answer.clone()).catch(() => {});
  return answer;
}

/** Drops what only former versions needed. */
async function cleanUp() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OWN) && name !== CACHE && name !== KEPT) await caches.delete(name);
  }
  const cache = await caches.open(KEPT);
  for (const request of await cache.keys()) if (!extras.has(request.url)) await cache.delete(request);
}
