// Photos go to this machine's own server and come back enhanced; nothing else is asked.
import { $, address, close, shown, strength, view } from "./viewer.js";

const rows = new Map(); // key → {row, photo, leaving: whether it is being removed}
const networks = new Map(); // id → what the server offers
const POLL_MS = 400;

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
const remember = () => sessionStorage.setItem("photos", JSON.stringify([...rows.keys()]));

async function start() {
  try {
    const { networks: offered, limits, camera } = await offers;
    $("#camera").hidden = !camera;
    $("#limits").textContent = `up to ${limits.mb} MB and ${limits.megapixels} megapixels each`;
    for (const network of offered) {
      const { id, name, badge, note } = network;
      networks.set(id, network);
      $("#network").add(new Option(`${name}: ${badge}${note ? ` (${note})` : ""}`, id));
    }
    offerScales();
    for (const key of JSON.parse(sessionStorage.getItem("photos") || "[]")) {
      try { show(await ask(address(key))); } catch { /* it is gone */ }
    }
    remember();
  } catch (error) {
    say(`The server cannot be reached: ${error.message}`);
  }
  count();
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
  for (const [number, file] of files.entries()) {
    if (file.size > limits.mb * 1e6) {
      problems.push(`${file.name}: it has ${(file.size / 1e6).toFixed(0)} MB; this page accepts at most ${limits.mb}.`);
      continue;
    }
    $("#sending").textContent = `Sending ${file.name}` + (files.length > 1 ? `, ${number + 1} of ${files.length}` : "");
    const query = wanted({ name: file.name.slice(0, 300) });
    try {
      show(await ask(`/photos?${query}`, { method: "POST", body: file }));
      remember();
    } catch (error) {
      problems.push(`${file.name}: ${error.message}`);
    }
  }
  $("#sending").textContent = "";
  say(problems.join("\n"));
}

// What is chosen above, as a query.
function wanted(more = {}) {
  const query = new URLSearchParams({ network: $("#network").value, ...more });
  if (!$("#enlarging").hidden) query.set("scale", $("#scale").value);
  return query;
}

// The factors that the chosen network offers, its own first.
function offerScales() {
  const own = networks.get($("#network").value)?.scale ?? 1;
  const before = Number($("#scale").value);
  $("#enlarging").hidden = own === 1;
  if (own === 1) return;
  const factors = Array.from({ length: own - 1 }, (_, n) => own - n);
  $("#scale").replaceChildren(...factors.map((factor) => new Option(`${factor} times`, factor)));
  if (factors.includes(before)) $("#scale").value = before;
}

function words(photo) {
  const percent = Math.round(100 * photo.share);
  // A small photo is one tile: nothing is known of it until it is done.
  const share = !percent ? "" : percent < 100 ? `, ${percent} %` : ", being saved";
  return {
    waiting: "waiting", working: `at work${share}`, done: "done", failed: `failed: ${photo.reason}`,
  }[photo.state];
}

function show(photo) {
  const entry = rows.get(photo.key) || add(photo);
  const before = entry.photo;
  entry.photo = photo;
  const { row } = entry;
  row.className = photo.state;
  const made = photo.scale === null ? "" : ` → ${photo.made_width} × ${photo.made_height}`;
  $(".state", row).textContent = `${photo.width} × ${photo.height}${made}, ${words(photo)}`;
  $(".open", row).disabled = photo.state !== "done";
  const bar = $("progress", row);
  bar.hidden = photo.state !== "working";
  if (photo.share) bar.value = photo.share;
  else bar.removeAttribute("value");
  count();
  const finished = photo.state === "done" && before?.state !== "done";
  if (finished && (shown === null || shown.key === photo.key)) open(photo.key);
}

function add(photo) {
  const row = $("#row").content.firstElementChild.cloneNode(true);
  $(".name", row).textContent = photo.name;
  $(".open", row).addEventListener("click", () => open(photo.key));
  $(".remove", row).addEventListener("click", () => remove(photo.key));
  $(".remove", row).setAttribute("aria-label", `Remove ${photo.name}`);
  const thumbnail = $(".thumb img", row);
  thumbnail.addEventListener("error", () => { thumbnail.hidden = true; });
  thumbnail.src = address(photo.key, "/thumbnail.jpg");
  $("#photos").append(row);
  const entry = { row };
  rows.set(photo.key, entry);
  return entry;
}

// What depends on how many photos there are, and how many are done.
function count() {
  const done = [...rows.values()].filter(({ photo }) => photo?.state === "done").map(({ photo }) => photo.key);
  $("#first").hidden = rows.size > 0;
  $("#all").hidden = done.length < 2;
  $("#zip").textContent = `Download all ${done.length} as a zip`;
  const query = new URLSearchParams([...done.map((key) => ["key", key]), ["strength", strength()]]);
  $("#zip").href = `/enhanced.zip?${query}`;
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
  count();
  if (shown?.key === key) close();
}

function open(key) {
  const { photo, row } = rows.get(key);
  for (const other of document.querySelectorAll(".open")) other.removeAttribute("aria-current");
  $(".open", row).setAttribute("aria-current", "true");
  const network = networks.get(photo.network);
  const enlarged = photo.scale === null ? "" : `\nEnlarged: ${photo.scale} times (before: by bicubic)`;
  view(photo, `Network: ${network.name}, ${network.badge}${enlarged}\nComputed by: ${photo.engine}`);
}

async function sample() {
  try {
    const answer = await fetch("/sample.jpg");
    send([new File([await answer.blob()], "sample.jpg", { type: "image/jpeg" })]);
  } catch (error) {
    say(`The server cannot be reached: ${error.message}`);
  }
}

// Programs give what is pasted one name for all.
function pasted(file) {
  const now = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  return new File([file], file.name.replace(/^image(?=\.)/, `pasted ${now}`), { type: file.type });
}

$("#files").addEventListener("change", (event) => { send([...event.target.files]); event.target.value = ""; });
$("#sample").addEventListener("click", sample);
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("#drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") send([...event.dataTransfer.files]);
  });
}
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return say("There is no photo on the clipboard.");
  event.preventDefault();
  send(files.map(pasted));
});
$("#strength").addEventListener("input", count);
async function again() {
  if (!shown) return;
  say("");
  try { show(await ask(address(shown.key, `/enhance?${wanted()}`), { method: "POST" })); } catch (error) { say(error.message); }
}

$("#network").addEventListener("change", () => { offerScales(); again(); });
$("#scale").addEventListener("change", again);
start();
