// Keeps the board up to date and lets one walk over it by keyboard. Without it, every place is a plain link.
"use strict";

const POLL = 20000, POLL_WITH_EVENTS = 120000, STALE = 45000, STEP = 300000, SETTLE = 150;
let etag = document.getElementById("day").dataset.tag, seen = Date.now(), offset = Date.parse(document.getElementById("day").dataset.now) - Date.now(), timer = null, settling = null, streaming = false, focus = null, opener = null, last = "";

const day = () => document.getElementById("day");
const now = () => Date.now() + offset;
const clock = (moment) => new Date(moment).toTimeString().slice(0, 5);

// -- what the day holds -----------------------------------------------------------------------------------------------

function heard(response) {
  const said = response.headers.get("Bookroom-Now");
  if (said) offset = Date.parse(said) - Date.now();
  seen = Date.now();
  tick();
}

// What is asked for after an event is to be as new as that.
const asNew = () => (last ? { "Bookroom-Consistency": last } : {});

async function look() {
  clearTimeout(timer);
  try {
    const response = await fetch(day().dataset.source, { headers: { "If-None-Match": etag, ...asNew() }, cache: "no-store" });
    if (response.status === 401) return location.reload();
    if (response.status !== 200 && response.status !== 304) throw new Error(response.status);
    heard(response);
    if (response.status === 200) {
      await draw();
      etag = response.headers.get("ETag");
    }
  } catch {
    age(true);
  }
  timer = setTimeout(look, streaming ? POLL_WITH_EVENTS : POLL);
}

async function fetched(address) {
  const response = await fetch(address, { headers: asNew(), cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error(response.status);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

async function draw() {
  const page = await fetched(location.pathname + dated());
  const fresh = page.getElementById("day"), old = day();
  if (!fresh) throw new Error("no day");
  const held = document.activeElement && old.contains(document.activeElement) ? document.activeElement.id : null;
  const place = [old.scrollLeft, old.scrollTop];
  old.replaceWith(document.adoptNode(fresh));
  [day().scrollLeft, day().scrollTop] = place;
  document.getElementById("said").textContent = page.getElementById("said").textContent;
  document.title = page.title;
  rove();
  tick();
  if (held && document.getElementById(held)) document.getElementById(held).focus({ preventScroll: true });
}

function dated() {
  const date = new URLSearchParams(location.search).get("date");
  return date ? `?date=${encodeURIComponent(date)}` : "";
}

function listen() {
  const address = day().dataset.events;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  const changed = (event) => {
    if (event.type === "booking") last = event.lastEventId;
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE);
  };
  source.onopen = (event) => { streaming = true; document.body.dataset.live = "yes"; changed(event); };
  for (const kind of ["booking", "catalogue", "reset"]) source.addEventListener(kind, changed);
  source.addEventListener("gone", changed);
  source.onerror = () => {
    streaming = false;
    document.body.dataset.live = "no";
    clearTimeout(timer);
    timer = setTimeout(look, POLL);
    // Where it is not to be had it is not asked for again before long; where it was lost, the browser itself tries.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10 * POLL);
  };
}

// -- time -------------------------------------------------------------------------------------------------------------

function age(failed) {
  const line = document.getElementById("age"), old = Date.now() - seen;
  line.textContent = failed || old > (streaming ? POLL_WITH_EVENTS : 0) + STALE ? `as of ${clock(seen)}, no connection` : "";
}

function tick() {
  const grid = day(), steps = Number(grid.dataset.steps), step = Math.floor((now() - Date.parse(grid.dataset.from)) / STEP);
  const inside = step >= 0 && step <= steps;
  grid.classList.toggle("live", inside);
  grid.style.setProperty("--t", inside ? step : 0);
  for (const cell of grid.querySelectorAll("li.free, li.busy")) {
    const end = Number(getComputedStyle(cell).getPropertyValue("--b"));
    cell.classList.toggle("over", step >= end);
  }
  age();
}

// -- walking over it --------------------------------------------------------------------------------------------------

const cells = () => [...day().querySelectorAll(".track li a")].filter((one) => !one.closest(".free.over"));
const turned = () => matchMedia("(max-width: 44rem)").matches;

function rove() {
  const all = cells();
  for (const one of day().querySelectorAll(".track li a")) one.tabIndex = -1;
  const kept = all.find((one) => one.id === focus) || all.find((one) => one.closest(".free")) || all[0];
  if (kept) kept.tabIndex = 0;
}

function beside(cell, along) {
  const row = cells().filter((one) => one.closest(".track") === cell.closest(".track"));
  return row[row.indexOf(cell) + along];
}

function across(cell, along) {
  const from = (one) => Number(getComputedStyle(one.closest("li")).getPropertyValue("--a"));
  const rooms = [...day().querySelectorAll(".room")], at = rooms.indexOf(cell.closest(".room"));
  for (let room = at + along; room >= 0 && room < rooms.length; room += along) {
    const row = cells().filter((one) => one.closest(".room") === rooms[room]);
    if (row.length) return row.reduce((best, one) => (Math.abs(from(one) - from(cell)) < Math.abs(from(best) - from(cell)) ? one : best));
  }
  return undefined;
}

function pressed(event) {
  if (event.key === "Escape" && document.querySelector(".panel")) { close(); event.preventDefault(); return; }
  const cell = event.target.closest && event.target.closest(".track li a");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
  const row = cells().filter((one) => one.closest(".track") === cell.closest(".track"));
  const keys = turned()
    ? { ArrowDown: () => beside(cell, 1), ArrowUp: () => beside(cell, -1), ArrowRight: () => across(cell, 1), ArrowLeft: () => across(cell, -1) }
    : { ArrowRight: () => beside(cell, 1), ArrowLeft: () => beside(cell, -1), ArrowDown: () => across(cell, 1), ArrowUp: () => across(cell, -1) };
  const wanted = { ...keys, Home: () => row[0], End: () => row[row.length - 1] }[event.key];
  if (!wanted) return;
  event.preventDefault();
  const there = wanted();
  if (there) { there.focus(); there.scrollIntoView({ block: "nearest", inline: "nearest" }); }
}

// -- the panel --------------------------------------------------------------------------------------------------------

async function open(address) {
  const page = await fetched(address);
  document.getElementById("panel").replaceChildren(...[...page.getElementById("panel").children].map((one) => document.adoptNode(one)));
  ready();
  const panel = document.querySelector(".panel");
  if (panel) panel.focus();
}

function ready() {
  const copy = document.querySelector(".copy");
  if (copy && navigator.clipboard) copy.hidden = false;
}

function close() {
  document.getElementById("panel").replaceChildren();
  const there = opener && document.getElementById(opener);
  if (there) there.focus();
}

async function clicked(event) {
  const copy = event.target.closest(".copy");
  if (copy) {
    await navigator.clipboard.writeText(document.getElementById("sentence").textContent);
    copy.textContent = "Copied";
    return;
  }
  if (event.target.closest(".close")) { event.preventDefault(); close(); return; }
  const link = event.target.closest(".track li a, .lengths a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.id) opener = link.id;
  try { await open(link.href); } catch { location.href = link.href; }
}

document.addEventListener("click", clicked);
document.addEventListener("keydown", pressed);
document.addEventListener("focusin", (event) => {
  const cell = event.target.closest && event.target.closest(".track li a");
  if (cell) { focus = cell.id; rove(); }
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
window.addEventListener("online", look);
window.addEventListener("offline", () => age(true));

rove();
ready();
tick();
setInterval(tick, 15000);
const here = day();
if (here.classList.contains("live")) {
  const part = Number(getComputedStyle(here).getPropertyValue("--t")) / Number(here.dataset.steps);
  if (turned()) here.scrollTop = part * here.scrollHeight - here.clientHeight / 4;
  else here.scrollLeft = part * here.scrollWidth - here.clientWidth / 3;
}
look();
listen();
