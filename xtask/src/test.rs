//! Everything that has to hold, in parts.

use crate::failure::{Failure, Result};
use crate::progress::clock;
use crate::steps::{self, Done, Job, Outcome, Step};
use crate::{browser, package, python, tools};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// A part of the tests that can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Native,
    Web,
    Package,
    EndToEnd,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Native, Self::Web, Self::Package, Self::EndToEnd];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Web => "web",
            Self::Package => "package",
            Self::EndToEnd => "e2e",
        }
    }

    pub fn goals(self) -> &'static [Step] {
        use Step::*;
        match self {
            Self::Native => &[Format, Lint, LintWasm, NativeTests, Documentation, Licences],
            Self::Web => &[ChromiumTests, FirefoxTests],
            // First of all the weights, so that the package has both networks.
            Self::Package => &[Weights, Package, Contents, Size, PackageTests, Types, Style],
            Self::EndToEnd => &[Weights, Page, EndToEnd, FirefoxEndToEnd],
        }
    }
}

/// Runs the parts and sums them up.
pub fn test(job: &Job, parts: &[Part]) -> ExitCode {
    let goals: Vec<Step> = parts.iter().flat_map(|part| part.goals()).copied().collect();
    let outcomes = steps::run_on(job, &goals);

    println!();
    let setup = |outcome: &&Outcome| !goals.contains(&outcome.step);
    println!("{}", summary(job, "setup", outcomes.iter().filter(setup)));
    for part in Part::ALL.into_iter().filter(|part| parts.contains(part)) {
        let of_part = outcomes.iter().filter(|outcome| part.goals().contains(&outcome.step));
        println!("{}", summary(job, part.name(), of_part));
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    let skipped = outcomes.iter().filter(|outcome| is_skipped(outcome)).count();
    let rest = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    println!("\n{} passed, {failed} failed{rest}", outcomes.len() - failed - skipped);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_skipped(outcome: &Outcome) -> bool {
    outcome.result.as_ref().is_ok_and(|done| done.skipped)
}

/// A line about a part, then one for each of its failures.
fn summary<'a>(job: &Job, name: &str, outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let outcomes: Vec<_> = outcomes.collect();
    let tests: u64 = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok()).map(|done| done.tests).sum();
    let time: Duration = outcomes.iter().map(|outcome| outcome.time).sum();
    let verdict = if outcomes.iter().all(|outcome| outcome.result.is_ok()) { "ok" } else { "FAILED" };
    let tests = if tests > 0 { format!(", {tests} tests") } else { String::new() };
    let mut text = format!("{name:<8} {verdict:<6} {} steps{tests}, {}", outcomes.len(), clock(time));
    for outcome in outcomes {
        if let Err(failure) = &outcome.result {
            text += &format!("\n         {}: {}", outcome.step.title(job.workspace), failure.sentence);
        }
    }
    text
}

/// `cargo fmt`, only looking.
pub fn format(job: &Job) -> Result<Done> {
    job.run(job.workspace.cargo().args(["fmt", "--all", "--check"]))
        .map_err(|failure| failure.because("the formatting differs: run `cargo fmt --all`"))?;
    Ok(Done::default())
}

/// clippy, on all that compiles natively, without GPUs and with them.
pub fn lint(job: &Job) -> Result<Done> {
    for features in [&[][..], &["--features", "doodletune-lab/gpu"]] {
        let mut cargo = job.workspace.cargo();
        cargo.args(["clippy", "--workspace", "--all-targets"]).args(features).args(["--", "-D", "warnings"]);
        job.run(&mut cargo)?;
    }
    Ok(Done::default())
}

/// clippy, on the code that only exists in WebAssembly.
pub fn lint_wasm(job: &Job) -> Result<Done> {
    let mut cargo = job.workspace.cargo();
    cargo.args([
        "clippy",
        "--package",
        "doodletune",
        "--package",
        "doodletune-bench",
        "--all-targets",
        "--target",
        tools::WASM_TARGET,
        "--",
        "-D",
        "warnings",
    ]);
    job.run(&mut cargo)?;
    Ok(Done::default())
}

/// The tests that need no browser.
pub fn native(job: &Job) -> Result<Done> {
    let mut cargo = job.workspace.cargo();
    if let Some(python) = python::find(job.workspace) {
        cargo.env("DOODLETUNE_PYTHON", python);
    }
    run_tests(job, cargo.args(["test", "--workspace"]))
}

/// The documentation, in which a broken link is an error.
pub fn documentation(job: &Job) -> Result<Done> {
    let mut cargo = job.workspace.cargo();
    cargo.args(["doc", "--no-deps", "--package", "doodletune"]).env("RUSTDOCFLAGS", "-D warnings");
    job.run(&mut cargo)?;
    Ok(Done::default())
}

/// `tests/web.rs` in headless Chromium.
pub fn chromium(job: &Job) -> Result<Done> {
    let driver = browser::chromedriver(job.workspace)
        .ok_or_else(|| Failure::new("chromedriver is missing: install the one of your Chromium"))?;
    run_tests(job, wasm_pack_test(job)?.arg("--chrome").arg("--chromedriver").arg(driver).args(ONLY_WEB))
}

/// `tests/web.rs` in headless Firefox, where there is one.
pub fn firefox(job: &Job) -> Result<Done> {
    let Some(driver) = browser::geckodriver(job.workspace) else {
        return Ok(Done::skipped(NO_FIREFOX));
    };
    run_tests(job, wasm_pack_test(job)?.arg("--firefox").arg("--geckodriver").arg(driver).args(ONLY_WEB))
}

const NO_FIREFOX: &str = "Firefox and geckodriver are not both installed";

/// The other tests are native ones, and each would be linked for nothing.
const ONLY_WEB: [&str; 3] = ["--", "--test", "web"];

fn wasm_pack_test(job: &Job) -> Result<Command> {
    let mut wasm_pack = job.workspace.command("wasm-pack", "wasm-pack is missing: run `cargo xtask setup`")?;
    // In release, because that compiled the dependencies for the package already.
    wasm_pack.args(["test", "--headless", "--release", "--mode", "no-install"]);
    Ok(wasm_pack)
}

/// The types of everything under www.
pub fn types(job: &Job) -> Result<Done> {
    package::npm_script(job, "typecheck")?;
    Ok(Done::default())
}

/// The formatting of everything under www.
pub fn style(job: &Job) -> Result<Done> {
    package::npm_script(job, "lint")
        .map_err(|failure| failure.because("the formatting differs: run `npm run format`"))?;
    Ok(Done::default())
}

/// The packed package, used as by somebody who has just installed it.
pub fn package(job: &Job) -> Result<Done> {
    let mut node = package::node_with_tools(job)?;
    if let Some(chromium) = browser::find_chromium(job.workspace) {
        node.env("CHROMIUM", chromium);
    }
    run_tests(job, node.args(["--test", "--test-timeout=1800000", "tests/package/package.test.mjs"]))
}

/// The page, used as a person would.
pub fn end_to_end(job: &Job) -> Result<Done> {
    let run = |files: &[String]| {
        let mut npm = tools::npm(job)?;
        if let Some(chromium) = browser::find_chromium(job.workspace) {
            npm.env("CHROMIUM", chromium);
        }
        run_tests(job, npm.args(["run", "--silent", "e2e", "--"]).args(files))
    };
    run(&[]).or_else(|failure| {
        // A browser on a busy machine may be slower than a test is patient. What is wrong fails again, by itself.
        let files = failed_files(&failure.output);
        if files.is_empty() || files.len() > MOST_AGAIN {
            return Err(failure);
        }
        failure.print();
        run(&files)?;
        let [passed, failed] = [count_tests(&failure.output), failures(&failure.output)];
        let note = format!("{passed} tests, and {failed} more when {} ran again", files.join(", "));
        Ok(Done { note, tests: passed + failed, skipped: false })
    })
}

/// If tests in more files than this fail, it is not for the machine.
const MOST_AGAIN: usize = 3;

/// The files with tests that failed, in the words of Node's runner.
fn failed_files(output: &str) -> Vec<String> {
    let place = |line: &str| {
        let line = line.trim();
        let place = line.strip_prefix("location: '").or_else(|| line.strip_prefix("test at "))?;
        let (path, _) = place.split_once(".test.mjs:")?;
        Some(format!("{}.test.mjs", path.rsplit(['/', '\\']).next()?))
    };
    let mut files: Vec<String> = output.lines().filter_map(place).collect();
    files.sort();
    files.dedup();
    files
}

/// The page in Firefox, where there is one.
pub fn firefox_end_to_end(job: &Job) -> Result<Done> {
    let (Some(firefox), Some(driver)) = (browser::find_firefox(job.workspace), browser::geckodriver(job.workspace))
    else {
        return Ok(Done::skipped(NO_FIREFOX));
    };
    let mut npm = crate::tools::npm(job)?;
    npm.env("FIREFOX", firefox).env("GECKODRIVER", driver);
    run_tests(job, npm.args(["run", "--silent", "e2e:firefox"]))
}

/// Runs a command that runs tests, and is not content with none.
fn run_tests(job: &Job, command: &mut Command) -> Result<Done> {
    let output = job.run(command)?;
    match count_tests(&output) {
        0 => Err(Failure { sentence: "no test ran: look for why they are not found".into(), output }),
        tests => Ok(Done { note: format!("{tests} tests"), tests, skipped: false }),
    }
}

/// How many tests failed, in the words of Node's runner.
fn failures(output: &str) -> u64 {
    let count = |line: &str| line.strip_prefix("# fail ").or_else(|| line.strip_prefix("ℹ fail "))?.parse::<u64>().ok();
    output.lines().filter_map(count).sum()
}

/// How many tests passed, in the words of Rust's runner, of wasm-bindgen's and of Node's.
fn count_tests(output: &str) -> u64 {
    let count = |line: &str| -> Option<u64> {
        let line = line.trim();
        let words = line.strip_prefix("test result: ok. ");
        let number = match words {
            Some(words) => words.split_once(" passed")?.0,
            None => line.strip_prefix("# pass ").or_else(|| line.strip_prefix("ℹ pass "))?,
        };
        number.parse().ok()
    };
    output.lines().filter_map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::{count_tests, failed_files, failures};

    #[test]
    fn files_with_failures_are_found() {
        let output = "ok 1 - a\nnot ok 2 - b\n  location: '/x/tests/e2e/page.test.mjs:127:1'\nnot ok 3 - c\n    location: '/x/tests/e2e/page.test.mjs:9:1'";
        assert_eq!(failed_files(output), ["page.test.mjs"]);
        assert_eq!(failed_files("test at tests/e2e/lab.test.mjs:3:1"), ["lab.test.mjs"]);
        assert_eq!(failures("# pass 3\n# fail 2"), 2);
        assert!(failed_files("ok 1 - a").is_empty());
    }

    #[test]
    fn tests_are_counted_over_runners_and_binaries() {
        let rust =
            "test a ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored\n\ntest result: ok. 0 passed; 0 failed";
        assert_eq!(count_tests(rust), 3);
        assert_eq!(count_tests("# tests 4\n# pass 4\n# fail 0"), 4);
        assert_eq!(count_tests("ℹ tests 4\nℹ pass 4\nℹ fail 0"), 4);
        assert_eq!(count_tests("running 0 tests"), 0);
    }
}
