//! The npm package and the page that is built on it.

use crate::failure::Result;
use crate::steps::{Done, Job};
use crate::tools;
use std::process::Command;

pub const NO_NODE: &str = "Node.js is missing: run `cargo xtask setup`";

/// Compiles the crate into `pkg/` and adds the TypeScript API.
pub fn package(job: &Job) -> Result<Done> {
    wasm(job, ".")?;
    npm_script(job, "package")?;
    Ok(Done::default())
}

/// Compiles the crate in `folder` into its `pkg/`.
pub fn wasm(job: &Job, folder: &str) -> Result {
    let mut wasm_pack = job.workspace.command("wasm-pack", "wasm-pack is missing: run `cargo xtask setup`")?;
    // What wasm-pack would fetch is already here, in the pinned version.
    wasm_pack.args(["build", folder, "--target", "web", "--release", "--mode", "no-install"]);
    job.run(&mut wasm_pack)?;
    Ok(())
}

/// Builds the page into `dist/`.
pub fn page(job: &Job) -> Result<Done> {
    npm_script(job, "build")?;
    Ok(Done::default())
}

/// Looks whether everything that the package promises is in it.
pub fn contents(job: &Job) -> Result<Done> {
    let mut node = job.workspace.command("node", NO_NODE)?;
    let output = job.run(node.args(["xtask/check-package.mjs", "pkg"]))?;
    Ok(Done::note(output.trim()))
}

/// Tells how much a page loads, and fails where that is too much.
pub fn size_command(job: &Job) -> Result<Command> {
    let mut node = job.workspace.command("node", NO_NODE)?;
    node.args(["xtask/size.mjs", "pkg"]);
    Ok(node)
}

/// The same in a test.
pub fn size(job: &Job) -> Result<Done> {
    let output = job.run(&mut size_command(job)?)?;
    Ok(Done::note(output.lines().last().unwrap_or_default()))
}

/// Writes `docs/api.md` and `docs/doodletune.api.md` from the declarations in `pkg/`.
pub fn api_docs(job: &Job) -> Result<Done> {
    let mut node = node_with_tools(job)?;
    job.run(node.arg("tests/package/api-docs.mjs"))?;
    Ok(Done::default())
}

/// Node.js, told where the tools are that the package is tested and documented with.
pub fn node_with_tools(job: &Job) -> Result<Command> {
    let mut node = job.workspace.command("node", NO_NODE)?;
    node.env("DOODLETUNE_PACKAGE_TOOLS", tools::package_tools_folder(job.workspace)?);
    Ok(node)
}

/// Runs a script of package.json and returns what it printed.
pub fn npm_script(job: &Job, name: &str) -> Result<String> {
    job.run(tools::npm(job)?.args(["run", "--silent", name]))
}
