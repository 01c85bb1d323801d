// Plays pairs of clips on two canvases and writes down which one was taken for the real one.
// Times are real ms from a clip's start, positions osu!px.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("page").textContent);
  const SIDES = ["left", "right"];
  const FRAME_MS = 1000 / 60, FADE_MS = 150, TRAIL_MS = 180;
  const SLOW = 0.25;
  const FIELD = { width: 512, height: 384, left: 70, top: 50, canvas: 652 };  // a canvas is 652 wide
  const COMBO = ["#4f8ff7", "#f2785c", "#58b982", "#c98bf0"];
  const CURSOR = "#ffe28a";

  const byId = (id) => document.getElementById(id);
  const began_s = Math.floor(Date.now() / 1000);
  const session = Array.from(crypto.getRandomValues(new Uint8Array(8)),
    (byte) => byte.toString(16).padStart(2, "0")).join("");
  const answers = [];
  let shown = null;  // the pair on the screen, its positions as plain numbers
  let speed = 1, begun = 0;  // begun: when the clips would have started at this speed

  // ---- the truth

  // FNV-1a. It keeps the truth from a glance at this page's source; who wants to cheat can.
  function hash(text) {
    let value = 0x811c9dc5;
    for (const character of text) {
      value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
    }
    return value;
  }

  const humanOf = (pair) => SIDES.find((side) => hash(`${page.id}/${pair.id}/${side}`) === pair.key);

  // ---- plays

  function positions(steps) {
    let sum = 0;
    return steps.map((step) => (sum += step) / page.steps_a_px);
  }

  function at(play, ms) {
    const place = Math.max(0, Math.min(ms / FRAME_MS, play.x.length - 1));
    const frame = Math.min(Math.floor(place), play.x.length - 2), share = place - frame;
    const between = (values) => values[frame] + share * (values[frame + 1] - values[frame]);
    return [between(play.x), between(play.y)];
  }

  function isHeld(edges, ms) {  // edges: press, release, press ...
    let passed = 0;
    while (passed < edges.length && edges[passed] <= ms) passed++;
    return passed % 2 === 1;
  }

  // ---- drawing

  function disc(c, x, y, radius, colour) {
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    c.fillStyle = colour;
    c.fill();
  }

  function ring(c, x, y, radius, width, colour) {
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
  }

  function circle(c, x, y, radius, colour, text) {
    disc(c, x, y, radius, "#fff");
    disc(c, x, y, 0.88 * radius, colour);
    c.fillStyle = "#fff";
    c.font = `600 ${0.9 * radius}px system-ui, sans-serif`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(text, x, y + 0.05 * radius);
  }

  function body(c, path, radius, colour) {
    c.lineCap = c.lineJoin = "round";
    for (const [width, style] of [[2, "#e8e9f2"], [1.78, "#1c1f2e"], [1.78, colour + "40"]]) {
      c.beginPath();
      for (let i = 0; i < path.length; i += 2) c.lineTo(path[i], path[i + 1]);
      c.lineWidth = width * radius;
      c.strokeStyle = style;
      c.stroke();
    }
  }

  function ball(object, ms) {  // where a slider's ball is; the points of its path are evenly spaced
    const span = (object.end - object.start) / object.slides;
    const slides = Math.min(Math.max((ms - object.start) / Math.max(span, 1), 0), object.slides);
    const last = object.path.length / 2 - 1;
    const place = last * (1 - Math.abs(1 - slides % 2));
    const point = Math.min(Math.floor(place), last - 1), share = place - point;
    return [0, 1].map((axis) => {
      const from = object.path[2 * point + axis];
      return from + share * (object.path[2 * point + 2 + axis] - from);
    });
  }

  function spinner(c, object, ms) {
    const left = Math.min(Math.max((object.end - ms) / (object.end - object.start), 0), 1);
    disc(c, 256, 192, 160, "#22253680");
    ring(c, 256, 192, 160, 3, "#787e96");
    ring(c, 256, 192, Math.max(160 * left, 4), 3, COMBO[1]);
    disc(c, 256, 192, 5, "#fff");
  }

  function drawObject(c, map, object, ms) {
    const sinceShown = ms - (object.start - map.preempt);
    if (sinceShown <= 0 || ms >= object.end + FADE_MS) return;
    const gone = Math.max(0, ms - object.end) / FADE_MS;
    const alpha = Math.min(1, sinceShown / map.fadeIn) * (1 - gone);
    const colour = COMBO[object.combo % COMBO.length];
    c.globalAlpha = alpha;
    if (object.kind === "spinner") {
      spinner(c, object, ms);
      return;
    }
    if (object.kind === "slider") {
      body(c, object.path, map.radius, colour);
      const end = object.path.slice(-2);
      if (object.slides > 1) ring(c, ...end, 0.45 * map.radius, 4, "#fff");  // it comes back
    }
    if (object.kind === "circle" || ms < object.start) {
      circle(c, ...object.xy, map.radius, colour, object.number);
    } else if (ms < object.end) {
      disc(c, ...ball(object, ms), 0.9 * map.radius, "#fff");
      disc(c, ...ball(object, ms), 0.75 * map.radius, colour);
    }
    if (ms < object.start) {
      const radius = map.radius * (1 + 3 * (object.start - ms) / map.preempt);
      ring(c, ...object.xy, radius, 3, colour);
    }
  }

  function drawPlay(c, play, ms) {
    c.globalAlpha = 1;
    c.strokeStyle = CURSOR;
    c.lineCap = "round";
    for (let age = TRAIL_MS; age > 0; age -= FRAME_MS / 2) {
      if (ms - age < 0) continue;
      c.globalAlpha = 0.7 * (1 - age / TRAIL_MS);
      c.lineWidth = 9 * (1 - 0.6 * age / TRAIL_MS);
      c.beginPath();
      c.moveTo(...at(play, ms - age));
      c.lineTo(...at(play, ms - age + FRAME_MS / 2));
      c.stroke();
    }
    c.globalAlpha = 1;
    const held = play.keys.map((edges) => isHeld(edges, ms));
    const cursor = at(play, ms);
    disc(c, ...cursor, 8, CURSOR);
    disc(c, ...cursor, 4.5, "#fff");
    if (held.some(Boolean)) ring(c, ...cursor, 12, 2, CURSOR);
    held.forEach((down, key) => {
      c.fillStyle = down ? COMBO[key] : "#282b3a";
      c.fillRect(FIELD.width + 28, 150 + 48 * key, 40, 40);
      c.fillStyle = "#fff";
      c.font = "600 16px system-ui, sans-serif";
      c.textAlign = "center";
      c.textBaseline = "middle";
      c.fillText(`K${key + 1}`, FIELD.width + 48, 171 + 48 * key);
    });
  }

  function draw(side, ms) {
    const canvas = byId(side), c = canvas.getContext("2d");
    const scale = canvas.width / FIELD.canvas;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, canvas.width, canvas.height);
    c.setTransform(scale, 0, 0, scale, FIELD.left * scale, FIELD.top * scale);
    for (const object of [...shown.map.objects].reverse()) drawObject(c, shown.map, object, ms);
    drawPlay(c, shown[side], ms);
  }

  function tick(now) {
    if (shown === null) return;
    const ms = Math.min((now - begun) * speed, page.clip_ms);
    SIDES.forEach((side) => draw(side, Math.max(ms, 0)));
    requestAnimationFrame(tick);
  }

  // ---- the test

  const isAnswered = () => answers.length > 0 && answers.at(-1).pair === shown.id;

  function show(pair) {
    const plays = SIDES.map((side) => {
      const play = pair[side];
      return [side, { x: positions(play.x), y: positions(play.y), keys: play.keys }];
    });
    shown = { id: pair.id, pair, map: pair.map, ...Object.fromEntries(plays) };
    const mods = pair.map.mods === "NM" ? "" : `, played with ${pair.map.mods}`;
    byId("progress").textContent = `Pair ${answers.length + 1} of ${page.pairs.length}${mods}. `
      + "One of the two is generated.";
    byId("verdict").textContent = "";
    document.querySelectorAll("figcaption").forEach((caption) => (caption.textContent = ""));
    byId("next").disabled = true;
    SIDES.forEach((side) => (byId(`pick-${side}`).disabled = false));
    replay();
  }

  function replay() {
    begun = performance.now();
  }

  function toggleSlow() {
    speed = speed === 1 ? SLOW : 1;
    byId("slow").setAttribute("aria-pressed", String(speed !== 1));
    replay();
  }

  function pick(side) {
    if (isAnswered()) return;
    const human = humanOf(shown.pair);
    answers.push({ pair: shown.id, picked: side, human });
    const generated = SIDES.find((other) => other !== human);
    byId("verdict").textContent = `${side === human ? "Right" : "Wrong"}: the ${generated} one was `
      + `generated. ${rightCount()} of ${answers.length} so far.`;
    byId(human).nextElementSibling.textContent = page.real;
    byId(generated).nextElementSibling.textContent = `generated by ${page.origin}`;
    SIDES.forEach((other) => (byId(`pick-${other}`).disabled = true));
    byId("next").disabled = false;
  }

  function next() {
    if (!isAnswered()) return;
    if (answers.length === page.pairs.length) finish();
    else show(page.pairs[answers.length]);
  }

  const rightCount = () => answers.filter((answer) => answer.picked === answer.human).length;

  function wilson(right, count) {  // the 95 % interval of a share
    const z = 1.96, share = right / count, n = count + z * z;
    const middle = (right + z * z / 2) / n;
    const half = z / n * Math.sqrt(count * share * (1 - share) + z * z / 4);
    return [middle - half, middle + half].map((end) => `${Math.round(100 * end)} %`);
  }

  function finish() {
    shown = null;
    const count = answers.length;
    byId("result").textContent = count === 0 ? "No pair was answered."
      : `You were right about ${rightCount()} of ${count}. Guessing is right about half; from so few `
        + `answers your share may be anything from ${wilson(rightCount(), count).join(" to ")}.`;
    byId("answers").value = JSON.stringify({
      format: page.format, version: page.version, protocol: page.protocol, page: page.id,
      question: page.question, model: page.model, seed: page.seed, session, began_s, name: byId("name").value.trim(),
      answers,
    }, null, 1);
    open("end");
  }

  function copy() {
    byId("answers").select();
    const done = document.execCommand("copy");
    byId("copied").textContent = done ? "Copied." : "Select the text and copy it by hand.";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([byId("answers").value], { type: "application/json" }));
    link.download = `answers-${page.id}-${session}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function open(section) {
    for (const id of ["start", "test", "end"]) byId(id).hidden = id !== section;
  }

  function begin() {
    byId("name").blur();  // else it would keep the next keys for itself
    open("test");
    show(page.pairs[0]);
    requestAnimationFrame(tick);
  }

  // ---- buttons and keys

  const ACTIONS = {
    start: { Enter: ["begin", begin] },
    test: {
      ArrowLeft: ["pick-left", () => pick("left")],
      ArrowRight: ["pick-right", () => pick("right")],
      " ": ["replay", replay],
      s: ["slow", toggleSlow],
      Enter: ["next", next],
      q: ["stop", finish],
    },
    end: { c: ["copy", copy], f: ["save", save] },
  };
  for (const [section, keys] of Object.entries(ACTIONS)) {
    for (const [id, action] of Object.values(keys)) {
      byId(id).addEventListener("click", () => {
        byId(id).blur();  // else Space and Enter would press it again
        if (!byId(section).hidden) action();
      });
    }
  }
  document.addEventListener("keydown", (event) => {
    const section = Object.keys(ACTIONS).find((id) => !byId(id).hidden);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isText = event.target instanceof HTMLInputElement && key !== "Enter";
    const found = ACTIONS[section][key];
    if (!found || isText || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    event.preventDefault();
    found[1]();
  });
  byId("count").textContent = page.pairs.length;
  document.querySelectorAll(".model").forEach((place) => (place.textContent = page.origin));
})();
