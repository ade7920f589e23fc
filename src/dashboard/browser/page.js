/**
 * Keeps the status page current: asks for the live part, and changes only what differs, so that focus, scrolling and
 * opened regions stay. Without this script the page is the same, as of when it was loaded.
 */

const everyMs = 1000;
const slowestMs = 5000;
const typingMs = 200;

const main = byId("live");
const word = byId("connection-word");
const time = byId("connection-time");
const announcer = byId("announce");

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const units = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const inWords = new Intl.RelativeTimeFormat("en");

let tag = main.dataset["tag"] ?? "";
let seenAt = new Date();
let failures = 0;
/** Of the request that counts: an older one that comes back late is dropped. */
let turn = 0;
/** @type {number | undefined} */
let timer;
/** @type {number | undefined} */
let typing;

document.documentElement.classList.add("scripted");
// `toggle` does not bubble, so it is caught on its way down.
main.addEventListener("toggle", takeRegions, true);
main.addEventListener("input", () => {
  window.clearTimeout(typing);
  typing = window.setTimeout(takeSearch, typingMs);
});
main.addEventListener("submit", (event) => {
  event.preventDefault();
  takeSearch();
});
main.addEventListener("click", takeClick);
window.addEventListener("popstate", () => void ask(true));
document.addEventListener("visibilitychange", () => void ask(false));
window.setInterval(() => tellTimes(main), everyMs);
tellTimes(main);
connected();
askAgain(everyMs);

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

/** @param {number} ms */
function askAgain(ms) {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void ask(false), ms);
}

/**
 * Asks for the live part of what the address bar says. `isNew`: the viewer went elsewhere in the page.
 * @param {boolean} isNew
 */
async function ask(isNew) {
  window.clearTimeout(timer);
  if (document.hidden && !isNew) return; // asked for when it is looked at again
  if (isNew) tag = "";
  turn += 1;
  const mine = turn;
  const isGood = await take(mine, isNew).catch(() => false);
  if (mine !== turn) return;
  failures = isGood ? 0 : failures + 1;
  if (!isGood) disconnected();
  askAgain(Math.min(slowestMs, everyMs * 2 ** Math.min(failures, 8)));
}

/** @param {number} mine @param {boolean} isNew */
async function take(mine, isNew) {
  const answer = await fetch(`/live${location.search}`, {
    headers: tag === "" ? {} : { "if-none-match": tag },
    cache: "no-store",
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.status === 403) location.reload(); // the session has ended: the door says what to do
  if (answer.status !== 200) return answer.status === 304 && connected();
  const text = await answer.text();
  if (mine !== turn) return true;
  tag = answer.headers.get("etag") ?? "";
  show(text, isNew);
  return connected();
}

function connected() {
  seenAt = new Date();
  word.textContent = "Live";
  time.textContent = seenAt.toLocaleTimeString();
  time.setAttribute("datetime", seenAt.toISOString());
  byId("connection").className = "connection on";
  return true;
}

function disconnected() {
  const since = `Not connected since ${seenAt.toLocaleTimeString()}`;
  if (failures === 1) announcer.textContent = since;
  word.textContent = "Not connected since";
  byId("connection").className = "connection off";
}

/** @param {string} text @param {boolean} isNew */
function show(text, isNew) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("fleet");
  const old = document.getElementById("fleet");
  if (fresh === null || old === null) return;
  const { title = "", summary = "" } = fresh.dataset;
  tellTimes(fresh); // as the old part has them, or each answer would be another text
  const isNews = summary !== old.dataset["summary"];
  morph(old, fresh, isNew);
  document.title = title;
  if (isNews) announcer.textContent = summary;
}

/**
 * Says of each time when it was by the reader's clock and how long ago, with the whole of it as a hint.
 * @param {Element} part
 */
function tellTimes(part) {
  const now = new Date();
  for (const element of part.querySelectorAll("time")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = `${clockText(at, now)} (${spanText(at, now)})`;
    if (element.textContent === text) continue;
    element.title = `${at.toLocaleString()}, ${at.toISOString()}`;
    element.textContent = text;
  }
}

/** @param {Date} at @param {Date} now */
function clockText(at, now) {
  const isToday = at.toDateString() === now.toDateString();
  const isThisYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleString(undefined, {
    ...(isToday ? {} : { day: "numeric", month: "short" }),
    ...(isThisYear ? {} : { year: "numeric" }),
    hour: "numeric",
    minute: "2-digit",
  });
}

/** `5 minutes ago`, `in 3 hours`: whole units of the largest that has one. @param {Date} at @param {Date} now */
function spanText(at, now) {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const size = Math.abs(seconds);
  const [unit, length] = units.find(([, least]) => size >= least) ?? ["second", 1];
  return inWords.format(Math.trunc(seconds / length), unit);
}

/**
 * Makes `old` equal to `fresh` and keeps every node that can stay.
 * @param {Element} old @param {Element} fresh @param {boolean} isNew
 */
function morph(old, fresh, isNew) {
  morphAttributes(old, fresh);
  if (isNew) morphField(old, fresh);
  const keyed = new Map(Array.from(old.children, (child) => [keyOf(child), child]));
  /** @type {ChildNode | null} */
  let cursor = old.firstChild;
  for (const next of fresh.childNodes) {
    const match = keyOf(next) === "" ? cursor : keyed.get(keyOf(next));
    if (!fits(match, next)) {
      old.insertBefore(document.importNode(next, true), cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else old.insertBefore(match, cursor);
    if (match instanceof Element && next instanceof Element) morph(match, next, isNew);
    else if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
  }
  removeFrom(cursor);
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? (node.getAttribute("data-key") ?? node.id) : "";
}

/**
 * @param {ChildNode | null | undefined} node @param {Node} next
 * @returns {node is ChildNode}
 */
function fits(node, next) {
  return node?.nodeName === next.nodeName && keyOf(node) === keyOf(next);
}

/** @param {ChildNode | null} first */
function removeFrom(first) {
  for (let node = first; node !== null;) {
    const { nextSibling } = node;
    node.remove();
    node = nextSibling;
  }
}

/** @param {Element} old @param {Element} fresh */
function morphAttributes(old, fresh) {
  for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
    const value = fresh.getAttribute(name);
    if (value === null) old.removeAttribute(name);
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** A field shows what the address says, unless somebody types into it. @param {Element} old @param {Element} fresh */
function morphField(old, fresh) {
  if (old instanceof HTMLOptionElement) old.selected = fresh.hasAttribute("selected");
  if (!(old instanceof HTMLInputElement) || old === document.activeElement) return;
  old.value = fresh.getAttribute("value") ?? "";
}

/** The opened regions stand in the address, so that they can be linked to and survive a reload. */
function takeRegions() {
  const url = new URL(location.href);
  const pages = new Map(url.searchParams.getAll("region").map((value) => [nameOf(value), value]));
  url.searchParams.delete("region");
  for (const region of main.querySelectorAll("details.region[open]")) {
    const name = region.getAttribute("data-region") ?? "";
    url.searchParams.append("region", pages.get(name) ?? name);
  }
  goTo(url, true);
}

/** @param {string} value */
function nameOf(value) {
  return value.split(":")[0] ?? "";
}

function takeSearch() {
  const url = new URL(location.href);
  for (const name of ["q", "show", "page"]) url.searchParams.delete(name);
  const [text, filter] = [byId("q"), byId("show")];
  if (text instanceof HTMLInputElement && text.value !== "") url.searchParams.set("q", text.value);
  if (filter instanceof HTMLSelectElement && filter.value !== "all") {
    url.searchParams.set("show", filter.value);
  }
  url.hash = "";
  goTo(url, true);
}

/** @param {URL} url @param {boolean} isSamePlace */
function goTo(url, isSamePlace) {
  if (url.href === location.href) return;
  if (isSamePlace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  void ask(true).then(() => {
    if (!isSamePlace) document.getElementById(url.hash.slice(1))?.scrollIntoView();
  });
}

/** @param {MouseEvent} event */
function takeClick(event) {
  if (!(event.target instanceof Element)) return;
  const copy = event.target.closest("[data-copy]");
  if (copy !== null) void copyCommand(copy);
  const link = event.target.closest("a[href^='/']");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!(link instanceof HTMLAnchorElement) || !isPlain || event.altKey) return;
  event.preventDefault();
  goTo(new URL(link.href), false);
}

/** @param {Element} button */
async function copyCommand(button) {
  await navigator.clipboard.writeText(button.getAttribute("data-copy") ?? "");
  announcer.textContent = "Copied";
  button.classList.add("copied");
  window.setTimeout(() => button.classList.remove("copied"), 1500);
}
