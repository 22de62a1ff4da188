//! The tools that building and testing need: found where they are, installed where that is possible.

use crate::failure::{Context, Failure, Result};
use crate::steps::{Done, Job};
use crate::workspace::{CARGO_DENY, CARGO_FUZZ, GECKODRIVER, WASM_PACK, Workspace};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The target that the package is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Whether Vite runs on that Node.js: 20.19, or 22.12 or newer.
fn is_recent(version: (u32, u32)) -> bool {
    ((20, 19)..(21, 0)).contains(&version) || version >= (22, 12)
}

const NO_NODE: &str = "Node.js with npm is missing: install Node.js 22.12 or newer, then run this again";

/// `rustfmt` and `clippy`.
pub fn rust_components(job: &Job) -> Result<Done> {
    let missing: Vec<_> = [("rustfmt", "fmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(_, command)| job.run(job.workspace.cargo().args([command, "--version"])).is_err())
        .map(|(component, _)| component)
        .collect();
    if missing.is_empty() {
        return Ok(Done::note("found"));
    }
    let names = missing.join(" and ");
    rustup(job, &["component", "add"], &missing, &names)?;
    Ok(Done::note(format!("added {names}")))
}

/// The standard library for WebAssembly.
pub fn wasm_target(job: &Job) -> Result<Done> {
    // Asks the compiler and not rustup: the target may come from a distribution's package.
    let mut rustc =
        job.workspace.command("rustc", "rustc is missing: install Rust with rustup, then run this again")?;
    let libraries = job.run(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if libraries.is_ok_and(|folder| fs::read_dir(folder.trim()).is_ok_and(|mut files| files.next().is_some())) {
        return Ok(Done::note("found"));
    }
    rustup(job, &["target", "add"], &[WASM_TARGET], &format!("the target {WASM_TARGET}"))?;
    Ok(Done::note("added"))
}

fn rustup(job: &Job, command: &[&str], names: &[&str], what: &str) -> Result {
    let missing = format!("{what} of Rust is missing and there is no rustup to add it: install it as your Rust came");
    let mut rustup = job.workspace.command("rustup", &missing)?;
    job.run(rustup.args(command).args(names)).map_err(|failure| {
        let command = [command, names].concat().join(" ");
        failure.because(format!("rustup could not add {what}: check the network, or run `rustup {command}` by hand"))
    })?;
    Ok(())
}

/// The command line of wasm-bindgen, which refuses modules that another version of its crate wrote.
pub fn wasm_bindgen(job: &Job) -> Result<Done> {
    cargo_tool(job, "wasm-bindgen-cli", "wasm-bindgen", &job.workspace.wasm_bindgen)
}

/// wasm-pack, pinned so that every machine builds the package alike.
pub fn wasm_pack(job: &Job) -> Result<Done> {
    cargo_tool(job, "wasm-pack", "wasm-pack", WASM_PACK)
}

/// geckodriver, of which there is no package on Debian.
pub fn geckodriver(job: &Job) -> Result<Done> {
    cargo_tool(job, "geckodriver", "geckodriver", GECKODRIVER)
}

/// What runs the fuzz targets.
pub fn cargo_fuzz(job: &Job) -> Result<Done> {
    cargo_tool(job, "cargo-fuzz", "cargo-fuzz", CARGO_FUZZ)
}

/// What looks at licences and known faults.
pub fn cargo_deny(job: &Job) -> Result<Done> {
    cargo_tool(job, "cargo-deny", "cargo-deny", CARGO_DENY)
}

/// Finds `program` in the right version, or installs its crate into the cache.
fn cargo_tool(job: &Job, krate: &str, program: &str, version: &str) -> Result<Done> {
    if version_of(job, program).as_deref() == Some(version) {
        return Ok(Done::note("found"));
    }
    let install = |locked: &[&str]| {
        let mut cargo = job.workspace.cargo();
        // Tools have dependencies in common, and whoever is interrupted goes on where he was.
        cargo.env("CARGO_TARGET_DIR", job.workspace.cache.join("tools/build")).current_dir(env::temp_dir());
        cargo.args(["install", krate, "--version", version, "--force"]).args(locked);
        cargo.arg("--root").arg(job.workspace.tool_root(krate, version));
        job.run(&mut cargo)
    };
    // The crate's own lock file first. It may name a version that an index does not have, or no longer has.
    install(&["--locked"]).or_else(|_| install(&[])).map_err(|failure| {
        failure.because(format!(
            "{krate} {version} could not be installed: check the network, or run `cargo install {krate} --version {version}` by hand"
        ))
    })?;
    Ok(Done::note("installed"))
}

/// The version that `program --version` states.
fn version_of(job: &Job, program: &str) -> Option<String> {
    let output = job.run(job.workspace.command(program, "").ok()?.arg("--version")).ok()?;
    output.split_whitespace().nth(1).map(str::to_owned)
}

/// Node.js, recent enough.
pub fn node(job: &Job) -> Result<Done> {
    let output = job.run(job.workspace.command("node", NO_NODE)?.arg("--version"))?;
    let version = output.trim();
    match node_version(version) {
        Some(found) if is_recent(found) => Ok(Done::note(version)),
        _ => Err(Failure::new(format!(
            "Node.js {version} is too old: install 20.19, or 22.12 or newer, then run this again"
        ))),
    }
}

/// `v20.19.1` as (20, 19).
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The packages of package-lock.json, exactly.
pub fn node_packages(job: &Job) -> Result<Done> {
    install(job, &job.workspace.root)
}

/// What the benchmark compares with: the packages of bench/package-lock.json, exactly.
pub fn peers(job: &Job) -> Result<Done> {
    install(job, &job.workspace.root.join("bench"))
}

fn install(job: &Job, folder: &Path) -> Result<Done> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).context(format_args!("read {}", lock.display()))?;
    // npm keeps no copy of the lock file that could be compared; we do, written last.
    let stamp = folder.join("node_modules").join(".installed-package-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Done::note("up to date"));
    }
    let mut npm = npm(job)?;
    job.run(npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund"])).map_err(|failure| {
        failure.because("npm could not install the packages of package-lock.json: check the network and run this again")
    })?;
    fs::write(&stamp, wanted).context(format_args!("write {}", stamp.display()))?;
    Ok(Done::note("installed"))
}

/// The bundlers and checkers that the tests of the package need, exactly those of their lock file.
pub fn package_tools(job: &Job) -> Result<Done> {
    let folder = package_tools_folder(job.workspace)?;
    let stamp = folder.join("installed");
    if stamp.exists() {
        return Ok(Done::note("up to date"));
    }
    fs::create_dir_all(&folder).context(format_args!("make {}", folder.display()))?;
    for name in ["package.json", "package-lock.json"] {
        let from = job.workspace.root.join("tests/package").join(name);
        fs::copy(from, folder.join(name)).context(format_args!("write {}", folder.display()))?;
    }
    job.run(npm(job)?.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"])).map_err(|failure| {
        failure.because("npm could not install the bundlers for the tests: check the network and run this again")
    })?;
    // Only now, so that what is there is whole.
    fs::write(stamp, "").context(format_args!("write {}", folder.display()))?;
    Ok(Done::note("installed"))
}

/// Where they are: in the cache, one folder per lock file, so that two checkouts never fight over it.
pub fn package_tools_folder(workspace: &Workspace) -> Result<PathBuf> {
    let lock =
        fs::read(workspace.root.join("tests/package/package-lock.json")).context("read the lock of the tests")?;
    let mut hasher = DefaultHasher::new();
    lock.hash(&mut hasher);
    Ok(workspace.tool_root("package-tests", &format!("{:016x}", hasher.finish())))
}

/// npm, in the root of the checkout.
pub fn npm(job: &Job) -> Result<std::process::Command> {
    job.workspace.command("npm", NO_NODE)
}

#[cfg(test)]
mod tests {
    use super::{is_recent, node_version};

    #[test]
    fn node_versions_compare_as_numbers() {
        for (version, recent) in
            [("v20.9.0", false), ("v20.19.0", true), ("v21.7.3", false), ("v22.12.0", true), ("v100.0.0-nightly", true)]
        {
            assert_eq!(is_recent(node_version(version).unwrap()), recent, "{version}");
        }
        assert_eq!(node_version("20.19.0"), None);
    }
}
