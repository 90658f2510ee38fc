// Photos go to this machine's own server and come back enhanced; nothing else is asked.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const rows = new Map(); // key → {row, photo, leaving: whether it is being removed}
const POLL_MS = 400;
let shown = null; // the key of the photo in the viewer

async function ask(address, options = {}) {
  const answer = await fetch(address, options);
  const body = await answer.text();
  if (answer.ok) return body ? JSON.parse(body) : {};
  let reason = body.trim();
  try {
    const detail = JSON.parse(body).detail;
    reason = typeof detail === "string" ? detail : detail[0].msg;
  } catch { /* plain text */ }
  throw Object.assign(new Error(reason || `The server answered ${answer.status}.`), { status: answer.status });
}

// Asked for once; photos chosen before the answer wait for it.
const offers = ask("/offers");

const say = (text) => { $("#said").textContent = text; };
const address = (key, rest = "") => `/photos/${key}${rest}`;
const remember = () => sessionStorage.setItem("photos", JSON.stringify([...rows.keys()]));

async function start() {
  try {
    const { networks, limits } = await offers;
    $("#limits").textContent = `up to ${limits.mb} MB and ${limits.megapixels} megapixels each`;
    for (const { id, name, badge, note } of networks) {
      $("#network").add(new Option(`${name}: ${badge}${note ? ` (${note})` : ""}`, id));
    }
    for (const key of JSON.parse(sessionStorage.getItem("photos") || "[]")) {
      try { show(await ask(address(key))); } catch { /* it is gone */ }
    }
    remember();
  } catch (error) {
    say(`The server cannot be reached: ${error.message}`);
  }
  poll();
}

async function send(files) {
  say("");
  const problems = [];
  let limits;
  try {
    limits = (await offers).limits;
  } catch (error) {
    return say(`The server cannot be reached: ${error.message}`);
  }
  for (const file of files) {
    if (file.size > limits.mb * 1e6) {
      problems.push(`${file.name}: it has ${(file.size / 1e6).toFixed(0)} MB; this page accepts at most ${limits.mb}.`);
      continue;
    }
    const query = new URLSearchParams({ network: $("#network").value, name: file.name.slice(0, 300) });
    try {
      show(await ask(`/photos?${query}`, { method: "POST", body: file }));
      remember();
    } catch (error) {
      problems.push(`${file.name}: ${error.message}`);
    }
  }
  say(problems.join("\n"));
}

const WORDS = { waiting: "waiting", working: "at work", done: "done", failed: "failed" };

function show(photo) {
  let entry = rows.get(photo.key);
  if (!entry) {
    const row = $("#row").content.firstElementChild.cloneNode(true);
    $(".open", row).addEventListener("click", () => view(photo.key));
    $(".remove", row).addEventListener("click", () => remove(photo.key));
    $("#photos").append(row);
    entry = { row };
    rows.set(photo.key, entry);
  }
  const before = entry.photo;
  entry.photo = photo;
  const { row } = entry;
  const percent = Math.round(100 * photo.share);
  row.className = photo.state;
  $(".name", row).textContent = photo.name;
  $(".state", row).textContent =
    `${photo.width} × ${photo.height}, ${WORDS[photo.state]}` +
    (photo.state === "working" ? `, ${percent} %` : "") + (photo.engine ? `, by ${photo.engine}` : "") +
    (photo.reason ? `: ${photo.reason}` : "");
  $(".open", row).disabled = photo.state !== "done";
  $(".remove", row).setAttribute("aria-label", `Remove ${photo.name}`);
  const bar = $("progress", row);
  bar.hidden = photo.state === "done" || photo.state === "failed";
  bar.value = photo.share;
  const finished = photo.state === "done" && before?.state !== "done";
  if (finished && (shown === null || shown === photo.key)) view(photo.key);
}

let lost = false; // whether the server did not answer last time

async function poll() {
  const gone = [], before = lost;
  lost = false;
  for (const [key, entry] of rows) {
    const { name, state } = entry.photo;
    // A server that was away may have lost those that are done, too.
    if (!before && state !== "waiting" && state !== "working") continue;
    try {
      const photo = await ask(address(key));
      if (!entry.leaving) show(photo);
    } catch (error) {
      if (entry.leaving) continue; // it is gone as was asked
      if (error.status === 404) { forget(key); gone.push(name); }
      else { lost = true; say(`The server cannot be reached: ${error.message}`); }
    }
  }
  if (gone.length) say(`Not here any more: ${gone.join(", ")}. Send it again.`);
  else if (before && !lost) say("");
  setTimeout(poll, POLL_MS);
}

async function remove(key) {
  const entry = rows.get(key);
  if (entry.leaving) return;
  entry.leaving = true;
  try {
    await ask(address(key), { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) { entry.leaving = false; return say(error.message); }
  }
  const next = entry.row.nextElementSibling || entry.row.previousElementSibling;
  forget(key);
  (next ? $(".remove", next) : $("#files")).focus();
}

function forget(key) {
  rows.get(key).row.remove();
  rows.delete(key);
  remember();
  if (shown === key) { shown = null; $("#viewer").hidden = true; }
}

function view(key) {
  const { photo, row } = rows.get(key);
  shown = key;
  for (const other of document.querySelectorAll(".open")) other.removeAttribute("aria-current");
  $(".open", row).setAttribute("aria-current", "true");
  $("#viewer h2").textContent = photo.name;
  // The same photo by another network has the same address, so the address names the network too.
  for (const [selector, which] of [["#before", "original"], ["#after img", "enhanced"]]) {
    $(selector).src = address(key, `/${which}.jpg?network=${photo.network}`);
  }
  $("#viewer").hidden = false;
  zoom(false);
  strength();
}

function split() {
  const share = Number($("#split").value);
  $("#after").style.clipPath = `inset(0 0 0 ${share}%)`;
  $("#edge").style.left = `calc(${share}% - 1px)`;
  $("#split").setAttribute("aria-valuetext", `${share} % before, ${100 - share} % after`);
}

function strength() {
  const share = Number($("#strength").value) / 100;
  $("#percent").textContent = `${Math.round(100 * share)} %`;
  $("#after img").style.opacity = share; // the same blend as in the file
  if (shown) $("#download").href = address(shown, `/result?strength=${share}`);
}

function zoom(full) {
  $("#zoom").setAttribute("aria-pressed", full);
  $("#stage").classList.toggle("full", full);
  const { width, height } = rows.get(shown).photo;
  // The size is the photo's, so nothing moves when its pixels come.
  const { style } = $("#pair");
  style.aspectRatio = width / height;
  // At full size, one pixel of the photo is one of the screen.
  style.width = full ? `${width / devicePixelRatio}px` : `min(100%, ${width}px, ${80 * width / height}dvh)`;
  style.height = full ? `${height / devicePixelRatio}px` : "auto";
  split();
  if (!full) return;
  // The divider in the middle of what is seen.
  const stage = $("#stage");
  stage.scrollLeft = ($("#split").value / 100) * stage.scrollWidth - stage.clientWidth / 2;
  stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
}

function drag(event) {
  if (event.pointerType === "touch" && $("#stage").classList.contains("full")) return; // it scrolls
  const box = $("#pair").getBoundingClientRect();
  $("#split").value = Math.round((100 * (event.clientX - box.left)) / box.width);
  split();
}

$("#files").addEventListener("change", (event) => { send([...event.target.files]); event.target.value = ""; });
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("#drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") send([...event.dataTransfer.files]);
  });
}
$("#split").addEventListener("input", split);
$("#strength").addEventListener("input", strength);
$("#zoom").addEventListener("click", () => zoom($("#zoom").getAttribute("aria-pressed") !== "true"));
$("#network").addEventListener("change", async () => {
  if (!shown) return;
  try { show(await ask(address(shown, `/enhance?network=${$("#network").value}`), { method: "POST" })); } catch (error) { say(error.message); }
});
$("#pair").addEventListener("pointerdown", (event) => {
  event.preventDefault();
  drag(event);
  if (event.pointerType !== "touch") $("#pair").setPointerCapture(event.pointerId);
});
$("#pair").addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
start();
