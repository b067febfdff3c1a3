// Prints what npm's hdr-histogram-js makes of an interval log: figures by tag, in nanoseconds.
import { readFileSync } from "node:fs";
import { HistogramLogReader } from "hdr-histogram-js";

const reader = new HistogramLogReader(readFileSync(process.argv[2], "utf8"));
const byTag = new Map();
for (let histogram; (histogram = reader.nextIntervalHistogram()); ) {
  const seen = byTag.get(histogram.tag);
  if (seen) {
    seen.add(histogram);
  } else {
    byTag.set(histogram.tag, histogram);
  }
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
