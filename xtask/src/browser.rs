//! The browsers that tests run in.

use crate::failure::{Failure, Result};
use crate::steps::{Done, Job};
use crate::tools;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// What Chromium is called on the search path.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Where its installers put it on systems whose programs are not on the search path.
const PLACES: [&str; 4] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
];

const MISSING: &str = "Chromium (or Chrome) and the chromedriver of the same version are needed for the browser tests: \
                       install both (Debian: apt-get install chromium chromium-driver), then run this again";

/// What Firefox is called, its long-term release first.
const FIREFOX_NAMES: [&str; 2] = ["firefox-esr", "firefox"];

/// Where its installers put it.
const FIREFOX_PLACES: [&str; 2] =
    ["/Applications/Firefox.app/Contents/MacOS/firefox", "C:/Program Files/Mozilla Firefox/firefox.exe"];

/// Finds Chromium and chromedriver, or installs them where that needs no question.
pub fn chromium(job: &Job) -> Result<Done> {
    let installed = || find_chromium(job.workspace).is_some() && chromedriver(job.workspace).is_some();
    if installed() {
        return Ok(Done::note("found"));
    }
    if !may_install(job) {
        return Err(Failure::new(MISSING));
    }
    install(job, &["chromium", "chromium-driver"]).map_err(|failure| failure.because(MISSING))?;
    if installed() { Ok(Done::note("installed")) } else { Err(Failure::new(MISSING)) }
}

/// Finds Firefox and geckodriver, or installs them where that needs no question: its tests are left out without.
pub fn firefox(job: &Job) -> Result<Done> {
    if find_firefox(job.workspace).is_none() {
        if !may_install(job) {
            return Ok(Done::skipped("Firefox is not installed"));
        }
        if install(job, &["firefox-esr"]).is_err() || find_firefox(job.workspace).is_none() {
            return Ok(Done::skipped("this system has no package firefox-esr"));
        }
    }
    if geckodriver(job.workspace).is_some() {
        return Ok(Done::note("found"));
    }
    Ok(tools::geckodriver(job).unwrap_or_else(|failure| Done::skipped(failure.sentence)))
}

/// Chromium's program.
pub fn find_chromium(workspace: &Workspace) -> Option<PathBuf> {
    find(workspace, &NAMES, &PLACES)
}

/// The program that drives Chromium.
pub fn chromedriver(workspace: &Workspace) -> Option<PathBuf> {
    workspace.which("chromedriver")
}

/// Firefox's program.
pub fn find_firefox(workspace: &Workspace) -> Option<PathBuf> {
    find(workspace, &FIREFOX_NAMES, &FIREFOX_PLACES)
}

/// The program that drives Firefox, if Firefox is here as well.
pub fn geckodriver(workspace: &Workspace) -> Option<PathBuf> {
    workspace.which("geckodriver").filter(|_| find_firefox(workspace).is_some())
}

fn find(workspace: &Workspace, names: &[&str], places: &[&str]) -> Option<PathBuf> {
    let installed = places.iter().map(PathBuf::from).find(|place| place.is_file());
    names.iter().find_map(|name| workspace.which(name)).or(installed)
}

/// Whether this is root on a Debian: nobody else's system is changed unasked.
pub fn may_install(job: &Job) -> bool {
    let user = || job.run(job.workspace.command("id", MISSING).ok()?.arg("-u")).ok();
    job.workspace.which("apt-get").is_some() && user().is_some_and(|user| user.trim() == "0")
}

/// Installs packages of Debian.
pub fn install(job: &Job, packages: &[&str]) -> Result {
    for arguments in [&["update"][..], &[&["install", "--yes"], packages].concat()] {
        let mut apt = job.workspace.command("apt-get", MISSING)?;
        job.run(apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
