// Slack's own markup, drawn as elements. What is not exactly markup stays the text that was typed.
import { dateToken } from "./clock.js";
import { h } from "./dom.js";
import { shortcodeAt } from "./emoji.js";
import { icon } from "./icons.js";
import { appName, channelById, isMe, personById, personName, store } from "./store.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const SAFE_LINK = /^(https?:\/\/|mailto:|tel:)/i;
const BARE_LINK = /^https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]}'"*_~]/i;
const LIST_ITEM = /^(\s*)([•◦▪-]|\d{1,3}\.)\s+/;

/** Undo Slack's three escapes, once. */
export function decoded(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/** A link that opens elsewhere; plain text when its scheme is not one people click. */
export function link(url, label) {
  const target = decoded(url);
  if (!SAFE_LINK.test(target)) return label ?? target;
  return h(
    "a",
    { href: target, target: "_blank", rel: "noopener noreferrer" },
    label ?? target.replace(/^mailto:|^tel:/, ""),
  );
}

/** An emoji as a picture with a name. */
export function emojiNode(name, character) {
  return h(
    "span",
    { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` },
    character,
  );
}

/** A mention of a person. */
export function mention(id, label) {
  const known = personById(id);
  const name = known ? personName(known) : id === store.app.user_id ? appName() : label || id;
  return h(
    "span",
    { class: isMe(id) ? "mention mention-me" : "mention", data: { "user-id": id } },
    `@${name}`,
  );
}

/** A mention of a channel: a link when the person can see it. */
export function channelMention(id, label) {
  const known = channelById(id);
  if (!known) return h("span", { class: "mention" }, icon("lock", { size: 14 }), label || "private channel");
  return h(
    "a",
    { class: "mention", href: `?channel=${encodeURIComponent(id)}`, data: { "goto-channel": id } },
    `#${known.name}`,
  );
}

/** A whole-channel mention such as @here. */
export function broadcast(range) {
  return h("span", { class: "mention mention-me" }, `@${range}`);
}

/** A date in the reader's own zone, linked when the author said so. */
export function dateNode(seconds, format, url, fallback) {
  if (!Number.isFinite(seconds)) return decoded(fallback ?? "");
  const text = dateToken(seconds, decoded(format));
  const node = h(
    "time",
    { datetime: new Date(seconds * 1000).toISOString(), title: decoded(fallback ?? "") || null },
    text,
  );
  return url ? link(url, node) : node;
}

/** plain_text: no markup, emoji shortcodes unless switched off. */
export function plainText(text, { emoji = true } = {}) {
  const nodes = [];
  let pending = "";
  for (let index = 0; index < text.length; ) {
    const code = emoji && text[index] === ":" ? shortcodeAt(text, index) : null;
    if (code) {
      nodes.push(decoded(pending), emojiNode(code.name, code.glyph));
      pending = "";
      index += code.length;
    } else {
      pending += text[index];
      index += 1;
    }
  }
  nodes.push(decoded(pending));
  return nodes.filter((node) => node !== "");
}

/** A text object of Block Kit (plain_text or mrkdwn) as nodes. */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim === true });
  return plainText(object.text ?? "", { emoji: object.emoji !== false });
}

/** mrkdwn as nodes: code blocks, quotes and hanging lists around inline markup. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  const parts = String(text ?? "").split(/```/);
  const closed = parts.length % 2 === 1 ? parts.length : parts.length - 1;
  let plain = "";
  for (let index = 0; index < parts.length; index += 1) {
    const fenced = index % 2 === 1 && index < closed && parts[index].trim() !== "";
    if (!fenced) {
      plain += index % 2 === 1 ? `\`\`\`${parts[index]}${index < closed ? "```" : ""}` : parts[index];
      continue;
    }
    nodes.push(
      ...lines(plain.replace(/\n$/, ""), verbatim),
      h("pre", {}, inside(parts[index].replace(/^\n|\n$/g, ""))),
    );
    plain = "";
    if (parts[index + 1]?.startsWith("\n")) parts[index + 1] = parts[index + 1].slice(1);
  }
  nodes.push(...lines(plain, verbatim));
  return nodes;
}

function lines(text, verbatim) {
  if (text === "") return [];
  const nodes = [];
  const rows = text.split("\n");
  let run = [];
  const flush = () => {
    if (run.length) nodes.push(...inline(run.join("\n"), verbatim));
    run = [];
  };
  for (let index = 0; index < rows.length; ) {
    const rest = /^(?:&gt;|>){3}\s?/.exec(rows[index]);
    const quoted = quotedRows(rows, index);
    if (rest) {
      flush();
      const body = [rows[index].slice(rest[0].length), ...rows.slice(index + 1)].join("\n");
      nodes.push(h("blockquote", {}, inline(body, verbatim)));
      return nodes;
    }
    if (quoted.length) {
      flush();
      nodes.push(h("blockquote", {}, inline(quoted.join("\n"), verbatim)));
      index += quoted.length;
    } else if (LIST_ITEM.test(rows[index])) {
      flush();
      nodes.push(listRow(rows[index], verbatim));
      index += 1;
    } else {
      run.push(rows[index]);
      index += 1;
    }
  }
  flush();
  return nodes;
}

function quotedRows(rows, from) {
  const found = [];
  for (let index = from; index < rows.length; index += 1) {
    const match = /^(?:&gt;|>)(?!(?:&gt;|>){2})\s?/.exec(rows[index]);
    if (!match) break;
    found.push(rows[index].slice(match[0].length));
  }
  return found;
}

function listRow(row, verbatim) {
  const [whole, indent, mark] = LIST_ITEM.exec(row);
  const body = h("span", { class: "li-body" }, inline(row.slice(whole.length), verbatim));
  return h(
    "span",
    { class: "li-row", data: { indent: Math.min(4, Math.floor(indent.length / 2)) } },
    h("span", { class: "li-mark" }, `${mark} `),
    body,
  );
}

// Inside code only Slack's own references keep their meaning.
function inside(text) {
  return scan(text, { emphasis: false, verbatim: true, emoji: false });
}

function inline(text, verbatim) {
  return scan(text, { emphasis: true, verbatim, emoji: true });
}

function scan(text, rules) {
  const nodes = [];
  let pending = "";
  const push = (node) => {
    if (pending) nodes.push(decoded(pending));
    pending = "";
    nodes.push(node);
  };
  for (let index = 0; index < text.length; ) {
    const found = tokenAt(text, index, rules);
    if (found) {
      push(found.node);
      index += found.length;
    } else {
      pending += text[index];
      index += 1;
    }
  }
  if (pending) nodes.push(decoded(pending));
  return nodes;
}

function tokenAt(text, index, rules) {
  const character = text[index];
  if (character === "<") return reference(text, index);
  if (character === ":" && rules.emoji) {
    const code = shortcodeAt(text, index);
    return code && { node: emojiNode(code.name, code.glyph), length: code.length };
  }
  if (rules.emphasis && character === "`") return codeSpan(text, index);
  if (rules.emphasis && TAGS[character]) return emphasised(text, index, rules);
  if (!rules.verbatim && character === "h" && !/[\p{L}\p{N}]/u.test(text[index - 1] ?? ""))
    return bareLink(text, index);
  return null;
}

function reference(text, index) {
  const end = text.indexOf(">", index);
  if (end < 0) return null;
  const node = referenceNode(text.slice(index + 1, end));
  return node && { node, length: end - index + 1 };
}

function referenceNode(body) {
  const cut = body.indexOf("|");
  const target = cut < 0 ? body : body.slice(0, cut);
  const label = cut < 0 ? null : decoded(body.slice(cut + 1));
  if (/^@[UWB][A-Z0-9]+$/.test(target)) return mention(target.slice(1), label);
  if (/^#[CGD][A-Z0-9]+$/.test(target)) return channelMention(target.slice(1), label);
  if (/^!(here|channel|everyone)$/.test(target)) return broadcast(target.slice(1));
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label || "@group");
  if (target.startsWith("!date^")) {
    const [, seconds, format, url] = target.split("^");
    return dateNode(Number(seconds), format ?? "{date}", url, label);
  }
  if (SAFE_LINK.test(target)) return link(target, label ? plainText(label.replaceAll("&", "&amp;")) : null);
  return null;
}

function codeSpan(text, index) {
  const end = text.indexOf("`", index + 1);
  if (end <= index + 1 || text.slice(index, end).includes("\n")) return null;
  return { node: h("code", {}, inside(text.slice(index + 1, end))), length: end - index + 1 };
}

const WORD = /[\p{L}\p{N}]/u;

function emphasised(text, index, rules) {
  const mark = text[index];
  const before = text[index - 1] ?? " ";
  if (WORD.test(before) || before === mark || /\s/.test(text[index + 1] ?? " ") || text[index + 1] === mark)
    return null;
  const end = closing(text, index);
  if (end < 0) return null;
  return { node: h(TAGS[mark], {}, scan(text.slice(index + 1, end), rules)), length: end - index + 1 };
}

function closing(text, start) {
  const mark = text[start];
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\n") return -1;
    if (character === "<" || character === "`") {
      const end = text.indexOf(character === "<" ? ">" : "`", index + 1);
      if (end > 0) index = end;
    } else if (character === mark && !/\s/.test(text[index - 1]) && !WORD.test(text[index + 1] ?? " ")) {
      return index;
    }
  }
  return -1;
}

function bareLink(text, index) {
  const found = BARE_LINK.exec(text.slice(index, index + 2000));
  return found && { node: link(found[0]), length: found[0].length };
}
