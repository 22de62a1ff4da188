//! What takes long: faults at random, and hours of use.

use crate::failure::Result;
use crate::steps::{self, Job, Step};
use crate::{browser, process};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs a script of `tests/endurance` on the package and the page of today.
pub fn run(job: &Job, script: &str, arguments: &[OsString]) -> Result<ExitCode> {
    steps::run_all(job, &[Step::Weights, Step::Page, Step::Chromium])?;
    let mut node = job.workspace.command("node", "Node.js is missing: run `cargo xtask setup`")?;
    if let Some(chromium) = browser::find_chromium(job.workspace) {
        node.env("CHROMIUM", chromium);
    }
    process::replace(node.arg(format!("tests/endurance/{script}.mjs")).args(arguments))
}
