// App Home: one view per person, published by the app.
import * as api from "./api.js";
import { drawBlocks } from "./blocks.js";
import { fill, focusMark, h, restoreFocus } from "./dom.js";
import { icon } from "./icons.js";
import { appName, store } from "./store.js";
import { ViewSurface } from "./surfaces.js";

let surface = null;
let drawn = null;
let owner = null;

/** The node of the Home tab; it fills itself as the app publishes. */
export function homePanel() {
  drawn = null;
  return h("div", {
    class: "home",
    id: "home-panel",
    role: "tabpanel",
    "aria-label": `${appName()} home`,
    tabindex: "0",
    data: { testid: "home" },
  });
}

/** Tell the app that the person looks at its Home, then show what it publishes. */
export async function enterHome(panel) {
  const user = store.me.id;
  await refreshHome(panel);
  const answer = await api.openHome(user);
  if (answer.ok && user === store.me.id) await refreshHome(panel);
}

/** Fetch the published view and draw it, if it changed. */
export async function refreshHome(panel) {
  const user = store.me.id;
  const answer = await api.getHome(user);
  if (user !== store.me.id || !panel.isConnected) return;
  if (!answer.ok || !answer.view) return showEmpty(panel);
  const same = owner === user && surface?.view.id === answer.view.id;
  if (same) surface.take(answer.view);
  else surface = new ViewSurface(answer.view);
  owner = user;
  const now = JSON.stringify([user, answer.view.blocks]);
  if (now === drawn) return;
  drawn = now;
  const mark = focusMark(panel);
  const scroll = panel.scrollTop;
  panel.setAttribute("data-view-id", answer.view.id);
  fill(panel, h("div", { class: "blocks home-blocks" }, drawBlocks(answer.view.blocks, surface)));
  panel.scrollTop = scroll;
  restoreFocus(panel, mark);
}

function showEmpty(panel) {
  drawn = null;
  const why = store.appConnected
    ? `${appName()} has not published a home yet.`
    : `${appName()} is not connected to the sandbox.`;
  fill(panel, h("div", { class: "empty" }, icon("home", { size: 32 }), h("p", {}, why)));
}
