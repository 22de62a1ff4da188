//! The browsers that tests run in.

use crate::failure::{Failure, Result};
use crate::steps::{Done, Job};
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

const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

const MISSING: &str = "Chromium (or Chrome) and the chromedriver of the same version are needed for the browser tests: \
                       install both (Debian: apt-get install chromium chromium-driver), then run this again";

/// Finds Chromium and chromedriver, or installs them where that needs no question.
pub fn chromium(job: &Job) -> Result<Done> {
    if installed(job.workspace) {
        return Ok(Done::note("found"));
    }
    if !may_install(job) {
        return Err(Failure::new(MISSING));
    }
    for arguments in [&["update"][..], &["install", "--yes", PACKAGES[0], PACKAGES[1]]] {
        let mut apt = job.workspace.command("apt-get", MISSING)?;
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        job.run(&mut apt).map_err(|failure| failure.because(MISSING))?;
    }
    if installed(job.workspace) { Ok(Done::note("installed")) } else { Err(Failure::new(MISSING)) }
}

fn installed(workspace: &Workspace) -> bool {
    find_chromium(workspace).is_some() && chromedriver(workspace).is_some()
}

/// The browser's program.
pub fn find_chromium(workspace: &Workspace) -> Option<PathBuf> {
    let places = PLACES.into_iter().map(PathBuf::from).find(|place| place.is_file());
    NAMES.into_iter().find_map(|name| workspace.which(name)).or(places)
}

/// The program that drives Chromium.
pub fn chromedriver(workspace: &Workspace) -> Option<PathBuf> {
    workspace.which("chromedriver")
}

/// The program that drives Firefox, if Firefox is here as well.
pub fn geckodriver(workspace: &Workspace) -> Option<PathBuf> {
    let firefox = "/Applications/Firefox.app/Contents/MacOS/firefox";
    let places = [firefox, "C:/Program Files/Mozilla Firefox/firefox.exe"];
    let here = ["firefox", "firefox-esr"].into_iter().any(|name| workspace.which(name).is_some())
        || places.into_iter().any(|place| PathBuf::from(place).is_file());
    workspace.which("geckodriver").filter(|_| here)
}

/// Whether this is root on a Debian: nobody else's system is changed unasked.
fn may_install(job: &Job) -> bool {
    let user = || job.run(job.workspace.command("id", MISSING).ok()?.arg("-u")).ok();
    job.workspace.which("apt-get").is_some() && user().is_some_and(|user| user.trim() == "0")
}
