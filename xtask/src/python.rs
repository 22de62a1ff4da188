//! A Python with onnxruntime, which exported models are compared by: in the cache folder, with pinned versions.

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
    Some(program(&folder)).filter(|_| is_current)
}

/// Makes it, where there is a Python to make it with: without one, comparisons are left out.
pub fn onnxruntime(job: &Job) -> Result<Done> {
    if find(job.workspace).is_some() {
        return Ok(Done::note("up to date"));
    }
    let folder = folder(job.workspace);
    let Some(mut python) = ["python3", "python"].iter().find_map(|name| job.workspace.command(name, "").ok()) else {
        return Ok(Done::skipped("there is no Python 3, so that exported models are not compared"));
    };
    if job.run(python.args(["-m", "venv", "--clear"]).arg(&folder)).is_err() {
        return Ok(Done::skipped("this Python makes no environments (Debian: python3-venv)"));
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
