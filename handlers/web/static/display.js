// Keeps a door's display true: by its own clock from what it knows, and says how old that is where nobody answers.
// The page is never left: what it shows stays until something newer has come.
"use strict";

const POLL = 20000, STALE = 50000, SHIFT = 60000, MOST = 8;
const root = document.getElementById("display"), at = (id) => document.getElementById(id);
const zone = root.dataset.zone;
const hour = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short" });
const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
let facts = null, seen = Date.now(), offset = 0, failing = false, version = null, shifts = 0;

const now = () => Date.now() + offset;
const clock = (moment) => (dayOf.format(moment) === dayOf.format(now()) ? "" : "tomorrow ") + hour.format(moment);

async function look() {
  try {
    const response = await fetch(root.dataset.source, { cache: "no-store", signal: AbortSignal.timeout(15000) });
    if (!response.ok) throw new Error(response.status);
    const told = await response.json();
    offset = Date.parse(response.headers.get("Bookroom-Now")) - Date.now();
    seen = Date.now();
    failing = false;
    // A newer version of this page is fetched while it is certain that it can be.
    if (version && told.version !== version) return location.reload();
    [facts, version] = [told, told.version];
  } catch {
    failing = true;
  }
  show();
}

function show() {
  at("clock").textContent = hour.format(now());
  at("date").textContent = date.format(now());
  at("age").textContent = failing || Date.now() - seen > STALE ? `as of ${hour.format(seen + offset)}, no connection` : "";
  if (!facts) return;
  const moment = now(), coming = facts.meetings.filter((one) => Date.parse(one.end) > moment);
  const current = coming.find((one) => Date.parse(one.start) <= moment), following = coming.filter((one) => one !== current);
  let end = moment;
  for (const one of coming) {
    if (Date.parse(one.start) > end) break;
    end = Math.max(end, Date.parse(one.end));
  }
  const until = current ? end : following.length ? Date.parse(following[0].start) : null;
  const open = coming.slice(0, 2).find((one) => one.checkInFrom && Date.parse(one.checkInFrom) <= moment && moment < Date.parse(one.checkInUntil));
  root.dataset.state = current ? "busy" : "free";
  text("word", current ? "Busy" : "Free");
  text("until", until === null ? "for the next 24 hours" : `until ${clock(until)}`);
  text("title", current ? current.title : "");
  text("who", current ? current.who : "");
  at("check").hidden = !open;
  at("booking").value = open ? open.booking : "";
  at("nothing").hidden = following.length > 0;
  list(following.slice(0, MOST));
  const book = at("code-book");
  if (book) {
    book.hidden = Boolean(current || open);
    at("code-check").hidden = !book.hidden;
  }
}

// Only what is other than before is written: nothing is read aloud that has not changed.
function text(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

function list(meetings) {
  const rows = meetings.map((one) => {
    const row = document.createElement("li"), hours = document.createElement("span"), what = document.createElement("span");
    [hours.className, what.className, what.dir] = ["hours", "what", "auto"];
    [hours.textContent, what.textContent] = [one.hours, one.who ? `${one.title}, ${one.who}` : one.title];
    row.append(hours, " ", what);
    return row;
  });
  if (at("following").textContent !== rows.map((one) => one.textContent).join("")) at("following").replaceChildren(...rows);
}

// The same picture all day burns into some screens: it moves by a pixel or two, unseen.
function shift() {
  shifts += 1;
  root.style.transform = `translate(${(shifts % 5) - 2}px, ${(Math.floor(shifts / 5) % 5) - 2}px)`;
}

// A form that cannot be sent must not lead to the browser's own page.
at("check").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = at("said");
  try {
    const sent = new URLSearchParams({ booking: at("booking").value });
    const response = await fetch(location.href, { method: "POST", body: sent, signal: AbortSignal.timeout(15000) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const words = page.getElementById("said");
    said.textContent = response.ok ? "Checked in." : (words && words.textContent) || "That did not work. Try again.";
  } catch {
    said.textContent = "No connection: check in with your phone.";
  }
  said.hidden = false;
  setTimeout(() => { said.hidden = true; }, 15000);
  await look();
});

look();
setInterval(look, POLL);
setInterval(show, 1000);
setInterval(shift, SHIFT);
window.addEventListener("online", look);
window.addEventListener("offline", () => { failing = true; show(); });
