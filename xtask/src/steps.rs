//! The steps that every command is made of, what each needs, and running them.

use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::workspace::{CARGO_DENY, CARGO_FUZZ, WASM_PACK, Workspace};
use crate::{audit, bench, browser, package, process, python, test, tools, weights};
use std::cell::RefCell;
use std::process::Command;
use std::time::Duration;

/// Something to do, at most once in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    RustComponents,
    WasmTarget,
    WasmBindgen,
    WasmPack,
    CargoFuzz,
    CargoDeny,
    Node,
    NodePackages,
    Chromium,
    Firefox,
    Weights,
    FullWeights,
    OnnxRuntime,
    Package,
    Page,
    Peers,
    BenchPackage,
    Format,
    Lint,
    LintWasm,
    NativeTests,
    Documentation,
    Licences,
    Crates,
    NpmAudit,
    ChromiumTests,
    FirefoxTests,
    Types,
    Style,
    Contents,
    Size,
    PackageTools,
    PackageTests,
    ApiDocs,
    EndToEnd,
    FirefoxEndToEnd,
}

impl Step {
    /// What has to be done before. This is the only place that knows of any order.
    fn needs(self) -> &'static [Step] {
        use Step::*;
        match self {
            RustComponents | WasmTarget | WasmBindgen | WasmPack | Node | Chromium | Firefox => &[],
            NodePackages | Peers | PackageTools | NpmAudit => &[Node],
            CargoFuzz | CargoDeny => &[],
            Weights | FullWeights | OnnxRuntime | Documentation | Licences => &[],
            Crates => &[CargoDeny],
            Package => &[WasmTarget, WasmBindgen, WasmPack, NodePackages],
            BenchPackage => &[WasmTarget, WasmBindgen, WasmPack],
            Page | Types | Contents | Size => &[Package],
            Format | Lint => &[RustComponents],
            LintWasm => &[RustComponents, WasmTarget],
            NativeTests => &[Weights, FullWeights, OnnxRuntime],
            ChromiumTests => &[WasmTarget, WasmBindgen, WasmPack, Chromium, Weights, FullWeights],
            PackageTests => &[Weights, Package, PackageTools, Chromium],
            ApiDocs => &[Package, PackageTools],
            FirefoxTests => &[WasmTarget, WasmBindgen, WasmPack, Firefox, Weights, FullWeights],
            Style => &[NodePackages],
            EndToEnd => &[Weights, Page, Chromium],
            FirefoxEndToEnd => &[Page, Firefox],
        }
    }

    /// What the person sees.
    pub fn title(self, workspace: &Workspace) -> String {
        match self {
            Self::RustComponents => "rustfmt and clippy".into(),
            Self::WasmTarget => format!("Rust target {}", tools::WASM_TARGET),
            Self::WasmBindgen => format!("wasm-bindgen {}", workspace.wasm_bindgen),
            Self::WasmPack => format!("wasm-pack {WASM_PACK}"),
            Self::CargoFuzz => format!("cargo-fuzz {CARGO_FUZZ}"),
            Self::CargoDeny => format!("cargo-deny {CARGO_DENY}"),
            Self::Node => "Node.js".into(),
            Self::NodePackages => "npm packages".into(),
            Self::Chromium => "Chromium and its driver".into(),
            Self::Firefox => "Firefox and its driver".into(),
            Self::Weights => format!("weights of {}", weights::BACKBONE),
            Self::FullWeights => format!("weights of {} as f32, for the tests", weights::BACKBONE),
            Self::OnnxRuntime => "onnxruntime, for the tests".into(),
            Self::Package => "wasm package".into(),
            Self::Page => "page".into(),
            Self::Peers => "npm packages to compare with".into(),
            Self::BenchPackage => "wasm package of the benchmark".into(),
            Self::Format => "cargo fmt".into(),
            Self::Lint => "clippy".into(),
            Self::LintWasm => "clippy for wasm".into(),
            Self::NativeTests => "native tests".into(),
            Self::Documentation => "cargo doc".into(),
            Self::Licences => "licences and sources of the crates".into(),
            Self::Crates => "known faults of the crates".into(),
            Self::NpmAudit => "known faults of the npm packages".into(),
            Self::ChromiumTests => "wasm tests in Chromium".into(),
            Self::FirefoxTests => "wasm tests in Firefox".into(),
            Self::Types => "TypeScript types".into(),
            Self::Style => "prettier".into(),
            Self::Contents => "contents of the package".into(),
            Self::Size => "size of the package".into(),
            Self::PackageTools => "bundlers, for the tests".into(),
            Self::PackageTests => "the package in fresh projects".into(),
            Self::ApiDocs => "documentation of the API".into(),
            Self::EndToEnd => "end-to-end tests".into(),
            Self::FirefoxEndToEnd => "end-to-end tests in Firefox".into(),
        }
    }

    fn run(self, job: &Job) -> Result<Done> {
        match self {
            Self::RustComponents => tools::rust_components(job),
            Self::WasmTarget => tools::wasm_target(job),
            Self::WasmBindgen => tools::wasm_bindgen(job),
            Self::WasmPack => tools::wasm_pack(job),
            Self::CargoFuzz => tools::cargo_fuzz(job),
            Self::CargoDeny => tools::cargo_deny(job),
            Self::Node => tools::node(job),
            Self::NodePackages => tools::node_packages(job),
            Self::Chromium => browser::chromium(job),
            Self::Firefox => browser::firefox(job),
            Self::Weights => weights::weights(job),
            Self::FullWeights => weights::full_weights(job),
            Self::OnnxRuntime => python::onnxruntime(job),
            Self::Package => package::package(job),
            Self::Page => package::page(job),
            Self::Peers => tools::peers(job),
            Self::BenchPackage => bench::package(job),
            Self::Contents => package::contents(job),
            Self::Size => package::size(job),
            Self::Format => test::format(job),
            Self::Lint => test::lint(job),
            Self::LintWasm => test::lint_wasm(job),
            Self::NativeTests => test::native(job),
            Self::Documentation => test::documentation(job),
            Self::Licences => audit::licences(job),
            Self::Crates => audit::crates(job),
            Self::NpmAudit => audit::packages(job),
            Self::ChromiumTests => test::chromium(job),
            Self::FirefoxTests => test::firefox(job),
            Self::Types => test::types(job),
            Self::Style => test::style(job),
            Self::PackageTools => tools::package_tools(job),
            Self::PackageTests => test::package(job),
            Self::ApiDocs => package::api_docs(job),
            Self::EndToEnd => test::end_to_end(job),
            Self::FirefoxEndToEnd => test::firefox_end_to_end(job),
        }
    }
}

/// Everything that is found or installed for building.
pub const SETUP: &[Step] = &[Step::WasmTarget, Step::WasmBindgen, Step::WasmPack, Step::NodePackages];

/// A step that came to a good end.
#[derive(Debug, Default)]
pub struct Done {
    /// A few words for the progress line, such as a size; may be empty.
    pub note: String,
    /// How many tests ran.
    pub tests: u64,
    /// Whether the step had to be left out, for the reason that the note gives.
    pub skipped: bool,
}

impl Done {
    /// Done, and worth a word.
    pub fn note(note: impl Into<String>) -> Self {
        Self { note: note.into(), ..Self::default() }
    }

    /// Left out.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self { note: why.into(), skipped: true, ..Self::default() }
    }

    fn verdict(&self) -> String {
        match (self.skipped, self.note.as_str()) {
            (true, why) => format!("skipped: {why}"),
            (false, "") => "ok".into(),
            (false, note) => format!("ok: {note}"),
        }
    }
}

/// What the steps share.
pub struct Job<'a> {
    pub workspace: &'a Workspace,
    verbose: bool,
    progress: RefCell<Option<Progress>>,
}

impl<'a> Job<'a> {
    pub fn new(workspace: &'a Workspace, verbose: bool) -> Self {
        Self { workspace, verbose, progress: RefCell::new(None) }
    }

    /// Runs a command, with its last line beside the running step's name.
    pub fn run(&self, command: &mut Command) -> Result<String> {
        process::run(command, |line| {
            if let Some(progress) = &*self.progress.borrow() {
                progress.line(line);
            }
        })
    }
}

/// How a step ended.
pub struct Outcome {
    pub step: Step,
    pub result: Result<Done>,
    pub time: Duration,
}

/// The goals and all that they need, each once, everything after what it needs.
pub fn plan(goals: &[Step]) -> Vec<Step> {
    fn visit(step: Step, plan: &mut Vec<Step>) {
        if plan.contains(&step) {
            return;
        }
        for need in step.needs() {
            visit(*need, plan);
        }
        plan.push(step);
    }
    let mut plan = Vec::new();
    for goal in goals {
        visit(*goal, &mut plan);
    }
    plan
}

/// Does everything that the goals need, up to the first failure.
pub fn run_all(job: &Job, goals: &[Step]) -> Result {
    let plan = plan(goals);
    for (index, step) in plan.iter().enumerate() {
        run_one(job, *step, index + 1, plan.len()).result?;
    }
    Ok(())
}

/// Does as much as can be done: a failure stops only the steps that need the failed one. Shows failures as they come.
pub fn run_on(job: &Job, goals: &[Step]) -> Vec<Outcome> {
    let plan = plan(goals);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (index, step) in plan.iter().enumerate() {
        let failed = |need: &&Step| outcomes.iter().any(|outcome| outcome.step == **need && outcome.result.is_err());
        let outcome = match step.needs().iter().find(failed) {
            None => run_one(job, *step, index + 1, plan.len()),
            Some(need) => {
                let [step_title, need_title] = [step, need].map(|step| step.title(job.workspace));
                let failure = Failure::new(format!("not run, because {need_title} failed"));
                eprintln!("[{}/{}] {step_title} … not run: {need_title} failed", index + 1, plan.len());
                outcomes.push(Outcome { step: *step, result: Err(failure), time: Duration::ZERO });
                continue;
            }
        };
        if let Err(failure) = &outcome.result {
            failure.print();
        }
        outcomes.push(outcome);
    }
    outcomes
}

fn run_one(job: &Job, step: Step, position: usize, total: usize) -> Outcome {
    let progress = Progress::start(position, total, &step.title(job.workspace), job.verbose);
    job.progress.replace(Some(progress));
    let result = step.run(job);
    let verdict = result.as_ref().map_or("FAILED".into(), Done::verdict);
    let time = job.progress.take().map_or(Duration::ZERO, |progress| progress.finish(&verdict));
    Outcome { step, result, time }
}

#[cfg(test)]
mod tests {
    use super::{Step, plan};
    use crate::test::Part;

    #[test]
    fn a_plan_has_each_need_once_and_first() {
        let plan = plan(&[Step::EndToEnd, Step::Contents, Step::Page]);
        for (index, step) in plan.iter().enumerate() {
            assert!(step.needs().iter().all(|need| plan[..index].contains(need)), "{step:?} comes too early");
            assert!(!plan[..index].contains(step), "{step:?} comes twice");
        }
    }

    #[test]
    fn the_page_needs_no_download_of_weights() {
        assert!(!plan(&[Step::Page]).contains(&Step::Weights));
        let tested = plan(Part::EndToEnd.goals());
        let at = |step| tested.iter().position(|planned| *planned == step);
        assert!(at(Step::Weights) < at(Step::Package), "the choice between networks is tested as well");
    }

    #[test]
    fn native_tests_need_neither_node_nor_a_browser() {
        let plan = plan(&[Step::Format, Step::Lint, Step::NativeTests]);
        assert!(!plan.contains(&Step::Node) && !plan.contains(&Step::Chromium));
    }
}
