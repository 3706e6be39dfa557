// Files that a person hands over in a form: chosen, sent to the sandbox, listed, taken back.
import * as api from "./api.js";
import { h } from "./dom.js";
import { attributesOf, changed } from "./slots.js";
import { store } from "./store.js";

/** A chooser for files, with those that were chosen. */
export function fileInput(element, slot) {
  const most = element.max_files ?? 10;
  const list = h("ul", { class: "files" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const chooser = h("input", {
    ...attributesOf(element, slot),
    type: "file",
    class: "field file-field",
    multiple: most > 1,
    accept: element.filetypes?.map((kind) => `.${kind}`).join(",") ?? null,
  });
  const held = () => slot.surface.get(slot.blockId, element) ?? [];

  function keep(files) {
    changed(element, slot, files, { settled: true });
    draw();
  }

  function draw() {
    list.replaceChildren(
      ...held().map((file) =>
        h(
          "li",
          { "data-testid": "file" },
          h("span", {}, `${file.name} (${sizeOf(file.size)})`),
          h(
            "button",
            {
              type: "button",
              class: "btn",
              "aria-label": `Remove ${file.name}`,
              on: { click: () => keep(held().filter((other) => other.id !== file.id)) },
            },
            "Remove",
          ),
        ),
      ),
    );
  }

  chooser.addEventListener("change", async () => {
    problem.hidden = true;
    for (const chosen of [...chooser.files].slice(0, most - held().length)) {
      const answer = await api.upload(store.me.id, chosen.name, await asBase64(chosen));
      if (answer.ok) keep([...held(), answer.file]);
      else {
        problem.textContent = answer.message ?? "The file could not be sent.";
        problem.hidden = false;
      }
    }
    chooser.value = "";
  });
  draw();
  return h("div", { class: "file-input" }, chooser, problem, list);
}

const sizeOf = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024)} KB`);

function asBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
