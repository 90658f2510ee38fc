// Before and after of one photo: a divider over both, and what is chosen about its download.
export const $ = (selector, root = document) => root.querySelector(selector);
export const address = (key, rest = "") => `/photos/${key}${rest}`;
export const strength = () => Number($("#strength").value) / 100;
export let shown = null; // the photo in the viewer

const stage = $("#stage"), pair = $("#pair");
const isFull = () => stage.classList.contains("full");
const TAG_PX = 80; // which a side needs to bear its name

export function view(photo, details) {
  shown = photo;
  $("#viewer h2").textContent = photo.name;
  $("#made p").textContent = details;
  // The same photo by another network, or of another size, has the same address, so that names both.
  const scale = photo.scale === null ? "" : `&scale=${photo.scale}`;
  for (const [selector, which] of [["#before", "original"], ["#after img", "enhanced"]]) {
    $(selector).src = address(photo.key, `/${which}.jpg?network=${photo.network}${scale}`);
  }
  $("#viewer").hidden = false;
  zoom(false);
  blend();
}

export function close() {
  shown = null;
  $("#viewer").hidden = true;
}

// Where the photo is seen, in pixels of the page: at 100 % the stage shows only a part of it.
function seen() {
  const photo = pair.getBoundingClientRect(), room = stage.getBoundingClientRect();
  const left = Math.max(photo.left, room.left), top = Math.max(photo.top, room.top);
  const width = Math.min(photo.right, room.left + stage.clientWidth) - left;
  const height = Math.min(photo.bottom, room.top + stage.clientHeight) - top;
  return { left, top, width, height, photo, room };
}

// The divider is at a share of what is seen, and stays there while the photo moves below it.
function split() {
  if (!shown) return;
  const percent = Number($("#split").value);
  const { left, top, width, height, photo, room } = seen();
  const edge = (percent / 100) * width;
  const { style } = $("#over");
  Object.assign(style, { left: `${left - room.left}px`, top: `${top - room.top}px`, width: `${width}px`, height: `${height}px` });
  $("#edge").style.left = `${edge}px`;
  $("#after").style.clipPath = `inset(0 0 0 ${left - photo.left + edge}px)`;
  const [before, after] = document.querySelectorAll(".tag");
  before.hidden = edge < TAG_PX;
  after.hidden = width - edge < TAG_PX;
  $("#split").setAttribute("aria-valuetext", `${percent} % before, ${100 - percent} % after`);
}

function moveDivider(event) {
  const { left, width } = seen();
  $("#split").value = Math.round((100 * (event.clientX - left)) / width);
  split();
}

function blend() {
  $("#percent").textContent = `${Math.round(100 * strength())} %`;
  $("#after img").style.opacity = strength(); // the same blend as in the file
  if (shown) $("#download").href = address(shown.key, `/result?strength=${strength()}`);
}

function zoom(full) {
  $("#zoom").setAttribute("aria-pressed", full);
  stage.classList.toggle("full", full);
  const { made_width: width, made_height: height } = shown;
  // The size is the photo's, so nothing moves when its pixels come.
  pair.style.aspectRatio = width / height;
  // At full size, one pixel of the photo is one of the screen.
  pair.style.width = full ? `${width / devicePixelRatio}px` : `min(100%, ${width}px, ${80 * width / height}dvh)`;
  pair.style.height = full ? `${height / devicePixelRatio}px` : "auto";
  stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2;
  stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
  split();
}

// What a press on `element` does while it is held: `start` gets the event, and what it gives the moves.
function onDrag(element, start) {
  let move = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    move = start(event);
    if (!move) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => move?.(event));
  for (const kind of ["pointerup", "pointercancel"]) {
    element.addEventListener(kind, () => { move = null; stage.classList.remove("held"); });
  }
}

onDrag($("#edge"), () => moveDivider);
onDrag(pair, (event) => {
  if (isFull()) return event.pointerType === "touch" ? null : pan(event); // fingers scroll anyway
  moveDivider(event);
  return moveDivider;
});

function pan({ clientX, clientY }) {
  const { scrollLeft, scrollTop } = stage;
  stage.classList.add("held");
  stage.focus({ preventScroll: true });
  return (event) => {
    stage.scrollLeft = scrollLeft + clientX - event.clientX;
    stage.scrollTop = scrollTop + clientY - event.clientY;
  };
}

stage.addEventListener("scroll", split);
new ResizeObserver(split).observe(stage);
$("#split").addEventListener("input", split);
$("#strength").addEventListener("input", blend);
$("#zoom").addEventListener("click", () => zoom(!isFull()));
