//! `cargo xtask`: sets up, builds, serves and tests doodletune on a machine that has Rust and Node.
//!
//! It depends on nothing but the standard library, so that it compiles in seconds on a fresh machine. Every
//! command is a list of [`steps::Step`]s; a step names what it needs, and the plan follows from that.

mod args;
mod audit;
mod bench;
mod browser;
mod endurance;
mod failure;
mod fuzz;
mod lab;
mod package;
mod process;
mod progress;
mod python;
mod serve;
mod steps;
mod test;
mod tools;
mod weights;
mod workspace;

use args::{Action, Invocation};
use failure::Result;
use std::process::ExitCode;
use steps::{Job, Step};
use workspace::Workspace;

fn main() -> ExitCode {
    let invocation = match args::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    match run(invocation) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}

fn run(Invocation { action, verbose }: Invocation) -> Result<ExitCode> {
    if let Action::Help = action {
        print!("{}", args::help());
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    let job = Job::new(&workspace, verbose);
    match action {
        Action::Help => {}
        Action::Setup => steps::run_all(&job, steps::SETUP)?,
        Action::Weights { force } => {
            if force {
                weights::forget(&workspace)?;
            }
            // The f32 copy is for the tests, which ask for this command where it is missing.
            steps::run_all(&job, &[Step::Weights, Step::FullWeights])?;
        }
        Action::Package => steps::run_all(&job, &[Step::Package])?,
        Action::Size => {
            steps::run_all(&job, &[Step::Package])?;
            return process::replace(&mut package::size_command(&job)?);
        }
        Action::Docs => steps::run_all(&job, &[Step::ApiDocs])?,
        Action::Serve { port, host } => serve::serve(&job, port, host)?,
        Action::Test { parts } => return Ok(test::test(&job, &parts)),
        Action::Bench { arguments } => return bench::bench(&job, &arguments),
        Action::Fuzz { target, seconds } => fuzz::fuzz(&job, target.as_deref(), seconds)?,
        Action::Audit => steps::run_all(&job, &[Step::CargoDeny, Step::Licences, Step::Crates, Step::NpmAudit])?,
        Action::Endure { script, arguments } => return endurance::run(&job, script, &arguments),
        Action::Lab { command, arguments } => {
            let mut lab = lab::command(&workspace, lab::Profile::Release);
            // The person's paths are relative to where the person is.
            return process::replace(lab.current_dir(".").arg(command).args(arguments));
        }
    }
    Ok(ExitCode::SUCCESS)
}
