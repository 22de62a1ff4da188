//! Long work that lets others run.

use std::time::Duration;

use web_time::Instant;

/// The longest that work goes on without giving way. Messages such as Stop wait for this, and timers cost about 4 ms.
const SLICE: Duration = Duration::from_millis(40);

/// Gives way to the browser's event loop now and then; natively never.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
}

impl Pace {
    /// Starts the first slice.
    pub fn new() -> Self {
        Self { since: Instant::now() }
    }

    /// Gives way if the slice is used up. Call it between steps.
    pub async fn breathe(&mut self) {
        if cfg!(target_arch = "wasm32") && self.since.elapsed() > SLICE {
            #[cfg(target_arch = "wasm32")]
            gloo_timers::future::TimeoutFuture::new(0).await;
            self.since = Instant::now();
        }
    }
}
