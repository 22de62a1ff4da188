//! Where things are: the checkout, the cache outside of it, and the programs.

use crate::failure::{Context, Failure, Result};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of wasm-pack that the project is built with.
pub const WASM_PACK: &str = "0.15.1";

/// The version of geckodriver that is installed where there is none.
pub const GECKODRIVER: &str = "0.37.1";
/// The version of cargo-fuzz that the fuzz targets are run with.
pub const CARGO_FUZZ: &str = "0.13.2";

/// The version of cargo-deny that judges the dependencies.
pub const CARGO_DENY: &str = "0.20.2";

/// The checkout and what surrounds it.
pub struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub root: PathBuf,
    /// Tools and downloads that outlive a checkout.
    pub cache: PathBuf,
    /// The version of the wasm-bindgen crate, which its command line has to equal.
    pub wasm_bindgen: String,
    /// The search path of child processes: our tools, then the user's.
    search: Vec<PathBuf>,
}

impl Workspace {
    /// The workspace that `cargo xtask` was called in.
    pub fn find() -> Result<Self> {
        // Asked at run time, not with `env!`: a target folder may be shared by several checkouts.
        let root = env::var_os("CARGO_MANIFEST_DIR")
            .and_then(|xtask| Some(Path::new(&xtask).parent()?.to_owned()))
            .ok_or_else(|| Failure::new("xtask runs only through cargo: type `cargo xtask …` in the checkout"))?;
        let cache = cache_folder()?.join("doodletune");
        let lock = fs::read_to_string(root.join("Cargo.lock")).context("read Cargo.lock")?;
        let wasm_bindgen = locked_version(&lock, "wasm-bindgen")
            .ok_or_else(|| Failure::new("Cargo.lock names no wasm-bindgen: restore it from the repository"))?
            .to_owned();
        let mut workspace = Self { root, cache, wasm_bindgen, search: Vec::new() };
        let tools = [
            ("wasm-bindgen-cli", workspace.wasm_bindgen.as_str()),
            ("wasm-pack", WASM_PACK),
            ("geckodriver", GECKODRIVER),
            ("cargo-fuzz", CARGO_FUZZ),
            ("cargo-deny", CARGO_DENY),
        ];
        workspace.search = tools
            .map(|(name, version)| workspace.tool_root(name, version).join("bin"))
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default()))
            .collect();
        Ok(workspace)
    }

    /// Where a tool of ours is installed: one folder per version, so that two checkouts never fight over it.
    pub fn tool_root(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join("tools").join(format!("{name}-{version}"))
    }

    /// A program by name, if the search path has it.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        // On Windows npm is a `.cmd`, which is only found when its extension is spelt out.
        let extensions: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        self.search
            .iter()
            .flat_map(|folder| extensions.iter().map(move |extension| folder.join(format!("{name}{extension}"))))
            .find(|file| file.is_file())
    }

    /// A command in the root of the checkout that finds our tools first; `missing` says what to do without it.
    pub fn command(&self, name: &str, missing: &str) -> Result<Command> {
        self.which(name).map(|program| self.command_at(program)).ok_or_else(|| Failure::new(missing))
    }

    /// The same for a program whose place is known.
    pub fn command_at(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        // `join_paths` fails only on an entry that holds the separator, and ours come from splitting at it; the cache
        // folder may hold one, and then the user's own path is the best there is.
        if let Ok(search) = env::join_paths(&self.search) {
            command.env("PATH", search);
        }
        // They would take the place of .cargo/config.toml's, and vector instructions with them.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs us.
    pub fn cargo(&self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        self.command_at(PathBuf::from(cargo))
    }
}

/// The user's cache folder, by each system's own rule.
fn cache_folder() -> Result<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CACHE_HOME")
        .or_else(|| if cfg!(windows) { folder("LOCALAPPDATA") } else { folder("HOME").map(|home| home.join(".cache")) })
        .ok_or_else(|| Failure::new("there is no cache folder: set XDG_CACHE_HOME to one that can be written"))
}

/// The version of a package in the text of a Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let entry = lock.split("[[package]]").find(|entry| value(entry, "name") == Some(package))?;
    value(entry, "version")
}

/// The string value of `key = "value"` among the lines of `entry`.
fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen-futures"
version = "0.4.80"
dependencies = [
 "wasm-bindgen",
]

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "registry"
"#;

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(LOCK, "wasm-bindgen-futures"), Some("0.4.80"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn windows_line_ends_do_not_matter() {
        assert_eq!(locked_version(&LOCK.replace('\n', "\r\n"), "wasm-bindgen"), Some("0.2.130"));
    }
}
