"use strict";

function plot(box) {
  const name = box.id.slice("plot-".length);
  const spec = JSON.parse(document.getElementById(`spec-${name}`).textContent);
  const width = box.clientWidth;
  const config = {
    font: getComputedStyle(document.body).fontFamily,
    axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", gridColor: "#eceff2", domainColor: "#b8c0c8",
      labelColor: "#3b444d", titleColor: "#3b444d", tickColor: "#b8c0c8" },
    axisY: { labelLimit: Math.max(110, Math.min(430, width * 0.42)) },
    autosize: { type: "fit-x", contains: "padding" },
  };
  return vegaEmbed(box, spec, { actions: false, renderer: "svg", config, ast: false });
}

// Draws what is to be seen soon; a plot that is far below waits.
function plots() {
  const drawn = new Map();
  const draw = (box) => drawn.get(box) ?? drawn.set(box, plot(box)).get(box);
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((own) => own.isIntersecting)) {
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "400px" });
  document.querySelectorAll(".plot").forEach((box) => near.observe(box));
  return draw;
}

// The boxes and the list beside a plot set its parameters.
function switches(part, draw) {
  const boxes = [...part.querySelectorAll("input[type=checkbox]")];
  const set = async (signal, value) => {
    const { view } = await draw(part.querySelector(".plot"));
    view.signal(signal, value).runAsync();
  };
  const hide = () => set("hidden", boxes.filter((box) => !box.checked).map((box) => box.value));
  boxes.forEach((box) => box.addEventListener("change", hide));
  part.querySelectorAll("button[data-all]").forEach((button) => button.addEventListener("click", () => {
    boxes.forEach((box) => { box.checked = Boolean(button.dataset.all); });
    hide();
  }));
  part.querySelector("[data-panel]")?.addEventListener("change", (event) => set("panel", event.target.value));
}

function element(name, content, ...children) {
  const own = document.createElement(name);
  if (content) own.textContent = content;
  own.append(...children);
  return own;
}

// What a row opens to: what the method does, its parameters, its runs, and where the log of a run is.
function opened(row, details) {
  const { number, name, dataset, noise } = row.dataset;
  const method = details.methods[name];
  const box = element("div");
  box.className = "opened";
  if (method) {
    const page = element("a", method.file);
    page.href = `../methods/${method.file}.html`;
    box.append(element("p", "", method.doc + " ", page));
    const params = element("p", "");
    params.className = "params";
    const texts = [...Object.entries(method.set).map(([key, value]) => element("b", `${key} ${value}`)),
      ...Object.entries(method.defaults).map(([key, value]) => element("span", `${key} ${value}`))];
    texts.forEach((own, place) => params.append(place ? ", " : "", own));
    box.append(params.childNodes.length ? params : element("p", "It has no parameters."));
  }
  const head = element("thead", "", element("tr", "", ...details.heads.map((text) => element("th", text))));
  const runs = details.runs[number].map((run) => element("tr", "", ...run.map((text) => element("td", text))));
  const table = element("div", "", element("table", "", head, element("tbody", "", ...runs)));
  table.className = "scroll";
  box.append(table);
  const seeds = [...new Set(details.runs[number].map((run) => run[1]))].join(", ");
  box.append(element("p", "", "Log: ", element("code", `${details.logs}/${dataset}/${noise}/${name}/`),
    `, a file a seed (${seeds}), where the runs were made`));
  return box;
}

function results(table) {
  const details = JSON.parse(document.getElementById("details").textContent);
  const filters = [...document.querySelectorAll("[data-filter]")];
  const [iterates, controls] = ["iterates", "controls"].map((name) => document.querySelector(`[data-switch=${name}]`));
  const shows = (row) => filters.every((own) => !own.value || row.dataset[own.dataset.filter] === own.value)
    && (iterates.checked || row.dataset.iterate === "returned") && (controls.checked || !row.dataset.control);
  const made = new DataTable(table, {
    order: [], autoWidth: false, pageLength: 50, lengthMenu: [25, 50, 100, { label: "all", value: -1 }],
    layout: { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
    language: { search: "Search", lengthMenu: "Rows _MENU_", info: "_START_ to _END_ of _TOTAL_ rows",
      infoFiltered: "(of _MAX_)", infoEmpty: "no row", zeroRecords: "No row is like that." },
  });
  made.search.fixed("shown", (text, data, index) => shows(made.row(index).node()));
  const draw = () => {
    // A column that is the same in all rows says nothing.
    for (const own of filters) made.columns(`[data-column=${own.dataset.filter}]`).visible(!own.value, false);
    made.columns("[data-column=iterate]").visible(iterates.checked, false);
    made.draw();
  };
  [...filters, iterates, controls].forEach((own) => own.addEventListener("change", draw));
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const row = made.row(button.closest("tr"));
    const open = !row.child.isShown();
    if (open) row.child(opened(row.node(), details)).show();
    else row.child.hide();
    button.setAttribute("aria-expanded", String(open));
  });
  draw();
}

document.addEventListener("DOMContentLoaded", () => {
  if (window.vegaEmbed) {
    const draw = plots();
    document.querySelectorAll(".explore").forEach((part) => switches(part, draw));
  }
  document.querySelectorAll("table.results").forEach((table) => {
    if (table.id === "results") results(table);
    else new DataTable(table, { order: [], paging: false, info: false, autoWidth: false, language: { search: "Search" } });
  });
});
