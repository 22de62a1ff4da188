//! Speed, measured in Chromium beside other libraries.

use crate::failure::Result;
use crate::steps::{self, Done, Job, Step};
use crate::{browser, package, process};
use std::ffi::OsString;
use std::process::ExitCode;

/// What is measured in the browser has to be there first.
const GOALS: &[Step] = &[Step::FullWeights, Step::NodePackages, Step::Peers, Step::Chromium, Step::BenchPackage];

/// Compiles what is measured into `bench/pkg/`.
pub fn package(job: &Job) -> Result<Done> {
    package::wasm(job, "bench")?;
    let mut node = job.workspace.command("node", package::NO_NODE)?;
    job.run(node.arg("bench/complete.mjs"))?;
    Ok(Done::default())
}

/// Builds all that is measured, and measures it.
pub fn bench(job: &Job, arguments: &[OsString]) -> Result<ExitCode> {
    let script = job.workspace.root.join("bench/main.mjs");
    let node = || {
        let mut node = job.workspace.command("node", package::NO_NODE)?;
        // The person's paths are relative to where the person is.
        node.current_dir(".").arg(&script).args(arguments);
        Ok(node)
    };
    if arguments.iter().any(|argument| argument == "--help") {
        return process::replace(&mut node()?);
    }
    steps::run_all(job, GOALS)?;
    let mut node = node()?;
    if let Some(chromium) = browser::find_chromium(job.workspace) {
        node.env("CHROMIUM", chromium);
    }
    process::replace(&mut node)
}
