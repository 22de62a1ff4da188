//! What is known of the dependencies: their licences, where they come from, and what was found wrong with them.

use crate::failure::Result;
use crate::steps::{Done, Job};
use crate::tools;
use std::process::Command;

const MISSING: &str = "cargo-deny is missing: run `cargo xtask audit`, which installs it";

/// Licences, duplicates and sources, which need no more network than building; left out where nobody has installed cargo-deny.
pub fn licences(job: &Job) -> Result<Done> {
    if job.workspace.which("cargo-deny").is_none() {
        return Ok(Done::skipped("cargo-deny is not installed"));
    }
    let mut deny = deny(job)?;
    job.run(deny.args(["check", "licenses", "bans", "sources"]))?;
    Ok(Done::default())
}

/// Known vulnerabilities of the crates, from the database of RustSec.
pub fn crates(job: &Job) -> Result<Done> {
    let mut deny = deny(job)?;
    job.run(deny.args(["check", "advisories"])).map_err(|failure| {
        failure.because("a crate has a known fault, or the database of RustSec could not be fetched: see above")
    })?;
    Ok(Done::default())
}

/// Known vulnerabilities of the npm packages, by the registry.
pub fn packages(job: &Job) -> Result<Done> {
    let mut npm = tools::npm(job)?;
    job.run(npm.args(["audit", "--audit-level=moderate"])).map_err(|failure| {
        failure.because("an npm package has a known fault, or the registry could not be asked: see above")
    })?;
    Ok(Done::default())
}

fn deny(job: &Job) -> Result<Command> {
    job.workspace.command("cargo-deny", MISSING)
}
