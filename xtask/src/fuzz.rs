//! The fuzz targets, one after the other.

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::steps::{self, Job, Step};
use crate::workspace::CARGO_FUZZ;
use std::fs;

/// The targets, each a file in `fuzz/fuzz_targets`.
pub const TARGETS: [&str; 5] = ["weights", "project", "options", "strokes", "picture"];

/// Runs a target, or all, for so many seconds each, with this terminal; the first finding ends it.
pub fn fuzz(job: &Job, target: Option<&str>, seconds: u32) -> Result {
    steps::run_all(job, &[Step::CargoFuzz])?;
    let fuzz = job.workspace.root.join("fuzz");
    for name in TARGETS.into_iter().filter(|name| target.is_none_or(|wanted| wanted == *name)) {
        let corpus = fuzz.join("corpus").join(name);
        fs::create_dir_all(&corpus).context(format_args!("make {}", corpus.display()))?;
        let mut cargo = job.workspace.command("cargo-fuzz", &format!("cargo-fuzz {CARGO_FUZZ} is missing"))?;
        // The coverage that guides the fuzzer is asked for by an option that only a compiler of the future has as stable; the
        // sanitisers are for code that is not safe.
        cargo.env("RUSTC_BOOTSTRAP", "1").current_dir(&fuzz);
        cargo.args(["fuzz", "run", "--sanitizer", "none", name]).arg(&corpus).arg(fuzz.join("seeds").join(name));
        let time = format!("-max_total_time={seconds}");
        let dictionary = format!("-dict={}", fuzz.join("words.dict").display());
        cargo.args(["--", &time, &dictionary, "-max_len=16384", "-timeout=10", "-print_final_stats=1"]);
        println!("{name}, {seconds} s");
        if process::replace(&mut cargo)? != std::process::ExitCode::SUCCESS {
            return Err(Failure::new(format!(
                "{name} has found something: mend it, and keep what is in fuzz/artifacts/{name} among fuzz/seeds/{name}"
            )));
        }
    }
    Ok(())
}
