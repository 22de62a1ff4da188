//! A Python with onnxruntime, which exported models are compared by: in the cache folder, with pinned versions.

use crate::browser;
use crate::failure::{Context, Result};
use crate::steps::{Done, Job};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

const REQUIREMENTS: &str = "tests/onnx.requirements.txt";

/// The program, if it is there.
pub fn find(workspace: &Workspace) -> Option<PathBuf> {
    let folder = folder(workspace);
    let is_current = fs::read(folder.join("installed")).ok()? == fs::read(workspace.root.join(REQUIREMENTS)).ok()?;
    // The system's Python may be another one since.
    let works = |python: &PathBuf| {
        let probe = workspace.command_at(python.clone()).args(["-c", "import numpy, onnxruntime, PIL"]).output();
        probe.is_ok_and(|output| output.status.success())
    };
    Some(program(&folder)).filter(|python| is_current && works(python))
}

/// Makes it, where there is a Python to make it with: without one, comparisons are left out.
pub fn onnxruntime(job: &Job) -> Result<Done> {
    if find(job.workspace).is_some() {
        return Ok(Done::note("up to date"));
    }
    let folder = folder(job.workspace);
    let environment = || {
        let mut python = ["python3", "python"].iter().find_map(|name| job.workspace.command(name, "").ok())?;
        job.run(python.args(["-m", "venv", "--clear"]).arg(&folder)).ok()
    };
    let install = || browser::may_install(job).then(|| browser::install(job, &["python3-venv"]).ok()).flatten();
    if environment().or_else(|| install().and_then(|()| environment())).is_none() {
        return Ok(Done::skipped(
            "no Python 3 here makes environments (Debian: python3-venv), so that exported models are not compared",
        ));
    }
    let requirements = job.workspace.root.join(REQUIREMENTS);
    let mut pip = job.workspace.command_at(program(&folder));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:", "-r"]);
    if job.run(pip.arg(&requirements)).is_err() {
        return Ok(Done::skipped("pip could not install onnxruntime for this Python"));
    }
    // Only now, so that what is there is whole.
    fs::copy(&requirements, folder.join("installed")).context(format_args!("write {}", folder.display()))?;
    Ok(Done::default())
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.cache.join("onnxruntime")
}

fn program(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}
