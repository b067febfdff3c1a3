// Prints what npm's hdr-histogram-js makes of an interval log: figures by tag, in nanoseconds.
import { readFileSync } from "node:fs";
import { build, HistogramLogReader } from "hdr-histogram-js";

const reader = new HistogramLogReader(readFileSync(process.argv[2], "utf8"));
const byTag = new Map();
for (let histogram; (histogram = reader.nextIntervalHistogram()); ) {
  if (!byTag.has(histogram.tag)) {
    byTag.set(histogram.tag, build({ autoResize: true, numberOfSignificantValueDigits: 3 }));
  }
  byTag.get(histogram.tag).add(histogram);
}
const figures = {};
for (const [tag, histogram] of byTag) {
  figures[tag] = {
    count: histogram.totalCount,
    p50: histogram.getValueAtPercentile(50),
    p99: histogram.getValueAtPercentile(99),
    max: histogram.maxValue,
  };
}
console.log(JSON.stringify(figures));
