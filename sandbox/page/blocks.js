// Block Kit's layout blocks as elements. What a block may hold is the server's to refuse; here it is only drawn.
import { control } from "./controls.js";
import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwn, plainText, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** The nodes of a list of blocks on a surface. */
export function drawBlocks(blocks, surface) {
  return (blocks ?? []).map((block) => drawBlock(block, surface));
}

function drawBlock(block, surface) {
  const draw = DRAW[block.type];
  const inside = draw ? draw(block, surface) : unknown(block);
  return h(
    "div",
    {
      class: `block block-${draw ? block.type.replaceAll("_", "-") : "unknown"}`,
      data: { "block-id": block.block_id ?? "", "block-type": block.type },
    },
    inside,
  );
}

const DRAW = {
  section,
  actions,
  context,
  header,
  divider,
  image,
  input,
  rich_text: richText,
  table,
  alert,
  markdown,
};

const unknown = (block) => h("p", { class: "unknown" }, `The block “${block.type}” cannot be drawn here.`);

function section(block, surface) {
  const words = h(
    "div",
    { class: "section-words" },
    block.text ? h("div", { class: "text" }, textObject(block.text)) : null,
    block.fields
      ? h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", { class: "text" }, textObject(field))),
        )
      : null,
  );
  if (!block.accessory) return words;
  const beside =
    block.accessory.type === "image"
      ? picture(block.accessory)
      : control(block.accessory, { surface, blockId: block.block_id });
  return [words, h("div", { class: "accessory" }, beside)];
}

function actions(block, surface) {
  return block.elements.map((element) => control(element, { surface, blockId: block.block_id }));
}

function context(block) {
  return block.elements.map((element) =>
    element.type === "image"
      ? picture(element, { small: true })
      : h("span", { class: "text" }, textObject(element)),
  );
}

// Below the conversation's own heading, or below the modal's.
function header(block, surface) {
  return h(surface.kind === "modal" ? "h3" : "h2", {}, textObject(block.text));
}

function divider() {
  return h("hr");
}

function image(block) {
  return h(
    "figure",
    {},
    block.title ? h("figcaption", {}, textObject(block.title)) : null,
    picture(block, { wide: true }),
  );
}

// Pictures from elsewhere stay links: this page talks to its own server alone.
function picture(element, { small = false, wide = false } = {}) {
  const url = element.image_url ?? fileAddress(element.slack_file);
  const kind = small ? "picture small" : wide ? "picture wide" : "picture";
  if (isOurs(url)) return h("img", { class: kind, src: url, alt: element.alt_text ?? "" });
  const label = h("span", { class: "picture-alt" }, element.alt_text || "Image");
  if (small || !/^https?:\/\//i.test(url))
    return h(
      "span",
      {
        class: `${kind} absent`,
        role: "img",
        "aria-label": element.alt_text || "Image",
        title: element.alt_text ?? null,
      },
      small ? icon("image", { size: 12 }) : label,
    );
  return h(
    "a",
    { class: `${kind} absent`, href: url, target: "_blank", rel: "noopener noreferrer" },
    label,
    icon("link", { size: 14 }),
  );
}

// A file of Slack's is shown to whoever sees the message, by the sandbox itself.
function fileAddress(file) {
  if (!file) return "";
  const id = file.id ?? /\/files\/([^/]+)/.exec(file.url ?? "")?.[1];
  return id ? `/sandbox/files/${encodeURIComponent(id)}` : "";
}

function isOurs(url) {
  if (/^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(url)) return true;
  try {
    return new URL(url, window.location.href).origin === window.location.origin && url !== "";
  } catch {
    return false;
  }
}

const GROUPS = new Set(["checkboxes", "radio_buttons", "datetimepicker"]);

function input(block, surface) {
  const element = { ...block.element, dispatch: block.dispatch_action === true };
  const labelId = uniqueId("label");
  const hintId = block.hint ? uniqueId("hint") : null;
  const problem = surface.problem?.(block.block_id);
  const problemId = problem ? uniqueId("problem") : null;
  const described = [problemId, hintId].filter(Boolean).join(" ") || null;
  const required = block.optional !== true;
  const node = control(element, {
    surface,
    blockId: block.block_id,
    labelled: labelId,
    described,
    invalid: Boolean(problem),
    required,
    inInput: true,
  });
  const mark = required
    ? h("span", { class: "required", "aria-hidden": "true", title: "Required" }, " *")
    : h("span", { class: "optional" }, " (optional)");
  const label = h("div", { class: "label", id: labelId }, textObject(block.label), mark);
  if (!GROUPS.has(element.type))
    label.addEventListener("click", () =>
      node.matches("input, textarea") ? node.focus() : node.querySelector("input")?.focus(),
    );
  return [
    label,
    node,
    problem
      ? h(
          "p",
          { class: "problem", id: problemId, data: { testid: "field-error" } },
          icon("warning", { size: 14 }),
          h("span", {}, problem),
        )
      : null,
    block.hint ? h("p", { class: "hint", id: hintId }, textObject(block.hint)) : null,
  ];
}

function table(block) {
  const settings = block.column_settings ?? [];
  const rows = block.rows ?? [];
  const cell = (tag) => (content, column) => {
    const wanted = settings[column] ?? {};
    const classes = [
      `align-${wanted.align ?? (content?.type === "raw_number" ? "right" : "left")}`,
      wanted.is_wrapped ? "wrapped" : "",
    ]
      .join(" ")
      .trim();
    return h(tag, { class: classes, scope: tag === "th" ? "col" : null }, cellContent(content));
  };
  const head = rows.length ? h("thead", {}, h("tr", {}, rows[0].map(cell("th")))) : null;
  const body = h(
    "tbody",
    {},
    rows.slice(1).map((row) => h("tr", {}, row.map(cell("td")))),
  );
  return h(
    "div",
    { class: "table-scroll", role: "region", "aria-label": "Table", tabindex: "0" },
    h("table", {}, head, body),
  );
}

function cellContent(content) {
  if (!content) return "";
  if (content.type === "rich_text") return richText(content);
  if (content.type === "raw_number") return content.text ?? String(content.value ?? "");
  return plainText(content.text ?? "");
}

const LEVEL_ICONS = { warning: "warning", error: "warning", success: "check" };

function alert(block) {
  const level = ["info", "warning", "error", "success"].includes(block.level) ? block.level : "default";
  const words = typeof block.text === "string" ? plainText(block.text) : textObject(block.text);
  return h(
    "div",
    { class: `alert alert-${level}`, role: "note" },
    icon(LEVEL_ICONS[level] ?? "info"),
    h("div", { class: "text" }, words),
  );
}

// The few marks of Markdown that mean the same in mrkdwn are translated; the rest is shown as written.
function markdown(block) {
  const text = String(block.text ?? "")
    .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>")
    .replace(/\*\*(.+?)\*\*/g, "*$1*")
    .replace(/^#{1,6} (.+)$/gm, "*$1*")
    .replace(/~~(.+?)~~/g, "~$1~");
  return h("div", { class: "text" }, mrkdwn(text));
}
