// What people type, tick and pick: text, checkboxes, radio buttons, days, times and moments.
import { clockOf, day, unixAt, zone } from "./clock.js";
import { dayField, timeField } from "./dates.js";
import { h, uniqueId } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { attributesOf, changed, text, zoneName } from "./slots.js";

/** Checkboxes or radio buttons; `type` says which. */
export function choiceGroup(element, slot, type) {
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

/** A field for text, an address or a number. */
export function textInput(element, slot) {
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

/** A field for a day. */
export function dayPicker(element, slot) {
  return dayField({
    value: slot.surface.get(slot.blockId, element),
    placeholder: text(element.placeholder),
    attributes: attributesOf(element, slot),
    clearable: slot.inInput && !slot.required,
    onChange: (value) => changed(element, slot, value),
  });
}

/** A field for a time of day, with the zone it is meant in. */
export function timePicker(element, slot) {
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

/** A day and a time of day on the person's own clock, held as unix seconds. */
export function momentPicker(element, slot) {
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
