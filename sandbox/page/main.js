// Puts the page together: who one is, where one is, what happens meanwhile.
import * as api from "./api.js";
import { readAs } from "./clock.js";
import {
  drawConversation,
  focusComposer,
  leaveConversation,
  refreshConversation,
  refreshOpenHome,
  showsMessagesOf,
  ThreadPanel,
} from "./conversation.js";
import { fill, h } from "./dom.js";
import { openFaults } from "./faults.js";
import { covered } from "./layers.js";
import { follow } from "./live.js";
import { refreshModals, showStack } from "./modal.js";
import { drawSidebar, tickTimes } from "./sidebar.js";
import { appChannel, channelById, channelName, people, personName, store, takeState } from "./store.js";
import { openSwitcher } from "./switcher.js";
import { toast } from "./toasts.js";

const sidebar = document.getElementById("sidebar");
const main = document.getElementById("main");
const scrim = document.getElementById("scrim");
const thread = new ThreadPanel(document.getElementById("thread"), { close: () => closeThread() });
const TICK_MS = 4000;

let stopFollowing = null;

const refreshState = coalesced(async () => {
  const user = store.me?.id;
  const answer = await api.getState(user);
  if (answer.error === "no_such_user" && user === store.me?.id) return elsewhere();
  if (!answer.ok || user !== store.me?.id) return;
  const before = channelList();
  takeState(answer);
  paintSidebar();
  if (before === channelList()) return;
  if (channelById(store.place.channel)) paintPlace();
  else go(firstPlace());
});
// Whoever was just deactivated sees nothing any more; somebody else looks on.
async function elsewhere() {
  const answer = await api.getState(undefined);
  if (!answer.ok) return;
  toast(`${personName(store.me)} left the company.`, { level: "info" });
  await become(answer.me.id, { history: "replace" });
}
const refreshMessages = coalesced(refreshConversation);
const refreshThread = coalesced(() => thread.refresh());
const refreshViews = coalesced(refreshModals);
const refreshHomeTab = coalesced(refreshOpenHome);

const channelList = () =>
  store.channels.map((channel) => `${channel.id}${channel.is_archived}${channel.is_member}`).join();

// Many events in a row cause one fetch after the running one, not one each.
function coalesced(work) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  };
}

function paintSidebar() {
  drawSidebar(sidebar, { go, become, search: jump, close: closeDrawer, openFaults: faultsPanel });
}

function faultsPanel() {
  closeDrawer();
  openFaults({ changed: refreshState });
}

function jump() {
  closeDrawer();
  openSwitcher({ go, become });
}

// Where one is also stands in the address, so that a link opens as that person in that place.
function address() {
  const { channel, tab, thread: ts } = store.place;
  const search = new URLSearchParams({ user: store.me.id, channel });
  if (tab === "home") search.set("tab", "home");
  if (ts) search.set("thread", ts);
  return `?${search}`;
}

function placeFrom(search) {
  const channel = channelById(search.get("channel"));
  if (!channel) return firstPlace();
  const tab = search.get("tab") === "home" && channel.is_im ? "home" : "messages";
  return { channel: channel.id, tab, thread: search.get("thread") };
}

function firstPlace() {
  const first = store.channels.find((channel) => !channel.is_im) ?? appChannel();
  return { channel: first?.id ?? null, tab: "messages", thread: null };
}

function go(place, { history: how = "push" } = {}) {
  store.place = { tab: "messages", thread: null, ...place };
  if (how === "push") window.history.pushState(null, "", address());
  else if (how === "replace") window.history.replaceState(null, "", address());
  closeDrawer();
  paint();
  if (!covered() && window.matchMedia("(min-width: 721px)").matches) focusComposer();
}

function paint() {
  const channel = channelById(store.place.channel);
  document.title = `${channelName(channel) || "Sandbox"} · ${personName(store.me)} · ${store.team.name ?? "Sandbox"}`;
  leaveConversation();
  drawConversation(main, { go, openDrawer, openThread });
  if (thread.ts !== store.place.thread) thread.show(store.place.thread);
  paintSidebar();
}

// The head and the composer of the open conversation depend on what the channel allows.
function paintPlace() {
  leaveConversation();
  drawConversation(main, { go, openDrawer, openThread });
  if (thread.ts) thread.show(thread.ts);
}

function openThread(ts) {
  store.place.thread = ts;
  window.history.pushState(null, "", address());
  thread.show(ts);
}

function closeThread() {
  const ts = store.place.thread;
  store.place.thread = null;
  window.history.pushState(null, "", address());
  thread.show(null);
  const row = [...main.querySelectorAll("[data-ts]")].find((node) => node.dataset.ts === ts);
  (row ?? main).focus();
}

function openDrawer() {
  document.documentElement.classList.add("drawer");
  scrim.hidden = false;
  main.inert = true;
  sidebar.querySelector("button, a")?.focus();
}

function closeDrawer() {
  if (!document.documentElement.classList.contains("drawer")) return;
  document.documentElement.classList.remove("drawer");
  scrim.hidden = true;
  main.inert = false;
  main.querySelector("[data-testid=open-drawer]")?.focus();
}

async function become(user, { place = null, history: how = "push" } = {}) {
  const answer = await api.getState(user);
  if (!answer.ok) return toast(answer.message ?? "This person cannot be shown.");
  stopFollowing?.();
  leaveConversation();
  thread.show(null);
  showStack([]);
  takeState(answer);
  readAs(store.me);
  document.documentElement.dataset.user = store.me.id;
  const here = place ?? samePlace();
  go(here, { history: how });
  stopFollowing = follow(store.me.id, { onEvent: happened, onState: lineChanged });
  return refreshViews();
}

// Another person stays in the same channel when they can see it.
function samePlace() {
  const was = store.place;
  if (channelById(was.channel)) return { channel: was.channel, tab: was.tab };
  return was.channel?.startsWith("D") && appChannel()
    ? { channel: appChannel().id, tab: was.tab }
    : firstPlace();
}

function happened(event) {
  switch (event.type) {
    case "message":
    case "message_changed":
    case "message_deleted":
      return messageHappened(event);
    case "view_opened":
    case "view_updated":
    case "view_pushed":
    case "view_closed":
      return refreshViews();
    case "home":
      return refreshHomeTab();
    case "notice":
      if (event.error === "trouble_connecting") return undefined; // the modal itself says so
      return toast(event.text ?? event.message ?? event.error ?? "Something went wrong.", {
        level: event.level ?? "error",
      });
    default:
      return refreshState();
  }
}

function messageHappened(event) {
  const channel = event.channel ?? event.message?.channel;
  if (showsMessagesOf(channel)) refreshMessages();
  else refreshState();
  if (thread.ts && channel === store.place.channel) refreshThread();
}

function lineChanged(connected) {
  const back = connected && !store.live;
  store.live = connected;
  if (!connected || back) paintSidebar();
  refreshState(); // also without a line: the server may refuse it because this person has just left
  if (!connected) return;
  refreshMessages();
  refreshThread();
  refreshViews();
  refreshHomeTab();
}

document.addEventListener("keydown", (event) => {
  if (
    (event.ctrlKey || event.metaKey) &&
    !event.altKey &&
    !event.shiftKey &&
    event.key.toLowerCase() === "k"
  ) {
    event.preventDefault();
    if (!covered()) jump();
  } else if (
    event.key === "Escape" &&
    document.documentElement.classList.contains("drawer") &&
    !event.defaultPrevented
  ) {
    closeDrawer();
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-goto-channel]");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  go({ channel: link.dataset.gotoChannel });
});

scrim.addEventListener("click", closeDrawer);

window.addEventListener("popstate", () => {
  const search = new URLSearchParams(window.location.search);
  const user = search.get("user");
  if (user && user !== store.me?.id)
    become(user, { history: "keep" }).then(() => go(placeFrom(search), { history: "keep" }));
  else go(placeFrom(search), { history: "keep" });
});

// The clocks go on; and whether the app is connected is not told by an event, so it is asked.
setInterval(() => {
  tickTimes(sidebar);
  if (store.me && store.live && document.visibilityState === "visible") refreshState();
}, TICK_MS);

async function start() {
  const search = new URLSearchParams(window.location.search);
  const answer = await api.getState(search.get("user") ?? undefined);
  const fallback = answer.ok ? answer : await api.getState(undefined);
  if (!fallback.ok) return stillStarting(fallback);
  takeState(fallback);
  store.me ??= people()[0];
  if (!answer.ok) toast(answer.message ?? "There is nobody with this id here.");
  readAs(store.me);
  await become(store.me.id, { place: placeFrom(search), history: "replace" });
  return undefined;
}

function stillStarting(answer) {
  const again = h(
    "button",
    { type: "button", class: "btn primary", on: { click: () => window.location.reload() } },
    "Try again",
  );
  fill(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", {}, "The sandbox does not answer"),
      h("p", {}, answer.message ?? "Start it and try again."),
      again,
    ),
  );
}

start();
