// Menus of options, people and conversations, one or several of them, listed or searched for.
import { avatar } from "./avatar.js";
import { among, combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";
import { attributesOf, changed, text } from "./slots.js";
import { channelName, people, personById, personName, store } from "./store.js";

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

/** The choices of a list of options, or of groups of them. */
export function optionChoices(holder) {
  if (holder.option_groups)
    return holder.option_groups.flatMap((group) =>
      group.options.map((option) => optionChoice(option, text(group.label))),
    );
  return (holder.options ?? []).map((option) => optionChoice(option));
}

/** How a menu gets its choices from the app. */
export function asked(element, slot) {
  const load = async (query) => {
    const answer = await slot.surface.options(slot.blockId, element, query);
    return answer.ok
      ? { choices: optionChoices(answer) }
      : { choices: [], error: "The app did not give any choices." };
  };
  return { load, delay: 200, minQuery: element.min_query_length ?? 3 };
}

/** A menu that holds option objects. */
export function menu(element, slot, settings) {
  const { many = false } = settings;
  const held = slot.surface.get(slot.blockId, element);
  const value = many ? (held ?? []).map((option) => optionChoice(option)) : held ? optionChoice(held) : null;
  const optionsOf = (chosen) => (many ? chosen.map((choice) => choice.value) : (chosen?.value ?? null));
  return pick(element, slot, { ...settings, value, read: optionsOf });
}

/** A menu that holds ids; `all()` lists them and `choiceOf` draws one. */
export function idMenu(element, slot, choiceOf, all, { many = false } = {}) {
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

/** The ids of everybody who can be chosen. */
export const allPeople = () => people().map((user) => user.id);

/** A person as a choice. */
export function personChoice(id) {
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

/** The ids of the public channels that the person sees. */
export const publicChannels = () =>
  store.channels.filter((channel) => !channel.is_im && !channel.is_private).map((channel) => channel.id);

/** A conversation as a choice. */
export function channelChoice(id) {
  const channel = store.channels.find((other) => other.id === id);
  if (!channel && personById(id)) return personChoice(id);
  const name = channel ? channelName(channel) : id;
  return { key: id, label: channel?.is_im ? name : `#${name}`, value: id };
}

/** The ids of the conversations that an element's filter lets through. */
export function filtered(element) {
  const kinds = element.filter?.include ?? ["public", "private", "im"];
  const kindOf = (channel) => (channel.is_im ? "im" : channel.is_private ? "private" : "public");
  return store.channels.filter((channel) => kinds.includes(kindOf(channel))).map((channel) => channel.id);
}
