// The interactive elements of Block Kit, by type. A surface (a message, a modal, App Home) keeps what they hold and sends
// what they do.
import { button, overflow } from "./buttons.js";
import { among } from "./combobox.js";
import { h } from "./dom.js";
import { fileInput } from "./filing.js";
import { choiceGroup, dayPicker, momentPicker, textInput, timePicker } from "./inputs.js";
import {
  allPeople,
  asked,
  channelChoice,
  filtered,
  idMenu,
  menu,
  optionChoices,
  personChoice,
  publicChannels,
} from "./menus.js";

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
  file_input: fileInput,
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
