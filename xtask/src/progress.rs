//! One line for each step, alive where there is a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// The longest line that is rewritten in place: a wrapped one could not be.
const WIDTH: usize = 79;

/// The line of the step that is running.
pub struct Progress {
    head: String,
    started: Instant,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// The line shows the last thing that the running program said, and is rewritten.
    Live,
    /// The line appears once, and its end when the step ends.
    Plain,
    /// Everything that the programs say is shown.
    Verbose,
}

impl Progress {
    /// Shows that a step has begun.
    pub fn start(position: usize, total: usize, title: &str, verbose: bool) -> Self {
        let mode = match (verbose, stderr().is_terminal()) {
            (true, _) => Mode::Verbose,
            (false, true) => Mode::Live,
            (false, false) => Mode::Plain,
        };
        let progress = Self { head: format!("[{position}/{total}] {title} …"), started: Instant::now(), mode };
        eprint!("{}", progress.head);
        if mode == Mode::Verbose {
            eprintln!();
        }
        flush();
        progress
    }

    /// Shows a line of a running program, as far as the mode has a place for it.
    pub fn line(&self, line: &str) {
        match self.mode {
            Mode::Plain => {}
            Mode::Verbose => eprintln!("{line}"),
            Mode::Live if line.trim().is_empty() => {}
            Mode::Live => {
                let text: String = format!("{} {}", self.head, line.trim()).chars().take(WIDTH).collect();
                eprint!("\r\x1b[2K{text}");
                flush();
            }
        }
    }

    /// Ends the line and returns how long the step took.
    pub fn finish(self, verdict: &str) -> Duration {
        let time = self.started.elapsed();
        // Times under a second say nothing.
        let verdict = if time.as_secs() == 0 { verdict.to_owned() } else { format!("{verdict} ({})", clock(time)) };
        match self.mode {
            Mode::Live => eprintln!("\r\x1b[2K{} {verdict}", self.head),
            Mode::Plain => eprintln!(" {verdict}"),
            Mode::Verbose => eprintln!("{} {verdict}", self.head),
        }
        time
    }
}

fn flush() {
    // A progress line that cannot be written is no reason to stop.
    let _ = stderr().flush();
}

/// A duration for people: `42 s`, `3 min 07 s`.
pub fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
