//! The native command line of the project, through cargo.

use crate::workspace::Workspace;
use std::process::Command;

/// How the lab is compiled.
#[derive(Clone, Copy)]
pub enum Profile {
    /// As the tests are, whose dependencies it shares; those are optimised there too.
    Dev,
    /// For measuring.
    Release,
}

/// `lab`, ready for its arguments.
pub fn command(workspace: &Workspace, profile: Profile) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--package", "doodletune-lab"]);
    if let Profile::Release = profile {
        cargo.arg("--release");
    }
    cargo.arg("--manifest-path").arg(workspace.root.join("Cargo.toml")).arg("--");
    cargo
}
