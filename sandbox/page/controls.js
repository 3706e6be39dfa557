// The interactive elements of Block Kit. A surface (a message, a modal, App Home) keeps what they hold and sends what they do.
import { clockOf, day, unixAt, zone } from "./clock.js";
import { among, combobox } from "./combobox.js";
import { dayField, timeField } from "./dates.js";
import { fill, h, moveTabStop, roving, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./avatar.js";
import { plainText, textObject, decoded } from "./mrkdwn.js";
import { openPopup } from "./popup.js";
import { channelName, people, personById, personName, store } from "./store.js";
import { shortcodeAt } from "./emoji.js";

/**
 * Draw an element. `slot` is {surface, blockId, labelled, described, invalid, required, inInput}:
 * in an input block a change is kept for the form, elsewhere it is an action at once.
 */
export function control(element, slot) {
  const draw = DRAW[element.type];
  if (!draw) return h("span", { class: "unknown" }, `The element “${element.type}” cannot be drawn here.`);
  return draw(element, slot);
}

const DRAW = {
  button,
  workflow_button: button,
  overflow,
  checkboxes: (element, slot) => choiceGroup(element, slot, "checkbox"),
  radio_buttons: (element, slot) => choiceGroup(element, slot, "radio"),
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  datepicker: dayPicker,
  timepicker: timePicker,
  datetimepicker: momentPicker,
  static_select: (element, slot) => menu(element, slot, { load: among(optionChoices(element)) }),
  multi_static_select: (element, slot) =>
    menu(element, slot, { load: among(optionChoices(element)), many: true }),
  external_select: (element, slot) => menu(element, slot, asked(element, slot)),
  multi_external_select: (element, slot) => menu(element, slot, { ...asked(element, slot), many: true }),
  users_select: (element, slot) => idMenu(element, slot, personChoice, allPeople),
  multi_users_select: (element, slot) => idMenu(element, slot, personChoice, allPeople, { many: true }),
  channels_select: (element, slot) => idMenu(element, slot, channelChoice, publicChannels),
  multi_channels_select: (element, slot) =>
    idMenu(element, slot, channelChoice, publicChannels, { many: true }),
  conversations_select: (element, slot) => idMenu(element, slot, channelChoice, () => filtered(element)),
  multi_conversations_select: (element, slot) =>
    idMenu(element, slot, channelChoice, () => filtered(element), { many: true }),
};

function attributesOf(element, slot) {
  return {
    "data-action-id": element.action_id,
    "aria-labelledby": slot.labelled ?? null,
    "aria-label": slot.labelled ? null : text(element.placeholder) || spoken(element.type),
    "aria-describedby": slot.described ?? null,
    "aria-invalid": slot.invalid ? "true" : null,
    "aria-required": slot.required ? "true" : null,
    autofocus: element.focus_on_load === true,
  };
}

const spoken = (type) =>
  type
    .replace(/^multi_/, "")
    .replaceAll("_", " ")
    .replace("static ", "")
    .replace("external ", "");

/** A plain text object as a string, for places that hold no elements. */
export function text(object) {
  if (!object?.text) return "";
  const words = object.text.replace(/:[a-z0-9_+-]+:/g, (code) => shortcodeAt(code, 0)?.glyph ?? code);
  return decoded(words);
}

// A change: kept in the surface; sent at once outside a form, or inside one that asks for it.
function changed(element, slot, value, { node, settled = true } = {}) {
  slot.surface.set(slot.blockId, element, value);
  if (!settled) return undefined;
  if (slot.inInput) return element.dispatch ? slot.surface.dispatch(slot.blockId, element, value) : undefined;
  return slot.surface.act(slot.blockId, element, value, node);
}

function button(element, slot) {
  const style = { primary: "btn primary", danger: "btn danger" }[element.style] ?? "btn";
  const url = /^https?:\/\//i.test(element.url ?? "") ? element.url : null;
  const node = h(
    url ? "a" : "button",
    {
      class: style,
      ...(url
        ? { href: url, target: "_blank", rel: "noopener noreferrer", role: "button" }
        : { type: "button" }),
      "data-action-id": element.action_id,
      "aria-label": element.accessibility_label ?? null,
    },
    h("span", { class: "btn-text" }, textObject(element.text)),
    url ? icon("link", { size: 14 }) : null,
  );
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-busy") !== "true") slot.surface.act(slot.blockId, element, undefined, node);
  });
  return node;
}

function overflow(element, slot) {
  const items = (element.options ?? []).map((option) => overflowItem(option));
  const list = h("div", { class: "popup menu", role: "menu", hidden: true }, items);
  const opener = h(
    "button",
    {
      type: "button",
      class: "btn icon-only",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": "More actions",
      "data-action-id": element.action_id,
    },
    icon("more"),
  );
  let popup = null;
  const close = () => popup?.close();
  const open = () => {
    popup = openPopup(opener, list, {
      width: "own",
      onClose: () => {
        popup = null;
        opener.setAttribute("aria-expanded", "false");
      },
    });
    opener.setAttribute("aria-expanded", "true");
    moveTabStop(items, items[0]);
    items[0]?.focus();
  };
  opener.addEventListener("click", () => (popup ? close() : open()));
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || popup) return;
    event.preventDefault();
    open();
  });
  roving(list, () => items);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    close();
    opener.focus();
  });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=menuitem]");
    if (!item) return;
    close();
    opener.focus();
    slot.surface.act(slot.blockId, element, element.options[items.indexOf(item)], opener);
  });
  return h("span", { class: "overflow-wrap" }, opener, list);
}

function overflowItem(option) {
  const url = /^https?:\/\//i.test(option.url ?? "") ? option.url : null;
  const words = [
    h("span", {}, textObject(option.text)),
    option.description ? h("span", { class: "list-description" }, textObject(option.description)) : null,
  ];
  const shared = { role: "menuitem", class: "list-row", "data-value": option.value };
  return url
    ? h(
        "a",
        { ...shared, href: url, target: "_blank", rel: "noopener noreferrer" },
        h("span", { class: "list-words" }, words),
      )
    : h("button", { ...shared, type: "button" }, h("span", { class: "list-words" }, words));
}

function choiceGroup(element, slot, type) {
  const many = type === "checkbox";
  const held = slot.surface.get(slot.blockId, element);
  const isOn = (option) =>
    many ? (held ?? []).some((other) => other.value === option.value) : held?.value === option.value;
  const name = uniqueId(type);
  const group = h("div", {
    ...attributesOf(element, slot),
    class: "choices",
    role: many ? "group" : "radiogroup",
    "aria-required": many ? null : slot.required ? "true" : null,
  });
  const rows = (element.options ?? []).map((option) => choiceRow(option, { type, name, on: isOn(option) }));
  group.append(...rows);
  group.addEventListener("change", () => {
    const inputs = [...group.querySelectorAll("input")];
    const on = element.options.filter((_, index) => inputs[index].checked);
    changed(element, slot, many ? on : (on[0] ?? null), { node: group });
  });
  return group;
}

function choiceRow(option, { type, name, on }) {
  const id = uniqueId("choice");
  const about = option.description
    ? h("span", { class: "choice-description", id: `${id}-about` }, textObject(option.description))
    : null;
  const input = h("input", {
    type,
    name,
    id,
    "data-value": option.value,
    "aria-describedby": about ? `${id}-about` : null,
    prop: { checked: on },
  });
  return h(
    "div",
    { class: "choice" },
    input,
    h("div", { class: "choice-words" }, h("label", { for: id }, textObject(option.text)), about),
  );
}

const TYPES = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "text",
  plain_text_input: "text",
};

function textInput(element, slot) {
  const multiline = element.multiline === true;
  const shared = {
    ...attributesOf(element, slot),
    class: multiline ? "field text-field multiline" : "field text-field",
    placeholder: text(element.placeholder) || null,
    maxlength: element.max_length ?? null,
    "aria-label": slot.labelled ? null : text(element.placeholder) || "Text",
  };
  const number = element.type === "number_input";
  const node = multiline
    ? h("textarea", { ...shared, rows: "4" })
    : h("input", {
        ...shared,
        type: TYPES[element.type],
        inputmode: number ? (element.is_decimal_allowed ? "decimal" : "numeric") : null,
        autocomplete: "off",
      });
  node.value = slot.surface.get(slot.blockId, element) ?? "";
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  let timer = null;
  node.addEventListener("input", () => {
    changed(element, slot, node.value, { settled: false });
    if (!element.dispatch || !when.includes("on_character_entered")) return;
    clearTimeout(timer);
    timer = setTimeout(() => slot.surface.dispatch(slot.blockId, element, node.value), 250);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (element.dispatch && !multiline && when.includes("on_enter_pressed")) {
      event.preventDefault();
      slot.surface.dispatch(slot.blockId, element, node.value);
    } else if (multiline && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      node.form?.requestSubmit();
    }
  });
  return node;
}

function dayPicker(element, slot) {
  return dayField({
    value: slot.surface.get(slot.blockId, element),
    placeholder: text(element.placeholder),
    attributes: attributesOf(element, slot),
    clearable: slot.inInput && !slot.required,
    onChange: (value) => changed(element, slot, value),
  });
}

function timePicker(element, slot) {
  const field = timeField({
    value: slot.surface.get(slot.blockId, element),
    placeholder: text(element.placeholder),
    attributes: attributesOf(element, slot),
    clearable: slot.inInput && !slot.required,
    onChange: (value) => changed(element, slot, value),
  });
  if (!element.timezone) return field;
  return h("div", { class: "zoned" }, field, h("span", { class: "zone" }, zoneName(element.timezone)));
}

const zoneName = (name) => name.split("/").at(-1).replaceAll("_", " ");

function momentPicker(element, slot) {
  const held = slot.surface.get(slot.blockId, element);
  const now = { day: held ? day(held) : null, time: held ? clockOf(held) : null };
  const settle = () => {
    if (now.day && now.time) changed(element, slot, unixAt(now.day, now.time));
    else if (!now.day && !now.time && held) changed(element, slot, null);
  };
  const attributes = (part) => {
    const all = attributesOf(element, slot);
    return {
      "aria-label": part === "day" ? "Date" : "Time",
      "aria-describedby": all["aria-describedby"],
      "aria-invalid": all["aria-invalid"],
      autofocus: part === "day" && all.autofocus,
      "data-part": part,
    };
  };
  const part = (name) => (value) => {
    now[name] = value;
    settle();
  };
  return h(
    "div",
    {
      class: "moment",
      role: "group",
      "data-action-id": element.action_id,
      "aria-labelledby": slot.labelled ?? null,
    },
    dayField({
      value: now.day,
      attributes: attributes("day"),
      clearable: slot.inInput && !slot.required,
      onChange: part("day"),
    }),
    timeField({
      value: now.time,
      attributes: attributes("time"),
      clearable: slot.inInput && !slot.required,
      onChange: part("time"),
    }),
    h("span", { class: "zone" }, zoneName(zone())),
  );
}

function optionChoice(option, group) {
  return {
    key: option.value,
    label: text(option.text),
    also: text(option.description),
    nodes: () => plainText(option.text?.text ?? ""),
    description: option.description ? () => textObject(option.description) : undefined,
    group,
    value: option,
  };
}

function optionChoices(holder) {
  if (holder.option_groups)
    return holder.option_groups.flatMap((group) =>
      group.options.map((option) => optionChoice(option, text(group.label))),
    );
  return (holder.options ?? []).map((option) => optionChoice(option));
}

function asked(element, slot) {
  const load = async (query) => {
    const answer = await slot.surface.options(slot.blockId, element, query);
    return answer.ok
      ? { choices: optionChoices(answer) }
      : { choices: [], error: "The app did not give any choices." };
  };
  return { load, delay: 200, minQuery: element.min_query_length ?? 3 };
}

function menu(element, slot, settings) {
  const { many = false } = settings;
  const held = slot.surface.get(slot.blockId, element);
  const value = many ? (held ?? []).map((option) => optionChoice(option)) : held ? optionChoice(held) : null;
  const optionsOf = (chosen) => (many ? chosen.map((choice) => choice.value) : (chosen?.value ?? null));
  return pick(element, slot, { ...settings, value, read: optionsOf });
}

function idMenu(element, slot, choiceOf, all, { many = false } = {}) {
  const held = slot.surface.get(slot.blockId, element);
  const value = many ? (held ?? []).map(choiceOf) : held ? choiceOf(held) : null;
  const read = (chosen) => (many ? chosen.map((choice) => choice.key) : (chosen?.key ?? null));
  return pick(element, slot, { many, value, read, load: (query) => among(all().map(choiceOf))(query) });
}

// A menu outside a form acts when it has settled, and goes back when the person declines the question it asks.
function pick(element, slot, { read, ...settings }) {
  const holder = h("div", { class: "menu-holder" });
  const draw = (value) => {
    fill(
      holder,
      combobox({
        ...settings,
        value,
        attributes: attributesOf(element, slot),
        placeholder: text(element.placeholder) || (settings.many ? "Select options" : "Select an option"),
        most: element.max_selected_items ?? Infinity,
        clearable: slot.inInput && !slot.required,
        onChange: (chosen) => changed(element, slot, read(chosen), { settled: false }),
        onSettled: async (chosen) => {
          const before = settings.value;
          const done = await changed(element, slot, read(chosen), { node: holder });
          if (done !== false) settings.value = chosen;
          else {
            slot.surface.set(slot.blockId, element, read(before));
            draw(before);
          }
        },
      }),
    );
  };
  draw(settings.value);
  return holder;
}

const allPeople = () => people().map((user) => user.id);

function personChoice(id) {
  const user = personById(id);
  const name = user ? personName(user) : id;
  return {
    key: id,
    label: name,
    also: user?.name,
    picture: () => avatar({ id, name, colour: user?.avatar_color, size: 20 }),
    value: id,
  };
}

const publicChannels = () =>
  store.channels.filter((channel) => !channel.is_im && !channel.is_private).map((channel) => channel.id);

function channelChoice(id) {
  const channel = store.channels.find((other) => other.id === id);
  if (!channel && personById(id)) return personChoice(id);
  const name = channel ? channelName(channel) : id;
  return { key: id, label: channel?.is_im ? name : `#${name}`, value: id };
}

function filtered(element) {
  const kinds = element.filter?.include ?? ["public", "private", "im"];
  const kindOf = (channel) => (channel.is_im ? "im" : channel.is_private ? "private" : "public");
  return store.channels.filter((channel) => kinds.includes(kindOf(channel))).map((channel) => channel.id);
}
