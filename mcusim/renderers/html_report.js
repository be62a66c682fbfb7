// The page is complete without this: it adds sorting, filtering, expanding and a choice of theme.
"use strict";
(() => {
  const root = document.documentElement;
  const at = (identifier) => document.getElementById(identifier);

  // Theme: as the system has it until the button is pressed.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = at("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  // Printing shows everything.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  const table = at("layer-table");
  if (!table) return;
  const layers = [...table.tBodies];
  const details = (layer) => layer.rows[1].querySelector("details");
  const status = at("status");
  const controls = table.closest("section").querySelector(".controls");
  let order = "";
  controls.hidden = false;

  const say = () => {
    const shown = layers.filter((layer) => !layer.hidden).length;
    const count = shown === layers.length ? `${shown} layers` : `${shown} of ${layers.length} layers`;
    status.textContent = order ? `${count}, ${order}` : count;
  };

  // Sorting: numbers first from the largest, texts from A; what is not known stays last.
  const value = (layer, column, kind) => {
    const words = layer.rows[0].cells[column].textContent.trim();
    if (kind === "text") return words.toLowerCase();
    const number = parseFloat(words.replace(/,/g, ""));
    return Number.isNaN(number) ? null : number;
  };
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  const sort = (header, column) => {
    const kind = header.dataset.sort;
    const first = kind === "number" && column > 0 ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = header.getAttribute("aria-sort") === first ? other : first;
    for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const keyed = layers.map((layer) => [value(layer, column, kind), layer]);
    keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : sign * compare(a, b)));
    table.append(...keyed.map(([, layer]) => layer));
    order = `sorted by ${header.textContent.trim()}, ${direction}`;
    say();
  };
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(header, column));
    header.append(button);
  });
  table.tHead.rows[0].cells[0].setAttribute("aria-sort", "ascending");

  // A click on a row opens its details; the summary below it does so for the keyboard.
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr.layer");
    if (!row || event.target.closest("a, button") || String(window.getSelection())) return;
    const one = details(row.parentNode);
    one.open = !one.open;
  });

  const filter = at("filter");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const layer of layers) {
      const names = [...layer.querySelectorAll(".name")].map((one) => one.textContent);
      const content = [layer.rows[0].textContent, ...names].join(" ").toLowerCase();
      layer.hidden = !words.every((word) => content.includes(word));
    }
    say();
  });

  const expand = at("expand");
  expand.addEventListener("click", () => {
    const open = expand.getAttribute("aria-pressed") !== "true";
    for (const layer of layers) details(layer).open = open;
    expand.setAttribute("aria-pressed", String(open));
  });

  // A link to a layer opens it.
  const follow = () => {
    const target = at(decodeURIComponent(location.hash.slice(1)));
    if (!layers.includes(target)) return;
    target.hidden = false;
    details(target).open = true;
    target.scrollIntoView({ block: "start" });
  };
  window.addEventListener("hashchange", follow);
  follow();
  say();
})();
