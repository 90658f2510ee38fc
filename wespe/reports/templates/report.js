"use strict";
document.documentElement.classList.add("script");

function compare(gallery) {
  const chooser = gallery.querySelector(".chooser");
  function choose() {
    const chosen = new FormData(chooser);
    for (const view of gallery.querySelectorAll(".view")) {
      view.classList.toggle("left", view.dataset.method === chosen.get("left"));
      view.classList.toggle("right", view.dataset.method === chosen.get("right"));
    }
    gallery.classList.toggle("actual-pixels", chosen.has("actual"));
  }
  chooser.addEventListener("change", choose);
  choose();
  gallery.querySelectorAll(".stage").forEach(slide);
}

function slide(stage) {
  const range = stage.querySelector("input");
  function show() {
    stage.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", "left picture up to " + range.value + " percent");
  }
  function follow(event) {
    const box = stage.getBoundingClientRect();
    range.value = 100 * (event.clientX - box.left) / box.width;
    show();
  }
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
    range.focus({ preventScroll: true });
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  range.addEventListener("input", show);
  show();
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const before = head.getAttribute("aria-sort");
    const up = column ? before === "descending" : before !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.value;
    const order = (a, b) => column ? key(a) - key(b) : key(a).localeCompare(key(b));
    const rows = [...table.tBodies[0].rows];
    const missing = rows.filter((row) => key(row) === "");
    const sorted = rows.filter((row) => key(row) !== "").sort((a, b) => up ? order(a, b) : order(b, a));
    table.tBodies[0].append(...sorted, ...missing);
  }));
}

document.querySelectorAll(".gallery").forEach(compare);
document.querySelectorAll(".sortable").forEach(sortable);
