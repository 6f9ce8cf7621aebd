// Answers the page's forms in place. Without it they are forms, and the browser opens what comes.
// Whatever a server says becomes text, never HTML: the page's policy would stop that, too.

const MOST_SHOWN = 16384; // characters of one answer
const MOST_PARKED = 4; // of the six connections that a browser opens to a server
const FIELDS = ["content-type", "cache-control", "server", "x-request-id"];
const AGAIN = "asked again"; // why the answer before is wanted no longer
// So that a refusal comes as JSON, from which its reason can be told.
const ACCEPT = "application/json, text/plain;q=0.9, */*;q=0.8";

function make(kind, text = "") {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}

function plural(count, thing) {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

function lasted(since) {
  const time = performance.now() - since;
  if (time < 1) return "less than 1 ms";
  return time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}

// Where a form's answer appears. Only its one line of words is read out by itself.
class Place {
  constructor(form) {
    this.words = make("output");
    this.box = make("div");
    this.box.className = "answer";
    this.box.hidden = true;
    form.append(this.words, this.box);
  }

  say(what, more = "", kind = "") {
    this.words.replaceChildren(make("strong", what), more);
    this.words.className = kind;
  }

  clear() {
    this.box.replaceChildren();
    this.box.hidden = true;
  }

  put(...elements) {
    this.box.append(...elements);
    this.box.hidden = false;
  }
}

function address(form) {
  const url = new URL(form.action);
  const segment = form.querySelector("[data-segment]");
  if (segment) {
    const above = url.pathname.slice(0, url.pathname.lastIndexOf("/") + 1);
    url.pathname = above + encodeURIComponent(segment.value);
  } else if (form.method === "get") {
    url.search = new URLSearchParams(new FormData(form));
  }
  return url;
}

function request(form, signal) {
  const body = form.method === "post" ? (form.elements.body?.value ?? "") : undefined;
  // no-store: of two requests for one address a browser would keep the second waiting for the
  // first, to answer it from its cache; parked ones would come one after the other.
  return fetch(address(form), {
    method: form.method,
    body,
    cache: "no-store",
    headers: { Accept: ACCEPT },
    signal,
  });
}

function fields(response) {
  const list = make("dl");
  for (const name of FIELDS) {
    const value = response.headers.get(name);
    if (value !== null) list.append(make("dt", name), make("dd", value));
  }
  return list;
}

// Reads to the end. seen: called with each piece of text, and the count of bytes so far.
async function read(response, seen) {
  const decoder = new TextDecoder();
  let bytes = 0;
  if (response.body === null) return;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    seen(decoder.decode(value, { stream: true }), bytes);
  }
}

function status(response) {
  return `${response.status} ${response.statusText}`.trim();
}

// Why it was refused, in the service's own words; "" where these are the status's.
function reason(response, text) {
  if (response.ok) return "";
  try {
    const said = JSON.parse(text);
    return said.reason === said.error ? "" : `${said.reason}`;
  } catch {
    return ""; // somebody else's answer: a proxy's
  }
}

async function show(form, place, signal) {
  const began = performance.now();
  const answer = { text: "", bytes: 0, lines: 0, first: "", cut: false };
  place.clear();
  place.say("", "Waits for the answer.");
  let response = null;
  try {
    response = await request(form, signal);
    const after = lasted(began);
    const body = make("pre");
    place.put(body, fields(response));
    await read(response, (text, bytes) => {
      answer.first ||= lasted(began);
      answer.bytes = bytes;
      answer.lines += text.split("\n").length - 1;
      const shown = text.slice(0, MOST_SHOWN - answer.text.length);
      answer.cut ||= shown.length < text.length;
      answer.text += shown;
      if (shown) body.append(shown);
    });
    const why = reason(response, answer.text);
    const size = [plural(answer.bytes, "byte")];
    if (answer.cut) size.push(`of which ${MOST_SHOWN} characters are shown`);
    if (form.dataset.kind === "stream") {
      size.unshift(plural(answer.lines, "line"));
      size.push(`the first after ${answer.first}, the last after ${lasted(began)}`);
    }
    const told = `${why && `: ${why}`}. Answered after ${after}; ${size.join(", ")}.`;
    place.say(status(response), told, response.ok ? "good" : "bad");
    if (body.scrollHeight > body.clientHeight) body.tabIndex = 0;
  } catch {
    if (signal.reason === AGAIN) return; // the place is the next answer's
    place.say(...failure(response, answer.bytes, began, signal), "bad");
  }
}

function failure(response, bytes, began, signal) {
  const come = response ? ` ${plural(bytes, "byte")} had come.` : "";
  if (signal?.aborted) return ["Stopped", ` after ${lasted(began)}.${come}`];
  if (response) return ["The answer broke off.", come];
  return ["No answer:", " the server is not there, or the connection to it broke."];
}

function enhance(form) {
  const place = new Place(form);
  const stop = form.querySelector(".stop");
  let running = new AbortController();
  if (stop) {
    stop.hidden = false;
    stop.disabled = true;
    stop.addEventListener("click", () => running.abort());
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running.abort(AGAIN);
    const mine = (running = new AbortController());
    if (stop) stop.disabled = false;
    await show(form, place, mine.signal);
    if (stop && mine === running) {
      if (document.activeElement === stop) event.submitter?.focus();
      stop.disabled = true;
    }
  });
}

// Each press parks one more. They are on as many connections, so on any worker.
function enhanceParking(form) {
  const place = new Place(form);
  const list = make("ol");
  let parked = 0;

  function count(end) {
    const still = parked ? `${plural(parked, "request")} parked.` : "";
    place.say("", [end, still].filter(Boolean).join(" "));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (parked === MOST_PARKED) {
      count("No more than these: the connections left are for the rest.");
      return;
    }
    if (parked === 0) list.replaceChildren();
    place.put(list);
    const line = make("li", "waits");
    const began = performance.now();
    list.append(line);
    parked += 1;
    count("");
    line.textContent = await parking(form, began);
    parked -= 1;
    count(parked ? "" : "All have been answered.");
  });
}

async function parking(form, began) {
  try {
    const response = await request(form);
    const text = await response.text();
    const told = response.ok ? text : reason(response, text);
    const id = response.headers.get("x-request-id");
    const by = id ? `, request ${id}` : "";
    return `${status(response)}: ${told.slice(0, MOST_SHOWN)}, after ${lasted(began)}${by}`;
  } catch {
    return failure(null, 0, began).join("");
  }
}

for (const label of document.querySelectorAll("label[hidden]")) label.hidden = false;
for (const form of document.querySelectorAll("form[data-kind]")) {
  (form.dataset.kind === "park" ? enhanceParking : enhance)(form);
}
