// What an element holds, in the three forms it is needed in: at first, on a click, in a form.
// Here a value is: text for text inputs, an option object (or a list of them) for menus, an id (or a list) for
// people and conversations, YYYY-MM-DD, HH:MM, or unix seconds; null when nothing is chosen.

const FORMS = {
  plain_text_input: { initial: "initial_value", state: "value", text: true },
  email_text_input: { initial: "initial_value", state: "value", text: true },
  url_text_input: { initial: "initial_value", state: "value", text: true },
  number_input: { initial: "initial_value", state: "value", text: true },
  static_select: { initial: "initial_option", state: "selected_option", option: true },
  external_select: { initial: "initial_option", state: "selected_option", option: true },
  radio_buttons: { initial: "initial_option", state: "selected_option", option: true },
  overflow: { state: "selected_option", option: true },
  multi_static_select: { initial: "initial_options", state: "selected_options", option: true, many: true },
  multi_external_select: { initial: "initial_options", state: "selected_options", option: true, many: true },
  checkboxes: { initial: "initial_options", state: "selected_options", option: true, many: true },
  users_select: { initial: "initial_user", state: "selected_user" },
  conversations_select: { initial: "initial_conversation", state: "selected_conversation" },
  channels_select: { initial: "initial_channel", state: "selected_channel" },
  multi_users_select: { initial: "initial_users", state: "selected_users", many: true },
  multi_conversations_select: {
    initial: "initial_conversations",
    state: "selected_conversations",
    many: true,
  },
  multi_channels_select: { initial: "initial_channels", state: "selected_channels", many: true },
  datepicker: { initial: "initial_date", state: "selected_date" },
  timepicker: { initial: "initial_time", state: "selected_time" },
  datetimepicker: { initial: "initial_date_time", state: "selected_date_time" },
  file_input: { state: "files", many: true, file: true },
};

/** Whether an element of this type holds a value at all (buttons do not). */
export const holdsValue = (element) => element.type in FORMS && element.type !== "overflow";

/** Whether people type into it. */
export const isText = (element) => FORMS[element.type]?.text === true;

/** What the element holds when it is first drawn. */
export function initialValue(element) {
  const form = FORMS[element.type];
  const given = form?.initial ? element[form.initial] : undefined;
  if (given !== undefined && given !== null) return form.text ? String(given) : given;
  if (form?.text) return "";
  return form?.many ? [] : null;
}

/** The value inside an entry of Slack's `state.values`. */
export function stateValue(element, entry) {
  const form = FORMS[element.type];
  if (!form || entry === null || entry === undefined) return initialValue(element);
  const given =
    typeof entry === "object" && !Array.isArray(entry) && form.state in entry ? entry[form.state] : entry;
  if (given === null || given === undefined || typeof given !== typeof initialOrSample(form, given))
    return emptyValue(form);
  return form.text ? String(given) : given;
}

const initialOrSample = (form, given) => (form.many ? (Array.isArray(given) ? given : "") : given);
const emptyValue = (form) => (form.text ? "" : form.many ? [] : null);

/** Whether nothing is chosen or typed. */
export const isEmpty = (value) =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

/** The value as a form sends it: option values instead of option objects, null for empty. */
export function formValue(element, value) {
  if (isEmpty(value)) return FORMS[element.type]?.many ? [] : null;
  if (FORMS[element.type]?.file) return value.map((file) => file.id);
  if (!FORMS[element.type]?.option) return value;
  return Array.isArray(value) ? value.map((option) => option.value) : value.value;
}

/** The value as a click sends it, under the name that its element type uses. */
export function clickValue(element, value) {
  const form = FORMS[element.type];
  if (!form) return {};
  if (form.text) return { value };
  if (form.option && !form.many) return { selected_option: value ? { value: value.value } : null };
  return { [form.state]: formValue(element, value) };
}
