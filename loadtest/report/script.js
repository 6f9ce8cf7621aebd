"use strict";
// Reads out the nearest point of a plot: by pointer, by touch, and by the arrow keys.

// A row's marks share a line, a curve's lie anywhere: the distance to the nearest edge serves both.
function distance(mark, x, y) {
  const box = mark.getBoundingClientRect();
  const across = Math.max(box.left - x, 0, x - box.right);
  const up = Math.max(box.top - y, 0, y - box.bottom);
  return across * across + up * up;
}

function nearest(marks, x, y) {
  let best = null;
  let least = Infinity;
  for (const mark of marks) {
    const found = distance(mark, x, y);
    if (found < least) [best, least] = [mark, found];
  }
  return best;
}

function follow(svg, say, hint) {
  const series = [...svg.querySelectorAll(".series")]
    .map((each) => [...each.querySelectorAll("[data-say]")])
    .filter((marks) => marks.length);
  const marks = series.flat();
  const names = [...svg.querySelectorAll(".who")]; // in the order of the curves; rows have none
  let current = null;

  function light(mark, on) {
    mark.classList.toggle("on", on);
    mark.closest(".series").classList.toggle("on", on);
    names[series.findIndex((each) => each.includes(mark))]?.classList.toggle("on", on);
  }

  function pick(mark) {
    if (current) light(current, false);
    current = mark;
    svg.classList.toggle("read", mark !== null);
    say.classList.toggle("hint", mark === null);
    say.textContent = mark ? mark.dataset.say : hint;
    if (mark) light(mark, true);
  }

  function move(along, across) {
    const row = Math.max(0, series.findIndex((each) => each.includes(current)));
    const column = series[row].indexOf(current);
    const next = series[(row + across + series.length) % series.length];
    pick(next[Math.min(Math.max(column + along, 0), next.length - 1)]);
  }

  const keys = {
    ArrowRight: () => move(1, 0),
    ArrowLeft: () => move(-1, 0),
    ArrowUp: () => move(0, -1),
    ArrowDown: () => move(0, 1),
    Escape: () => pick(null),
  };
  svg.tabIndex = 0;
  svg.addEventListener("pointermove", (event) => pick(nearest(marks, event.clientX, event.clientY)));
  svg.addEventListener("pointerdown", (event) => pick(nearest(marks, event.clientX, event.clientY)));
  svg.addEventListener("pointerleave", () => pick(null));
  svg.addEventListener("blur", () => pick(null));
  svg.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
}

const plots = [...document.querySelectorAll(".plot")];
document.documentElement.classList.add("live");
for (const plot of plots) {
  const say = plot.querySelector(".say");
  const hint = plot === plots[0] ? "Point, touch or use the arrow keys to read values." : "";
  say.textContent = hint;
  say.classList.add("hint");
  for (const svg of plot.querySelectorAll("svg")) {
    if (svg.querySelector("[data-say]")) follow(svg, say, hint);
  }
}
