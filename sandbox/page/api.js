// The sandbox's own JSON API. Every answer has `ok`; a lost server is an answer too, not an exception.

async function call(path, options) {
  try {
    const response = await fetch(`/sandbox/${path}`, options);
    return await response.json();
  } catch {
    return { ok: false, error: "unreachable", message: "The sandbox's server does not answer." };
  }
}

function get(path, query) {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return call(`${path}?${new URLSearchParams(wanted)}`, { headers: { accept: "application/json" } });
}

function post(path, body) {
  return call(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

// More than this nobody scrolls through; the rest is there for programs.
const NEWEST = 300;

export const getState = (user) => get("state", { user });
export const getMessages = (user, channel, thread) => get("messages", { user, channel, thread_ts: thread, limit: NEWEST });
export const getViews = (user) => get("views", { user });
export const getHome = (user) => get("home", { user });
export const openHome = (user, tab = "home") => post("home", { user, tab });
export const sendCommand = (user, channel, text) => post("command", { user, channel, text });
export const sendMessage = (body) => post("message", body);
export const click = (body) => post("click", body);
export const fillInputs = (body) => post("fill", body);
export const submitView = (user, viewId, values) => post("submit", { user, view_id: viewId, values });
export const closeView = (user, viewId, clear) => post("close", { user, view_id: viewId, clear });
export const getFaults = () => get("faults", {});
export const switchFaults = (switches) => post("faults", switches);
export const getChannels = () => get("channels", {});
export const changeChannel = (body) => post("channels", body);
export const getUsers = () => get("users", {});
export const changeUser = (body) => post("users", body);
export const findOptions = (body) => post("options", body);
export const upload = (user, name, content) => post("upload", { user, name, content });
