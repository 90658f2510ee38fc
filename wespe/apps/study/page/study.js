"use strict";

const part = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const RATINGS = ["bad", "poor", "fair", "good", "excellent"];
const CLOSEST = 8; // screen pixels to a picture's pixel

let state = null;
let shownAt = 0;
let busy = true;

/* Asking the server: where it does not answer, the same again until it does. */

async function ask(address, sent) {
  const options = sent === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent),
  };
  for (let pause = 250; ; pause = Math.min(2 * pause, 4000)) {
    const answer = await fetch(address, options).catch(() => null);
    if (answer && answer.status < 500) {
      notice("");
      return { ok: answer.ok, told: await answer.json().catch(() => ({})) };
    }
    notice("The server does not answer. Nothing is lost: this page goes on when it is back.");
    await wait(pause);
  }
}

function notice(text) {
  part("notice").textContent = text;
  part("notice").hidden = !text;
}

/* The pictures: all panes share one view, in pixels of the picture. */

const view = { scale: 1, x: 0, y: 0 };

const panes = () => [...part("stage").children];
const picture = () => part("stage").querySelector("img");
const actualScale = () => 1 / window.devicePixelRatio;

function fitScale() {
  const pane = panes()[0], { naturalWidth, naturalHeight } = picture();
  const scale = Math.min(pane.clientWidth / naturalWidth, pane.clientHeight / naturalHeight);
  return Math.min(scale, actualScale());
}

function look(scale, x, y) {
  if (busy || !picture()) return;
  const { naturalWidth, naturalHeight } = picture();
  const { clientWidth, clientHeight } = panes()[0];
  view.scale = Math.min(Math.max(scale, fitScale()), CLOSEST * actualScale());
  view.x = within(x, naturalWidth, clientWidth / view.scale);
  view.y = within(y, naturalHeight, clientHeight / view.scale);
  const left = clientWidth / 2 - view.x * view.scale, top = clientHeight / 2 - view.y * view.scale;
  for (const pane of panes()) {
    pane.querySelector("img").style.transform = `translate(${left}px, ${top}px) scale(${view.scale})`;
  }
}

/* A centre that leaves no margin, or the middle where all of the picture is seen. */
function within(centre, size, seen) {
  return seen >= size ? size / 2 : Math.min(Math.max(centre, seen / 2), size - seen / 2);
}

const fit = () => look(0, view.x, view.y);
const actual = () => look(actualScale(), view.x, view.y);
const zoom = (factor) => look(view.scale * factor, view.x, view.y);
const pan = (right, down) => look(view.scale, view.x + right / view.scale, view.y + down / view.scale);

/* Zoom so that what is under a point of a pane stays there. */
function zoomAt(pane, event, scale) {
  const box = pane.getBoundingClientRect();
  const right = event.clientX - box.left - box.width / 2, down = event.clientY - box.top - box.height / 2;
  const least = Math.min(Math.max(scale, fitScale()), CLOSEST * actualScale());
  const moved = 1 / view.scale - 1 / least;
  look(least, view.x + right * moved, view.y + down * moved);
}

function makePane(address, label) {
  const pane = document.createElement("div"), image = new Image(), mark = document.createElement("span");
  pane.className = "pane";
  image.draggable = false;
  image.alt = label ? `Picture ${label}` : "The picture";
  image.src = address;
  mark.textContent = label;
  pane.append(image, ...(label ? [mark] : []));
  const fingers = new Map();
  pane.addEventListener("pointerdown", (event) => {
    pane.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  });
  pane.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    const part = 1 / fingers.size;
    pan((before.clientX - event.clientX) * part, (before.clientY - event.clientY) * part);
    if (other) {
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
      zoomAt(pane, middle, view.scale * apart(event) / Math.max(apart(before), 1));
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pane.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  pane.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(pane, event, view.scale * Math.exp(-event.deltaY / 400));
  }, { passive: false });
  pane.addEventListener("dblclick", (event) => {
    if (view.scale > fitScale() * 1.01) fit(); else zoomAt(pane, event, actualScale());
  });
  return pane;
}

/* One trial: nothing is seen, and nothing can be chosen, until all its pictures are there. */

async function showPictures(addresses) {
  const labels = addresses.length > 1 ? ["A", "B"] : [""];
  part("stage").classList.add("waiting");
  for (let pause = 250; ; pause = Math.min(2 * pause, 4000)) {
    const made = addresses.map((address, side) => makePane(address, labels[side]));
    part("stage").replaceChildren(...made);
    const there = made.map((pane) => pane.querySelector("img").decode());
    if (await Promise.all(there).then(() => true, () => false)) break;
    notice("A picture does not load. Trying again.");
    await wait(pause);
  }
  notice("");
  busy = false;
  fit();
  part("stage").classList.remove("waiting");
}

function makeChoices() {
  const choices = state.kind === "pairs"
    ? ["A", "B"].map((label, side) => [side, `${label} is better`, ""])
    : RATINGS.map((word, place) => [place + 1, String(place + 1), word]);
  part("choices").replaceChildren(...choices.map(([choice, text, word]) => {
    const button = document.createElement("button");
    button.dataset.choice = choice;
    button.append(text);
    if (word) button.append(Object.assign(document.createElement("small"), { textContent: word }));
    button.addEventListener("click", (event) => {
      // The second half of a double click is no answer to what has come by then. A finger does not
      // double-click, but two quick answers of one are counted as if it did.
      if (event.detail < 2 || event.pointerType === "touch") choose(choice);
    });
    return button;
  }));
}

function allow(can) {
  for (const button of part("choices").children) button.disabled = !can;
}

async function choose(choice) {
  // A key pressed twice is not two answers.
  if (busy || performance.now() - shownAt < 300) return;
  busy = true;
  allow(false);
  const seconds = Math.min((performance.now() - shownAt) / 1000, 1e6); // what the server takes
  const { ok, told } = await ask("vote", { code: state.code, trial: state.trial, choice, seconds });
  // Refused: the subject has withdrawn, whoever the cookie is by now.
  await show(ok ? told : (await ask("state")).told);
}

async function show(next) {
  const first = !state || state.phase === "welcome" || state.phase === "thanks";
  state = next;
  const welcome = state.phase === "welcome", thanks = state.phase === "thanks";
  document.title = state.title;
  document.body.className = `of-${state.kind}${state.simulated ? " of-simulated" : ""}`;
  document.querySelector("#welcome h1").textContent = state.title;
  for (const place of document.querySelectorAll(".count")) place.textContent = state.trials;
  for (const place of document.querySelectorAll(".practice")) place.textContent = state.practice;
  for (const place of document.querySelectorAll(".code")) place.textContent = state.code || "";
  part("welcome").hidden = !welcome;
  part("thanks").hidden = !thanks;
  part("trial").hidden = welcome || thanks;
  if (welcome || thanks) {
    part("stage").replaceChildren();
    return;
  }
  if (first) makeChoices();
  allow(false);
  busy = true;
  const practice = state.phase === "practice" ? "Practice, " : "";
  part("place").textContent = `${practice}${state.done + 1} of ${state.trials}`;
  part("bar").max = state.trials;
  part("bar").value = state.done;
  part("question").textContent = state.kind === "pairs" ? "Which do you prefer?" : "How good is this picture?";
  await showPictures(state.pictures);
  shownAt = performance.now();
  part("trial").dataset.trial = state.trial;
  allow(true);
  for (const address of state.following) new Image().src = address;
}

/* What people do. */

const KEYS = {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": fit, z: actual,
  ArrowLeft: () => pan(-60, 0), ArrowRight: () => pan(60, 0),
  ArrowUp: () => pan(0, -60), ArrowDown: () => pan(0, 60),
};

document.addEventListener("keydown", (event) => {
  if (part("trial").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
  const choice = state.kind === "pairs" ? ["a", "b"].indexOf(key) : [1, 2, 3, 4, 5].find((n) => String(n) === key) ?? -1;
  if (choice >= 0 && !event.repeat) {
    choose(choice);
  } else if (KEYS[key]) {
    KEYS[key]();
    event.preventDefault();
  }
});

part("in").addEventListener("click", () => zoom(1.5));
part("out").addEventListener("click", () => zoom(1 / 1.5));
part("fit").addEventListener("click", fit);
part("actual").addEventListener("click", actual);
window.addEventListener("resize", fit);

async function enter(event, address, sent) {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const { ok, told } = await ask(address, sent);
  button.disabled = false;
  if (ok) await show(told); else notice(typeof told.detail === "string" ? told.detail : "That did not work.");
}

part("start").addEventListener("submit", (event) => enter(event, "start", { consent: part("consent").checked }));
part("resume").addEventListener("submit", (event) => enter(event, "resume", { code: part("code").value }));
part("leave").addEventListener("click", async () => {
  const { told } = await ask("leave", {});
  part("consent").checked = false;
  await show(told);
});

ask("state").then(({ told }) => show(told));
