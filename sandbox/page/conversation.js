// The middle of the page: one conversation with its head, its log and its composer; the app's also has a Home tab.
import * as api from "./api.js";
import { Composer } from "./composer.js";
import { fill, h, moveTabStop, roving } from "./dom.js";
import { enterHome, homePanel, refreshHome } from "./home.js";
import { icon } from "./icons.js";
import { clearList, emptyConversation, MessageList } from "./messages.js";
import { appName, channelById, channelName, isAppChannel, personName, store } from "./store.js";
import { toast } from "./toasts.js";

let open = null;

/** Draw the conversation that `store.place` names. */
export function drawConversation(node, { go, openDrawer, openThread }) {
  const channel = channelById(store.place.channel);
  const home = isAppChannel(channel) && store.place.tab === "home";
  if (!channel)
    return fill(
      node,
      h("div", { class: "empty" }, h("p", {}, "There is no such conversation for this person.")),
    );
  open = { channel, home: null, list: null };
  const head = h(
    "header",
    { class: "main-head" },
    h(
      "button",
      {
        type: "button",
        class: "quiet drawer-open",
        "aria-label": "Open the sidebar",
        data: { testid: "open-drawer" },
        on: { click: openDrawer },
      },
      icon("menu"),
    ),
    h(
      "h1",
      { data: { testid: "conversation-title" } },
      isAppChannel(channel) ? null : icon(channel.is_private ? "lock" : "hash"),
      h("span", {}, channelName(channel)),
      channel.is_archived ? h("span", { class: "tag" }, "Archived") : null,
    ),
    channel.topic ? h("p", { class: "topic" }, channel.topic) : null,
    members(channel),
  );
  const tabs = isAppChannel(channel) ? appTabs(channel, home, go) : null;
  if (home) {
    open.home = homePanel();
    fill(node, head, tabs, open.home);
    enterHome(open.home);
    return undefined;
  }
  const name = isAppChannel(channel) ? channelName(channel) : `#${channelName(channel)}`;
  const composer = new Composer({
    label: `Message ${name}`,
    placeholder: `Message ${name}`,
    onSend: (text) => send(channel, text),
  });
  open.composer = composer;
  open.list = new MessageList({
    label: `Messages in ${name}`,
    onThread: (message) => openThread(message.ts),
    empty: () => welcome(channel, name, composer),
  });
  const reader = channel.is_member === false || channel.is_archived;
  if (reader) open.composer = null;
  fill(node, head, tabs, open.list.node, reader ? onlyReading(channel, name) : composer.node);
  if (isAppChannel(channel)) api.openHome(store.me.id, "messages");
  refreshConversation();
  return undefined;
}

function onlyReading(channel, name) {
  const words = channel.is_archived
    ? `${name} is archived. It can be read, and nobody writes in it any more.`
    : `Only members write in ${name}; ${personName(store.me)} is not one of them.`;
  return h("p", { class: "reading", data: { testid: "reading" } }, words);
}

function welcome(channel, name, composer) {
  const direct = isAppChannel(channel);
  const silent = channel.is_member === false || channel.is_archived;
  return emptyConversation({
    title: direct ? appName() : `This is the beginning of ${name}`,
    text: direct
      ? `What ${appName()} tells you alone appears here.`
      : silent
        ? "Nobody has said anything yet."
        : "Nobody has said anything yet. A good first line:",
    suggestions:
      direct || silent
        ? []
        : store.commands.map((command) => `${command.command} ${command.usage_hint ?? ""}`.trim()),
    onPick: (words) => composer.write(words),
  });
}

function members(channel) {
  const count = channel.num_members ?? channel.members?.length;
  if (!count || isAppChannel(channel)) return null;
  return h(
    "span",
    { class: "member-count", title: `${count} members` },
    icon("people", { size: 16 }),
    h("span", { "aria-hidden": "true" }, String(count)),
    h("span", { class: "sr-only" }, `${count} members`),
  );
}

function appTabs(channel, home, go) {
  const tab = (name, label, picture, on) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        "aria-selected": String(on),
        tabindex: on ? "0" : "-1",
        data: { testid: `tab-${name}` },
        on: { click: () => go({ channel: channel.id, tab: name }) },
      },
      icon(picture, { size: 16 }),
      label,
    );
  const all = [tab("home", "Home", "home", home), tab("messages", "Messages", "chat", !home)];
  const node = h("div", { class: "tabs", role: "tablist", "aria-label": appName() }, all);
  roving(node, () => all, { horizontal: true });
  moveTabStop(all, all[home ? 0 : 1]);
  return node;
}

/** Fetch the open conversation's messages and show them. */
export async function refreshConversation() {
  const mine = open;
  if (!mine?.list) return;
  const user = store.me.id;
  const answer = await api.getMessages(user, mine.channel.id);
  if (mine !== open || user !== store.me.id) return;
  // Somebody who was just deactivated is told so once, with the state of the company.
  if (answer.error === "no_such_user") return;
  if (!answer.ok) return void toast(answer.message ?? "The messages could not be loaded.");
  mine.channel.unread = 0; // reading them has told the server so
  const messages = answer.messages.filter(
    (message) => !message.thread_ts || message.thread_ts === message.ts || message.broadcast,
  );
  mine.list.show(mine.channel.id, messages);
}

/** Draw App Home anew when it is open. */
export async function refreshOpenHome() {
  if (open?.home) await refreshHome(open.home);
}

/** Whether this conversation's messages are on the screen. */
export const showsMessagesOf = (channel) => open?.list !== null && open?.channel.id === channel;

/** Put the caret where people type, or the focus on what they came to read. */
export const focusComposer = () =>
  (open?.composer?.input ?? open?.home ?? open?.list?.node)?.focus({ preventScroll: true });

/** Send what was typed: a command, or a message. False keeps the text in the composer. */
export async function send(channel, text, threadTs) {
  const user = store.me.id;
  const command = /^\/[a-z0-9_-]+/i.exec(text);
  if (command && threadTs) {
    toast(`${command[0]} is not supported in threads.`);
    return false;
  }
  if (command && !store.commands.some((known) => known.command === command[0])) {
    toast(`${command[0]} is not a valid command.`);
    return false;
  }
  if (command) return afterCommand(await api.sendCommand(user, channel.id, text));
  const answer = await api.sendMessage({
    user,
    channel: channel.id,
    text,
    ...(threadTs ? { thread_ts: threadTs } : {}),
  });
  if (answer.ok) return true;
  toast(answer.message ?? "The message could not be sent.");
  return false;
}

// A command that reached the app has been sent, however the app took it; Slack's notice tells the rest.
function afterCommand(answer) {
  if (answer.ok) return true;
  if (answer.message) toast(answer.message);
  return answer.error !== "unreachable" && answer.status !== undefined;
}

/** A thread beside the conversation. */
export class ThreadPanel {
  constructor(node, { close }) {
    Object.assign(this, { node, close, ts: null });
  }

  /** Open the thread of this message, or close with null. */
  show(ts) {
    if (!ts) {
      this.ts = null;
      this.node.hidden = true;
      fill(this.node);
      return undefined;
    }
    const channel = channelById(store.place.channel);
    this.ts = ts;
    this.channel = channel;
    this.list = new MessageList({ label: "Thread", testid: "thread-messages" });
    this.composer = new Composer({
      label: "Reply",
      placeholder: "Reply",
      commands: false,
      testid: "thread-composer",
      onSend: (text) => send(channel, text, ts),
    });
    const shut = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": "Close the thread",
        data: { testid: "close-thread" },
        on: { click: this.close },
      },
      icon("close"),
    );
    fill(
      this.node,
      h(
        "header",
        { class: "main-head" },
        h("h2", {}, "Thread"),
        h("p", { class: "topic" }, channelName(channel)),
        shut,
      ),
      this.list.node,
      channel.is_archived ? null : this.composer.node,
    );
    this.node.hidden = false;
    this.node.onkeydown = (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      this.close();
    };
    (channel.is_archived ? shut : this.composer.input).focus();
    return this.refresh();
  }

  /** Fetch the thread's messages and show them. */
  async refresh() {
    const { ts, channel, list } = this;
    if (!ts) return;
    const user = store.me.id;
    const answer = await api.getMessages(user, channel.id, ts);
    if (!answer.ok || this.ts !== ts || user !== store.me.id) return;
    list.show(
      channel.id,
      answer.messages.map((message) => ({ ...message, reply_count: undefined })),
    );
  }
}

/** Forget what the last person saw. */
export function leaveConversation() {
  if (open?.list) clearList(open.list);
  open = null;
}
