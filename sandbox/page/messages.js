// A conversation as a log: who said what, when. Messages are drawn anew only when they changed.
import { avatar } from "./avatar.js";
import { drawBlocks } from "./blocks.js";
import { day, divider, full, time } from "./clock.js";
import { append, fill, focusMark, h, moveTabStop, restoreFocus } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { appName, personById, personName } from "./store.js";
import { MessageSurface } from "./surfaces.js";

const TOGETHER_SECONDS = 300;
const NEAR_END_PX = 80;

/** A scrolling list of messages. `thread` draws replies instead of offering to open them. */
export class MessageList {
  constructor({ label, onThread = null, empty = null, testid = "messages" }) {
    this.onThread = onThread;
    this.empty = empty;
    this.surfaces = new Map();
    this.rows = new Map();
    this.dividers = new Map();
    this.node = h("div", {
      class: "messages",
      role: "log",
      "aria-label": label,
      // What is already there when a conversation opens is no news.
      "aria-live": "off",
      tabindex: "-1",
      data: { testid },
    });
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.node.addEventListener("focusin", (event) => {
      const row = event.target.closest(".message");
      if (row) moveTabStop(this.articles(), row);
    });
    // Growing content (a picture, a taller window) must not hide the newest message from somebody who reads it.
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.node);
    this.node.addEventListener("scroll", () => {
      this.atEnd = this.nearEnd();
    });
    this.atEnd = true;
  }

  articles() {
    return [...this.node.querySelectorAll(".message")];
  }

  /** Draw these messages, oldest first; what did not change keeps its node, its focus and its open lists. */
  show(channel, messages) {
    const stay = this.atEnd;
    const mark = focusMark(this.node);
    const focusedTs = document.activeElement?.closest?.(".message")?.dataset.ts;
    const rowFocused = document.activeElement?.classList?.contains("message");
    const live = new Set(messages.map((message) => message.ts));
    for (const ts of this.rows.keys()) if (!live.has(ts)) this.drop(ts);
    const children = [];
    messages.forEach((message, index) => {
      const before = messages[index - 1];
      const newDay = !before || day(Number(before.ts)) !== day(Number(message.ts));
      if (newDay) children.push(this.dividerFor(message));
      children.push(this.rowFor(channel, message, { compact: !newDay && together(before, message) }));
    });
    arrange(this.node, children.length ? children : this.empty ? [this.emptyNode()] : []);
    this.emptyShown = children.length === 0;
    this.keepTabStop();
    if (focusedTs && !this.node.contains(document.activeElement)) this.refocus(focusedTs, mark, rowFocused);
    if (stay) this.toEnd();
    setTimeout(() => this.node.setAttribute("aria-live", "polite"), 0);
  }

  refocus(ts, mark, rowFocused) {
    const row = this.rows.get(ts)?.node;
    if (!row) return this.node.focus({ preventScroll: true });
    if (rowFocused || !restoreFocus(row, mark)) row.focus({ preventScroll: true });
    return undefined;
  }

  emptyNode() {
    if (!this.emptyShown || !this.node.querySelector(".empty"))
      return h("div", { class: "empty" }, this.empty());
    return this.node.querySelector(".empty");
  }

  drop(ts) {
    this.rows.delete(ts);
    this.surfaces.delete(ts);
  }

  dividerFor(message) {
    const words = divider(Number(message.ts));
    const known = this.dividers.get(words);
    if (known) return known;
    const node = h("div", { class: "divider", role: "separator", "aria-label": words }, h("span", {}, words));
    this.dividers.set(words, node);
    return node;
  }

  rowFor(channel, message, { compact }) {
    const signature = JSON.stringify([message, compact]);
    const known = this.rows.get(message.ts);
    if (known?.signature === signature) return known.node;
    if (!this.surfaces.has(message.ts))
      this.surfaces.set(message.ts, new MessageSurface(channel, message.ts));
    const surface = this.surfaces.get(message.ts);
    surface.keepOnly(message.blocks);
    const node = drawMessage(message, { compact, surface, onThread: this.onThread });
    this.rows.set(message.ts, { signature, node });
    return node;
  }

  keepTabStop() {
    const all = this.articles();
    if (all.length && !all.some((row) => row.tabIndex === 0)) moveTabStop(all, all.at(-1));
  }

  key(event) {
    const all = this.articles();
    if (event.key === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) this.reply(event);
    const here = all.indexOf(event.target);
    const next = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: all.length - 1 }[event.key];
    if (here < 0 || next === undefined || !all[next]) return;
    event.preventDefault();
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  reply(event) {
    if (!event.target.classList.contains("message")) return;
    event.preventDefault();
    event.target.querySelector(".hover button")?.click();
  }

  nearEnd() {
    return this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR_END_PX;
  }

  /** Scroll to the newest message. */
  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
    this.atEnd = true;
  }
}

// Put children in order with as few moves as can be: a moved node loses its focus and restarts a screen reader.
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const node of [...parent.childNodes]) if (!wanted.has(node)) node.remove();
  children.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

function together(before, message) {
  const near = Number(message.ts) - Number(before.ts) < TOGETHER_SECONDS;
  return near && authorOf(before).key === authorOf(message).key && !message.ephemeral && !before.ephemeral;
}

function authorOf(message) {
  if (message.user) {
    const user = personById(message.user);
    return {
      key: message.user,
      name: user ? personName(user) : (message.username ?? message.user),
      colour: user?.avatar_color,
      app: false,
    };
  }
  return {
    key: message.bot_id ?? "app",
    name: message.username && message.username !== appName().toLowerCase() ? message.username : appName(),
    app: true,
  };
}

function drawMessage(message, { compact, surface, onThread }) {
  const author = authorOf(message);
  const seconds = Number(message.ts);
  const at = time(seconds);
  const classes = [
    "message",
    compact && "compact",
    message.ephemeral && "ephemeral",
    message.deleted && "deleted",
  ].filter(Boolean);
  const stamp = h(
    "time",
    { class: "stamp", datetime: new Date(seconds * 1000).toISOString(), title: full(seconds) },
    at,
  );
  const gutter = compact
    ? stamp
    : avatar({ id: author.key, name: author.name, colour: author.colour, app: author.app });
  const head = compact
    ? null
    : h(
        "div",
        { class: "message-head" },
        h("strong", { class: "author" }, author.name),
        author.app ? h("span", { class: "tag" }, "App") : null,
        stamp,
      );
  const private_ = message.ephemeral
    ? h("div", { class: "only-you" }, icon("eye", { size: 14 }), "Only visible to you")
    : null;
  return h(
    "article",
    {
      class: classes.join(" "),
      tabindex: "-1",
      "aria-label": `${author.name}, ${at}${message.ephemeral ? ", only visible to you" : ""}`,
      data: { ts: message.ts, testid: "message", ephemeral: message.ephemeral ? "true" : null },
    },
    h("div", { class: "gutter" }, gutter),
    h(
      "div",
      { class: "message-body" },
      private_,
      head,
      content(message, surface),
      threadFoot(message, onThread),
    ),
    onThread && !message.ephemeral
      ? h(
          "div",
          { class: "hover" },
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              // One tab stop for each message would be one too many: the message itself takes the key.
              tabindex: "-1",
              "aria-label": "Reply in thread",
              title: "Reply in thread (T)",
              on: { click: () => onThread(message) },
            },
            icon("reply", { size: 16 }),
          ),
        )
      : null,
  );
}

function content(message, surface) {
  if (message.deleted) return h("p", { class: "gone" }, "This message was deleted.");
  const edited = message.edited ? h("span", { class: "edited" }, "(edited)") : null;
  const attached = (message.attachments ?? []).map((attachment) => drawAttachment(attachment, surface));
  if (message.blocks?.length) {
    const blocks = h("div", { class: "blocks" }, drawBlocks(message.blocks, surface));
    return [blocks, attached, edited ? h("div", {}, edited) : null];
  }
  return [h("div", { class: "text" }, mrkdwn(message.text), edited ? [" ", edited] : null), attached];
}

function drawAttachment(attachment, surface) {
  const words = attachment.text ?? attachment.fallback;
  const inside = attachment.blocks?.length
    ? h("div", { class: "blocks" }, drawBlocks(attachment.blocks, surface))
    : words
      ? h("div", { class: "text" }, mrkdwn(words))
      : null;
  const node = append(h("div", { class: "attachment" }), [
    attachment.pretext ? h("div", { class: "text" }, mrkdwn(attachment.pretext)) : null,
    inside,
  ]);
  const colour = /^#?([0-9a-f]{6})$/i.exec(attachment.color ?? "");
  if (colour) node.style.borderLeftColor = `#${colour[1]}`;
  return node;
}

function threadFoot(message, onThread) {
  if (!onThread || !message.reply_count) return null;
  const count = message.reply_count;
  return h(
    "button",
    {
      type: "button",
      class: "replies",
      data: { testid: "open-thread" },
      on: { click: () => onThread(message) },
    },
    icon("chat", { size: 14 }),
    `${count} ${count === 1 ? "reply" : "replies"}`,
    message.latest_reply ? " " : null,
    message.latest_reply ? h("span", { class: "latest" }, `last at ${time(Number(message.latest_reply))}`) : null,
  );
}

/** The beginning of a conversation, when nobody has said anything. */
export function emptyConversation({ title, text, suggestions, onPick }) {
  const buttons = suggestions.map((words) =>
    h("button", { type: "button", class: "btn suggestion", on: { click: () => onPick(words) } }, words),
  );
  return [
    h("h2", {}, title),
    h("p", {}, text),
    buttons.length ? h("div", { class: "suggestions" }, buttons) : null,
  ];
}

/** Replace what a list said before with nothing, for instance when another conversation opens. */
export function clearList(list) {
  list.rows.clear();
  list.dividers.clear();
  list.surfaces.clear();
  fill(list.node);
  list.atEnd = true;
}
