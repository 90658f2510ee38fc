"use strict";
document.documentElement.classList.add("script");

function compare(gallery) {
  const chooser = gallery.querySelector(".chooser");
  function choose() {
    const chosen = new FormData(chooser);
    for (const shown of gallery.querySelectorAll("[data-method]")) {
      shown.classList.toggle("left", shown.dataset.method === chosen.get("left"));
      shown.classList.toggle("right", shown.dataset.method === chosen.get("right"));
    }
    for (const mode of ["slider", "stack", "all"]) {
      gallery.classList.toggle(mode, chosen.get("mode") === mode);
    }
    gallery.style.setProperty("--zoom", chosen.get("zoom"));
  }
  if (chooser) {
    chooser.addEventListener("change", choose);
    choose();
  } else {
    gallery.classList.add("slider");
  }
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
    if (event.button || !stage.closest(".slider")) return;
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

// Headings become buttons. The first click puts the best on top, where a direction is better, else
// numbers from the largest and text from A; a second click turns the order. Empty cells stay last.
function sortable(table) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const rows = [...table.tBodies[0].rows];
      const present = rows.filter((row) => value(row, column) !== "");
      const numbers = present.every((row) => Number.isFinite(Number(value(row, column))));
      const before = head.getAttribute("aria-sort");
      const first = numbers && head.dataset.better !== "lower" ? "descending" : "ascending";
      const turned = first === "ascending" ? "descending" : "ascending";
      const order = before === first ? turned : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      present.sort((a, b) => {
        const [one, two] = [value(a, column), value(b, column)];
        const difference = numbers ? one - two : one.localeCompare(two);
        return order === "ascending" ? difference : -difference;
      });
      table.tBodies[0].append(...present, ...rows.filter((row) => !present.includes(row)));
    });
  });
}

// A pixel of a crop is a pixel of the screen, whatever the screen and the browser's zoom.
function actualSize() {
  document.documentElement.style.setProperty("--dppx", window.devicePixelRatio);
}

document.querySelectorAll(".gallery").forEach(compare);
document.querySelectorAll("table.sortable").forEach(sortable);
window.addEventListener("resize", actualSize);
actualSize();
