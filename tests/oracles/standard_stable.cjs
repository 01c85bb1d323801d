// Prints what osu-standard-stable, an independent port of the game, makes of beatmaps.
//   node standard_stable.cjs FOLDER_WITH_NODE_MODULES < list-of-.osu-paths > one JSON object a line
// Positions are Float32, times Float64, both base64. See slider_paths.py.
const { createRequire } = require("module");
const fs = require("fs");
const path = require("path");

const load = createRequire(path.resolve(process.argv[2]) + "/");
const { BeatmapDecoder } = load("osu-parsers");
const { StandardRuleset, Slider, SliderTick, SliderRepeat } = load("osu-standard-stable");

const SAMPLES = 33; // along each path, its two ends included
const f32 = (values) => Buffer.from(new Float32Array(values).buffer).toString("base64");
const f64 = (values) => Buffer.from(new Float64Array(values).buffer).toString("base64");

for (const file of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const decoded = new BeatmapDecoder().decodeFromString(fs.readFileSync(file, "utf8"), {
    parseStoryboard: false,
  });
  const map = new StandardRuleset().applyToBeatmap(decoded);
  const start = [], stacked = [], stack = [], spans = [], length = [], sampled = [];
  const eventOwner = [], eventMs = [], eventKind = [], eventXy = [];
  map.hitObjects.forEach((object, index) => {
    start.push(object.startTime);
    const at = object.stackedStartPosition;
    stacked.push(at.x, at.y);
    stack.push(object.stackHeight);
    spans.push(object instanceof Slider ? object.spanDuration : 0);
    length.push(object instanceof Slider ? object.distance : 0);
    if (!(object instanceof Slider)) return;
    for (let i = 0; i < SAMPLES; i++) {
      const point = object.path.positionAt(i / (SAMPLES - 1));
      sampled.push(point.x + at.x, point.y + at.y);
    }
    for (const nested of object.nestedHitObjects.slice(1)) {
      eventOwner.push(index);
      eventMs.push(nested.startTime);
      eventKind.push(nested instanceof SliderTick ? 0 : nested instanceof SliderRepeat ? 1 : 2);
      const place = nested.startPosition.fadd(object.stackedOffset);
      eventXy.push(place.x, place.y);
    }
  });
  console.log(JSON.stringify({
    file, start: f64(start), stacked: f32(stacked), stack: f64(stack), span: f64(spans),
    length: f64(length), sampled: f32(sampled), event_owner: f64(eventOwner),
    event_ms: f64(eventMs), event_kind: f64(eventKind), event_xy: f32(eventXy),
  }));
}
