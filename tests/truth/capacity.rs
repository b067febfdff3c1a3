//! What a server can take, as plain arithmetic on the time since it began.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A token bucket: `per_s` requests a second, and `burst` at once.
pub struct Bucket {
    per_s: f64,
    burst: f64,
    /// The tokens that there were, and when.
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub fn new(per_s: f64, burst: f64) -> Self {
        let level = Mutex::new((burst, Instant::now()));
        Self {
            per_s,
            burst,
            level,
        }
    }

    /// Takes one token, if there is one.
    pub fn admits(&self) -> bool {
        let mut level = self.level.lock().unwrap();
        let now = Instant::now();
        let refilled = (now - level.1).as_secs_f64() * self.per_s;
        let tokens = (level.0 + refilled).min(self.burst);
        let admitted = tokens >= 1.0;
        *level = (if admitted { tokens - 1.0 } else { tokens }, now);
        admitted
    }
}

/// One server and the queue before it, first come, first served.
#[derive(Default)]
pub struct Queue {
    busy_until: Mutex<Option<Instant>>,
}

impl Queue {
    /// How long a request that comes now is there, if it is served in `service`.
    pub fn sojourn(&self, service: Duration) -> Duration {
        let mut busy_until = self.busy_until.lock().unwrap();
        let now = Instant::now();
        let done = busy_until.map_or(now, |until| until.max(now)) + service;
        *busy_until = Some(done);
        done - now
    }
}
