// The camera's frames go to this machine's own server one at a time, and come back enhanced.
const $ = (selector) => document.querySelector(selector);

// Long sides of the frames that are sent. Few, since the server makes ready for each anew.
const SIDES = [128, 192, 256, 320, 480, 640, 960];
const FIRST = 2;
const WANTED_MS = 80; // for a frame, there and back: 12 frames per second
const FRAMES = 8; // after which the size may change
const QUALITY = 0.88;
const MOST_PX = 8_000_000; // of a result; the server takes a little more

const networks = new Map(); // id → what the server offers
let live = null; // {socket, stream, size, times, shown, canvas}

const say = (text) => { $("#said").textContent = text; };

async function offer() {
  try {
    const answer = await fetch("/offers");
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    for (const network of (await answer.json()).networks) {
      networks.set(network.id, network);
      $("#network").add(new Option(`${network.name}: ${network.badge}`, network.id));
    }
    offerScales();
  } catch (error) {
    say(`The server cannot be reached: ${error.message}`);
  }
}

// The factors that the chosen network offers, its own first.
function offerScales() {
  const own = networks.get($("#network").value)?.scale ?? 1;
  $("#enlarging").hidden = own === 1;
  const factors = Array.from({ length: own - 1 }, (_, n) => own - n);
  $("#scale").replaceChildren(...factors.map((factor) => new Option(`${factor} times`, factor)));
}

const factor = () => ($("#enlarging").hidden ? 1 : Number($("#scale").value));

async function start() {
  say("");
  if (!navigator.mediaDevices) {
    return say("Browsers give a camera only to pages of their own machine: open this one at http://127.0.0.1.");
  }
  $("#start").disabled = true;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280 }, audio: false });
    live = { stream, size: FIRST, times: [], canvas: document.createElement("canvas") };
    // A camera that is unplugged, or taken away by the browser, ends it.
    stream.getVideoTracks()[0].addEventListener("ended", () => stop("The camera has been turned off."));
    $("#seen").srcObject = stream;
    await $("#seen").play();
    connect();
    $("#start").textContent = "Stop the camera";
    $("#live").hidden = false;
    $("#rate").textContent = "Waiting for the network …";
  } catch (error) {
    stop(error.name === "NotAllowedError" ? "The browser was not allowed to use the camera."
      : error.name === "NotFoundError" ? "There is no camera." : `The camera cannot be used: ${error.message}`);
  }
  $("#start").disabled = false;
}

function connect() {
  const query = new URLSearchParams({ network: $("#network").value });
  if (!$("#enlarging").hidden) query.set("scale", $("#scale").value);
  const socket = new WebSocket(`ws://${location.host}/camera/frames?${query}`);
  socket.binaryType = "blob";
  Object.assign(live, { socket, times: [], shown: 0 });
  socket.addEventListener("message", async ({ data }) => {
    if (socket !== live?.socket) return;
    if (data === "") return send();
    if (typeof data === "string") return stop(data);
    await show(data);
    if (socket === live?.socket) send();
  });
  socket.addEventListener("close", () => {
    if (socket === live?.socket) stop("The connection to the server has ended.");
  });
}

function send() {
  const { socket, canvas } = live;
  const video = $("#seen");
  const fitting = Math.min(1, SIDES[live.size] / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.max(1, Math.round(video.videoWidth * fitting));
  canvas.height = Math.max(1, Math.round(video.videoHeight * fitting));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  live.begun = performance.now();
  canvas.toBlob((blob) => { if (socket.readyState === WebSocket.OPEN) socket.send(blob); }, "image/jpeg", QUALITY);
}

async function show(blob) {
  const picture = await createImageBitmap(blob);
  if (!live) return;
  const made = $("#made");
  // To set a size clears the canvas, which would be seen.
  if (made.width !== picture.width || made.height !== picture.height) {
    Object.assign(made, { width: picture.width, height: picture.height });
  }
  made.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
  live.shown += 1;
  live.times.push(performance.now() - live.begun);
  tell();
  keepUp();
}

function tell() {
  const recent = live.times.slice(-FRAMES);
  const rate = 1000 * recent.length / recent.reduce((sum, time) => sum + time, 0);
  const { canvas } = live;
  const made = $("#made");
  $("#rate").textContent = `${rate.toFixed(1)} frames per second, ${canvas.width}\u00a0×\u00a0${canvas.height}`
    + (factor() === 1 ? "" : ` → ${made.width}\u00a0×\u00a0${made.height}`);
}

// Smaller frames where it does not keep up, larger ones where it has time for them.
function keepUp() {
  if (live.times.length < FRAMES) return;
  // The first of a size is slower, since the server makes ready for it.
  const sorted = live.times.slice(1).sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const next = live.size + 1;
  const video = $("#seen");
  const most = Math.max(video.videoWidth, video.videoHeight);
  const least = Math.min(video.videoWidth, video.videoHeight);
  if (middle > 1.25 * WANTED_MS && live.size > 0) live.size -= 1;
  else if (next < SIDES.length && SIDES[live.size] < most) {
    // Time grows with the pixels.
    const larger = (SIDES[next] / SIDES[live.size]) ** 2;
    const pixels = SIDES[next] ** 2 * least / most * factor() ** 2;
    if (middle * larger >= WANTED_MS || pixels > MOST_PX) return live.times.splice(0, 1);
    live.size = next;
  } else return live.times.splice(0, 1);
  live.times = [];
}

function stop(reason = "") {
  const ended = live;
  live = null;
  ended?.socket?.close();
  ended?.stream.getTracks().forEach((track) => track.stop());
  $("#seen").srcObject = null;
  $("#start").textContent = "Start the camera";
  $("#live").hidden = true;
  say(reason);
}

function again() {
  if (!live) return;
  const { socket } = live;
  live.socket = null;
  socket.addEventListener("close", () => { if (live && !live.socket) connect(); });
  socket.close();
}

$("#start").addEventListener("click", () => (live ? stop() : start()));
$("#network").addEventListener("change", () => { offerScales(); again(); });
$("#scale").addEventListener("change", again);
window.addEventListener("pagehide", () => { if (live) stop(); });
offer();
