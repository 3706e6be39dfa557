// The left side: the workspace, the person one is, the conversations.
import { avatar } from "./avatar.js";
import { time } from "./clock.js";
import { fill, h, moveTabStop, roving } from "./dom.js";
import { faultsOn } from "./faults.js";
import { icon } from "./icons.js";
import { openPopup } from "./popup.js";
import { appChannel, appName, isMe, people, personName, roleOf, store } from "./store.js";

let popup = null;
let drawn = null;

/** Draw the sidebar: `go(place)`, `become(userId)`, `search()`, `close()` and `openFaults()` do what is clicked. */
export function drawSidebar(node, { go, become, search, close, openFaults }) {
  const now = JSON.stringify([
    store.me,
    store.team,
    store.users,
    store.channels,
    store.place,
    store.app,
    store.faults,
    store.appConnected,
    store.live,
  ]);
  if (popup !== null || now === drawn) return;
  drawn = now;
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  const list = conversations(go);
  fill(node, head(close), personSwitcher(become), searchButton(search), list, faults(openFaults), connection());
  if (focused) node.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function head(close) {
  return h(
    "div",
    { class: "side-head" },
    h(
      "div",
      { class: "team" },
      h("strong", {}, store.team.name ?? "Workspace"),
      h("span", { class: "side-note" }, "Sandbox on this machine"),
    ),
    h(
      "button",
      {
        type: "button",
        class: "quiet drawer-close",
        "aria-label": "Close the sidebar",
        on: { click: close },
      },
      icon("close"),
    ),
  );
}

function localTime(user) {
  return time(Date.now() / 1000, { tz: user.tz });
}

const cityOf = (user) => (user.tz ?? "").split("/").at(-1).replaceAll("_", " ");

function personRow(user) {
  const role = roleOf(user);
  return [
    avatar({ id: user.id, name: personName(user), colour: user.avatar_color, size: 30 }),
    h(
      "span",
      { class: "person-words" },
      h("span", { class: "person-name" }, personName(user), role ? h("span", { class: "role" }, role) : null),
      h("span", { class: "person-time", data: { tz: user.tz } }, `${localTime(user)} · ${cityOf(user)}`),
    ),
  ];
}

function personSwitcher(become) {
  const items = people().map((user) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitemradio",
        "aria-checked": String(isMe(user.id)),
        class: "list-row person-row",
        data: { testid: `person-${user.id}`, "user-id": user.id },
      },
      personRow(user),
      h(
        "span",
        { class: "list-mark", "aria-hidden": "true" },
        isMe(user.id) ? icon("check", { size: 16 }) : null,
      ),
    ),
  );
  const list = h(
    "div",
    { class: "popup menu people", role: "menu", "aria-label": "Show the workspace as", hidden: true },
    items,
  );
  const opener = h(
    "button",
    {
      type: "button",
      class: "person-switcher",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": `You are ${personName(store.me)}. Switch person`,
      data: { testid: "person-switcher" },
    },
    personRow(store.me),
    icon("down", { size: 16 }),
  );
  const shut = () => popup?.close();
  const open = () => {
    const closed = () => {
      popup = null;
      opener.setAttribute("aria-expanded", "false");
    };
    popup = openPopup(opener, list, { onClose: closed, width: "own", most: 560 });
    opener.setAttribute("aria-expanded", "true");
    const mine = items.find((item) => item.dataset.userId === store.me.id) ?? items[0];
    moveTabStop(items, mine);
    mine.focus();
  };
  opener.addEventListener("click", () => (popup ? shut() : open()));
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || popup) return;
    event.preventDefault();
    open();
  });
  roving(list, () => items);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    shut();
    opener.focus();
  });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[data-user-id]");
    if (!item) return;
    shut();
    opener.focus();
    become(item.dataset.userId);
  });
  return h("div", { class: "switcher-wrap" }, opener, list);
}

function searchButton(search) {
  return h(
    "button",
    { type: "button", class: "side-search", data: { testid: "open-switcher" }, on: { click: search } },
    icon("search", { size: 16 }),
    h("span", {}, "Jump to"),
    h("kbd", { "aria-hidden": "true" }, /Mac/.test(navigator.platform) ? "⌘K" : "Ctrl K"),
  );
}

function conversations(go) {
  const channels = store.channels.filter((channel) => !channel.is_im);
  const app = appChannel();
  const list = h(
    "div",
    { class: "side-list" },
    h("h2", { class: "side-title" }, "Channels"),
    h(
      "ul",
      {},
      channels.map((channel) =>
        h(
          "li",
          {},
          channelLink(channel, {
            name: channel.name,
            picture: icon(channel.is_archived ? "archive" : channel.is_private ? "lock" : "hash", { size: 16 }),
            testid: `channel-${channel.name}`,
            go,
          }),
        ),
      ),
    ),
    app
      ? [
          h("h2", { class: "side-title" }, "Apps"),
          h(
            "ul",
            {},
            h(
              "li",
              {},
              channelLink(app, {
                name: appName(),
                picture: avatar({ name: appName(), size: 20, app: true }),
                testid: "channel-app",
                tab: unreadOf(app) ? "messages" : "home",
                go,
              }),
            ),
          ),
        ]
      : null,
  );
  const links = () => [...list.querySelectorAll("a")];
  roving(list, links);
  const all = links();
  moveTabStop(all, all.find((link) => link.getAttribute("aria-current")) ?? all[0]);
  return list;
}

const unreadOf = (channel) => channel.unread ?? channel.unread_count ?? 0;

function channelLink(channel, { name, picture, testid, go, tab = "messages" }) {
  const current = store.place.channel === channel.id;
  const unread = current && store.place.tab === "messages" ? 0 : unreadOf(channel);
  const search = new URLSearchParams({ user: store.me.id, channel: channel.id });
  if (tab === "home") search.set("tab", "home");
  const link = h(
    "a",
    {
      href: `?${search}`,
      class: ["side-link", unread && "unread", channel.is_archived && "archived"].filter(Boolean).join(" "),
      "aria-current": current ? "page" : null,
      data: { testid, channel: channel.id },
    },
    picture,
    h("span", { class: "side-name" }, name, channel.is_archived ? h("span", { class: "sr-only" }, ", archived") : null),
    unread
      ? h(
          "span",
          { class: "badge" },
          String(unread > 99 ? "99+" : unread),
          h("span", { class: "sr-only" }, " unread"),
        )
      : null,
  );
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go({ channel: channel.id, tab });
  });
  return link;
}

// A fault that somebody switched on and forgot would look like a fault of the app.
function faults(open) {
  const on = faultsOn(store.faults);
  return h(
    "button",
    {
      type: "button",
      class: on.length ? "faults on" : "faults",
      data: { testid: "faults" },
      on: { click: open },
    },
    icon("warning", { size: 14 }),
    h("span", {}, on.length ? `Faults are on: ${on.join(", ")}` : "Faults"),
  );
}

function connection() {
  const on = store.appConnected && store.live;
  const words = !store.live
    ? "Connection lost, trying again"
    : store.appConnected
      ? `${appName()} is connected`
      : `${appName()} is not connected`;
  return h(
    "div",
    { class: on ? "connection on" : "connection", role: "status", data: { testid: "connection" } },
    h("span", { class: "dot", "aria-hidden": "true" }),
    words,
  );
}

/** Bring the local times up to date without drawing anything else anew. */
export function tickTimes(node) {
  for (const label of node.querySelectorAll(".person-time")) {
    const tz = label.dataset.tz;
    label.textContent = `${time(Date.now() / 1000, { tz })} · ${tz.split("/").at(-1).replaceAll("_", " ")}`;
  }
}
