// What the page knows, and who wants to hear of changes. Everything here is a copy: the server decides.

/** The one state of the page. */
export const store = {
  me: null,
  team: {},
  users: [],
  channels: [],
  commands: [],
  faults: {},
  app: {},
  appConnected: false,
  live: true,
  place: { channel: null, tab: "messages", thread: null },
};

const listeners = new Map();

/** Be called when `topic` happens: "state", "place", "live". */
export function listen(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(listener);
}

/** Tell everybody who listens to `topic`. */
export function tell(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** Take over an answer of /sandbox/state. */
export function takeState(answer) {
  store.team = answer.team ?? {};
  store.me = answer.me;
  store.users = answer.users ?? [];
  store.channels = answer.channels ?? [];
  store.commands = answer.commands ?? [];
  store.faults = answer.faults ?? {};
  store.app = answer.app ?? {};
  store.appConnected = answer.app_connected === true;
}

/** The person, or undefined when nobody has this id. */
export const personById = (id) => store.users.find((user) => user.id === id);

/** The conversation, or undefined when the person shown cannot see it. */
export const channelById = (id) => store.channels.find((channel) => channel.id === id);

/** Whether this is the person shown. */
export const isMe = (id) => store.me?.id === id;

/** The name people use for a person. */
export const personName = (user) => user?.real_name || user?.name || user?.id || "Somebody";

/** Whether a conversation is with the app. */
export const isAppChannel = (channel) => channel?.is_im === true;

/** The conversation with the app, or undefined. */
export const appChannel = () => store.channels.find(isAppChannel);

/** The app's name. */
export function appName() {
  const name = store.app.name || appChannel()?.name || "App";
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** What a conversation is called. */
export function channelName(channel) {
  if (!channel) return "";
  return isAppChannel(channel) ? appName() : channel.name;
}

/** People who can be shown: not bots, not deleted. */
export const people = () => store.users.filter((user) => !user.is_bot && !user.deleted);

/** Two letters for a person without a picture. */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2);
  return letters.toLocaleUpperCase();
}

/** What marks a person out from a plain member, in a word. */
export function roleOf(user) {
  if (user.is_ultra_restricted) return "single-channel guest";
  if (user.is_restricted) return "guest";
  if (user.is_owner) return "owner";
  if (user.is_admin) return "admin";
  return "";
}
