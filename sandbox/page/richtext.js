// rich_text blocks: what Slack's own editor writes, as elements.
import { h } from "./dom.js";
import { glyph } from "./emoji.js";
import { broadcast, channelMention, dateNode, emojiNode, link, mention } from "./mrkdwn.js";

const ORDER = ["decimal", "lower-alpha", "lower-roman"];

/** The nodes of a rich_text block. */
export function richText(block) {
  return grouped(block.elements ?? []);
}

// Neighbouring lists of deeper indent are drawn inside the item before them.
function grouped(elements) {
  const nodes = [];
  for (let index = 0; index < elements.length; ) {
    if (elements[index].type !== "rich_text_list") {
      nodes.push(part(elements[index]));
      index += 1;
      continue;
    }
    const run = [];
    while (elements[index]?.type === "rich_text_list") run.push(elements[index++]);
    nodes.push(...lists(run));
  }
  return nodes;
}

function lists(run) {
  const roots = [];
  const open = [];
  for (const element of run) {
    const indent = element.indent ?? 0;
    while (open.length && open.at(-1).indent >= indent) {
      if (open.at(-1).indent === indent && open.at(-1).style === element.style) break;
      open.pop();
    }
    let level = open.at(-1);
    if (!level || level.indent !== indent) {
      const node = listNode(element, indent);
      const parent = level?.node.lastElementChild;
      if (parent) parent.append(node);
      else roots.push(node);
      level = { node, indent, style: element.style };
      open.push(level);
    }
    for (const item of element.elements ?? []) level.node.append(h("li", {}, pieces(item.elements)));
  }
  return roots;
}

function listNode(element, indent) {
  const ordered = element.style === "ordered";
  const node = h(ordered ? "ol" : "ul", {
    class: element.border ? "rt-list bordered" : "rt-list",
    data: { indent: Math.min(indent, 6) },
  });
  if (ordered) {
    node.classList.add(`order-${ORDER[indent % 3]}`);
    if (element.offset) node.setAttribute("start", String(element.offset + 1));
  }
  return node;
}

function part(element) {
  switch (element.type) {
    case "rich_text_quote":
      return h("blockquote", {}, pieces(element.elements));
    case "rich_text_preformatted":
      return h("pre", {}, pieces(element.elements));
    default:
      return h("div", { class: "rt-section" }, pieces(element.elements));
  }
}

function pieces(elements) {
  return (elements ?? []).map(piece);
}

function piece(element) {
  const node = bare(element);
  const style = element.style ?? {};
  let result = node;
  if (style.code) result = h("code", {}, result);
  if (style.strike) result = h("s", {}, result);
  if (style.italic) result = h("em", {}, result);
  if (style.bold) result = h("strong", {}, result);
  if (style.underline) result = h("u", {}, result);
  return result;
}

function bare(element) {
  switch (element.type) {
    case "text":
      return element.text ?? "";
    case "link":
      return link(element.url ?? "", element.text || undefined);
    case "emoji":
      return emojiNode(element.name ?? "", character(element));
    case "user":
      return mention(element.user_id);
    case "channel":
      return channelMention(element.channel_id);
    case "usergroup":
      return h("span", { class: "mention" }, `@${element.usergroup_id}`);
    case "broadcast":
      return broadcast(element.range);
    case "date":
      return dateNode(Number(element.timestamp), element.format ?? "{date}", element.url, element.fallback);
    case "color":
      return colour(element.value ?? "");
    default:
      return "";
  }
}

function character(element) {
  if (element.unicode && /^[0-9a-f-]+$/i.test(element.unicode)) {
    return String.fromCodePoint(...element.unicode.split("-").map((code) => Number.parseInt(code, 16)));
  }
  return glyph(element.name) ?? `:${element.name}:`;
}

function colour(value) {
  if (!/^#[0-9a-f]{6}$/i.test(value)) return value;
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.backgroundColor = value;
  return h("span", { class: "rt-colour" }, swatch, value);
}
