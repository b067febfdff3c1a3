"""Prints what Python's hdrhistogram makes of an interval log: figures by tag, in nanoseconds."""
import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LONGEST = 3_600_000_000_000

reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, LONGEST, 3))
by_tag = {}
while True:
    histogram = reader.get_next_interval_histogram()
    if histogram is None:
        break
    tag = histogram.get_tag()
    by_tag.setdefault(tag, HdrHistogram(1, LONGEST, 3)).add(histogram)
print(json.dumps({
    tag: {
        "count": histogram.get_total_count(),
        "p50": histogram.get_value_at_percentile(50.0),
        "p99": histogram.get_value_at_percentile(99.0),
        "max": histogram.get_max_value(),
    }
    for tag, histogram in by_tag.items()
}))
